"""The journeys that are under way, carried on by two revisions from the same histories: does the new one break any, and
what would change for a customer?

A journey *breaks* when the new code goes another way than its history, or fails. It *changes* when what lies ahead of
it differs; what lies behind was sent and stays as it was. Nothing lies ahead of a journey that has ended: of it is
compared what each revision asks for on the way, for the sake of those that will go the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from doorstep.errors import BadInput, SetupError, Unreadable, nearest
from doorstep.rehearsal.comparing import Change, Difference, Item, compared
from doorstep.verifying.journeys import Recorded
from doorstep.verifying.origins import Origins
from doorstep.verifying.side import Pair
from doorstep.verifying.steadiness import SEEDS, Sample, seeds_for, unsteady
from doorstep.verifying.wholeness import Unread

MENDED = "mended"
"""The old revision cannot carry it on, the new one can."""
KINDS = (*(c.value for c in Change), MENDED)
Progress = Callable[[str], None]


class Verdict(StrEnum):
    """What became of one journey."""

    SAME = "same"
    BREAKS = "breaks"
    CHANGES = "changes"
    MENDED = "mended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaks:
    """Where and why. `file` relative to the revision's root; empty and 0 where it is not known."""

    what: str
    file: str
    line: int
    at: str | None
    already: bool
    """The old revision breaks it too."""
    old: bool = False
    """The line is the old revision's: the new one says nothing there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """One journey. `behind`: differences in what lies behind it, which change nothing for it. `allowed`: every
    difference is one that was allowed. `zone`: the customer's, whose clock differences are told by."""

    id: str
    type: str
    step: str
    verdict: Verdict
    zone: str = "UTC"
    breaks: Breaks | None = None
    differences: tuple[Difference, ...] = ()
    behind: tuple[Difference, ...] = ()
    allowed: bool = True
    resumed: bool = False
    """It was paused, and is compared as it goes on when it is resumed where its history ends."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """`moved` or `moved:review-request`: a kind of change that is meant, of one step or of all."""

    kind: str
    step: str = ""

    @classmethod
    def read(cls, text: str) -> Allowed:
        """Raises `BadInput` offering the nearest kind; and for a step that is left empty, which would allow all."""
        kind, named, step = text.partition(":")
        if kind not in KINDS:
            raise BadInput(
                f"'{kind}' is no kind of change.{nearest(kind, KINDS)}",
                mend=f"Allow {', '.join(KINDS)}, alone or of one step: moved:review-request.",
            )
        if named and not step:
            raise BadInput(
                f"'{text}' names no step.",
                mend=f"Name it, or allow '{kind}' alone: then it is meant of all steps.",
            )
        if step and kind == MENDED:
            raise BadInput(f"'{text}': a journey is mended, not a step.", mend=f"Allow '{MENDED}' alone.")
        return cls(kind, step)

    def covers(self, kind: str, step: str) -> bool:
        """Whether a change of that kind, of that step, is meant."""
        return self.kind == kind and self.step in ("", step)


@dataclass(slots=True)
class Verification:
    """All journeys. `assumption`: under which they were carried on; `steps`: every step that was seen; `again`: how
    many were carried on in the sandbox and under the other hash seeds too; `unread`: histories of which nothing can be
    said; `origins`: the code that each ran; `allow`: which changes are meant."""

    base: str
    head: str
    assumption: str
    allow: tuple[Allowed, ...] = ()
    journeys: list[Verified] = field(default_factory=list)
    steps: set[str] = field(default_factory=set)
    again: int = 0
    unread: list[Unread] = field(default_factory=list)
    origins: list[Origins] = field(default_factory=list)

    def meant(self, difference: Difference) -> bool:
        """Whether it is a change that is allowed."""
        return _meant(difference, self.allow)

    def of(self, verdict: Verdict) -> list[Verified]:
        """The journeys with that verdict."""
        return [j for j in self.journeys if j.verdict is verdict]

    @property
    def differs(self) -> bool:
        """Something breaks, or changes in a way that was not allowed."""
        return bool(self.of(Verdict.BREAKS)) or not all(j.allowed for j in self.journeys)

    @property
    def passed(self) -> bool:
        """Nothing breaks, nothing changes that was not allowed, and every history could be read."""
        return not self.differs and not self.unread

    def summary(self) -> dict[tuple[str, str], Counter[str]]:
        """(version, step) → verdict → how many journeys."""
        found: dict[tuple[str, str], Counter[str]] = {}
        for one in sorted(self.journeys, key=lambda j: (j.type, j.step)):
            found.setdefault((one.type, one.step), Counter())[one.verdict.value] += 1
        return found


def verify(
    pair: Pair,
    journeys: Iterable[Recorded | Unread],
    total: int,
    assumption: str,
    allowed: Iterable[Allowed] = (),
    progress: Progress = lambda line: None,
    seeds: int = SEEDS,
) -> Verification:
    """Every journey on both. `assumption`: a value of `rehearsal.plan.Assumption`; `seeds`: under how many other hash
    seeds some of them are carried on too (0: none, and not in the sandbox). Raises `BadInput` for an allowed
    step that no journey has, `Unreadable` when no history can be read, and `SetupError` when a revision's process
    ends."""
    allowed = tuple(allowed)
    done = Verification(pair.old.revision.name, pair.new.revision.name, assumption, allowed)
    done.origins = [pair.old.origins, pair.new.origins]
    roots = (pair.old.revision.root, pair.new.revision.root)
    sample = Sample()
    for n, one in enumerate(journeys, start=1):
        if isinstance(one, Unread):
            done.unread.append(one)
            continue
        progress(f"Journey {n} of {total}: {one.type}, {one.step}")
        before, after = _carried(pair, one, assumption)
        if "error" in before and after.get("unreadable"):  # to the new one alone it is a difference
            done.unread.append(Unread(one.id, Unreadable(str(after["error"]))))
            continue
        sample.offer(one, after)
        done.journeys.append(verified(one, before, after, allowed, roots))
        done.steps |= {item["name"].partition(":")[0] for a in (before, after) for item in _items(a)}
    if done.unread and not done.journeys:
        raise done.unread[0].alone()
    for wrong in [a for a in allowed if a.step and a.step not in done.steps]:
        raise BadInput(
            f"No journey has a step '{wrong.step}'.{nearest(wrong.step, done.steps)}",
            mend="Name the step of a change that was found, or leave the step out.",
        )
    if seeds and pair.new.tells_commands:
        _carried_again(pair, sample, done, seeds, progress)
    return done


def _carried(pair: Pair, one: Recorded, assumption: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both answers of one journey, the new one's with the place of a command that only the old revision gives."""
    question = {"ask": "carry", "id": one.id, "history": one.history, "assume": assumption, **pair.asking}
    try:
        before, after = pair.ask(question)
        if _silent(before, after):
            recorded = after["broken"]["recorded"]
            place = pair.old.ask({**question, "ask": "where", "recorded": recorded})
            after["broken"] |= {**place, "old": bool(place.get("file"))}
    except SetupError as error:  # its process is gone, and what ended it is known by the journey alone
        raise SetupError(f"{error.what} That was at {one.id}.", mend=error.mend) from error
    return before, after


def _carried_again(pair: Pair, sample: Sample, done: Verification, seeds: int, progress: Progress) -> None:
    """What another process would say otherwise breaks a journey, whatever this one said."""
    done.again = len(sample.kept)
    roots = (pair.old.revision.root, pair.new.revision.root)
    chosen = seeds_for(pair.new.revision, pair.new.packages, done.steps, seeds)
    found = unsteady(pair, pair.new, sample, chosen, done.assumption, progress)
    before = unsteady(pair, pair.old, sample.only(found), chosen, done.assumption, progress)
    for n, one in enumerate(done.journeys):
        if one.id in found:
            broken = _where(found[one.id], roots)
            already = one.id in before or (one.breaks is not None and one.breaks.already)
            done.journeys[n] = replace(
                one,
                verdict=Verdict.BREAKS,
                breaks=Breaks(**broken, already=already),
                differences=(),
                allowed=True,
            )


def _items(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*answer.get("past", ()), *answer.get("ahead", ())]


def verified(
    one: Recorded,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    allowed: tuple[Allowed, ...] = (),
    roots: tuple[Path, Path] = (Path("/"), Path("/")),
) -> Verified:
    """One journey, of what both sides answered. `roots`: where their files are."""
    told: dict[str, Any] = {"id": one.id, "type": one.type, "step": one.step}
    old_broken, new_broken = _broken(before), _broken(after)
    if new_broken is not None:
        broken = Breaks(**_where(new_broken, roots), already=old_broken is not None)
        return Verified(**told, verdict=Verdict.BREAKS, breaks=broken)
    if old_broken is not None:
        meant = any(a.kind == MENDED for a in allowed)
        broken = Breaks(**_where(old_broken, roots[:1] * 2), already=True)
        return Verified(**told, verdict=Verdict.MENDED, breaks=broken, allowed=meant)
    behind = _compared(before, after, "past")
    ahead = behind if after["ended"] else _compared(before, after, "ahead")
    return Verified(
        **told,
        verdict=Verdict.CHANGES if ahead else Verdict.SAME,
        zone=after.get("zone") or before.get("zone") or "UTC",
        differences=tuple(ahead),
        behind=() if after["ended"] else tuple(behind),
        allowed=all(_meant(d, allowed) for d in ahead),
        resumed=bool(after.get("resumed")),
    )


def _meant(difference: Difference, allowed: tuple[Allowed, ...]) -> bool:
    return any(a.covers(difference.change.value, difference.item.step) for a in allowed)


def _broken(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    if "error" in answer:
        return {"what": str(answer["error"]), "file": "", "line": 0, "at": None}
    found: dict[str, Any] | None = answer["broken"]
    return found


def _where(broken: Mapping[str, Any], roots: tuple[Path, ...]) -> dict[str, Any]:
    """As `Breaks` takes it, its file relative to the root of the revision whose it is: the new one's, but where it says
    that it is the old one's."""
    told = {k: v for k, v in broken.items() if k != "recorded"}
    return told | {"file": _relative(str(broken["file"]), roots[0 if broken.get("old") else 1])}


def _silent(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """The new revision does not give a command that was recorded, so only the old one knows the line."""
    broken = after.get("broken") or {}
    follows = "error" not in before and before.get("broken") is None
    return follows and bool(broken.get("recorded")) and not broken.get("file")


def _relative(file: str, root: Path) -> str:
    path = Path(file)
    return str(path.relative_to(root)) if file and path.is_relative_to(root) else file


def _compared(before: Mapping[str, Any], after: Mapping[str, Any], part: str) -> list[Difference]:
    return compared([Item.read(i) for i in before[part]], [Item.read(i) for i in after[part]])
