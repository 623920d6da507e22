"""What two revisions of a journey would do, thing by thing, and how that differs. Plain data: it crosses from a process
that runs one revision to the one that compares.

What counts is what reaches the customer: a touch that one sends and the other does not is gained or lost, whatever
else became of it; one that both send may have moved or say other words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from doorstep.rehearsal.timeline import Kind, Timeline, Touch
from doorstep.rehearsal.words import lasting

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?(:[a-z2-7]{10}\b)?)?")
"""Of an occurrence: the day of what it is about, or the moment and the digest of a fact without a name of its own."""


class Change(StrEnum):
    """How something differs."""

    GAINED = "gained"
    LOST = "lost"
    MOVED = "moved"
    REWORDED = "re-worded"
    CHANGED = "changed"
    """Anything else: another reason for not sending, another channel or priority, another end, other points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that happens. `kind`: `touch`, `case` (for support), `points`, `advice`, `phase`, `wait`, `end` or
    `problem`; `name`: the step, the case's reason, what is waited for …, with its occurrence; `key` tells it from every
    other of the same scenario or journey. `at`: when, of a wait until when, aware UTC. `said`: a digest of the words;
    `told`: what else must be the same, in words, each part behind a comma."""

    key: str
    kind: str
    name: str
    at: datetime
    done: bool
    """A touch that is sent; other things that happen at all."""
    outcome: str = ""
    said: str = ""
    told: str = ""

    def as_json(self) -> dict[str, Any]:
        """JSON values; `read` makes the same item of them."""
        # `asdict` copies deeply: thrice the time of an instant's text, for every item of every journey verified
        return {name: getattr(self, name) for name in self.__slots__} | {"at": self.at.isoformat()}

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        """An item of what `as_json` made."""
        return cls(**{**told, "at": datetime.fromisoformat(told["at"])})

    @property
    def step(self) -> str:
        """The name without its occurrence."""
        return self.name.partition(":")[0]

    @property
    def order(self) -> str:
        """The scenario's name of the order it is about, which the key begins with; empty where there is none."""
        order, about, _ = self.key.partition(f" {self.kind} ")
        return order if about else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One way in which one thing differs; `old` or `new` is None where it does not happen at all."""

    change: Change
    old: Item | None
    new: Item | None

    @property
    def item(self) -> Item:
        """The thing, as new as there is."""
        found = self.new or self.old
        assert found is not None
        return found

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "change": self.change.value,
            "kind": self.item.kind,
            "name": self.item.name,
            "old": None if self.old is None else self.old.as_json(),
            "new": None if self.new is None else self.new.as_json(),
        }


def compared(old: Iterable[Item], new: Iterable[Item]) -> list[Difference]:
    """Every difference, by when it comes."""
    before, after = {i.key: i for i in old}, {i.key: i for i in new}
    for theirs, mine in _moved_along(before, after).items():
        after[mine] = after.pop(theirs)
    found = [d for key in {**before, **after} for d in _differences(before.get(key), after.get(key))]
    found = list(_once(found))
    return sorted(found, key=lambda d: ((d.old or d.item).at, d.item.key, d.change))


def _once(found: list[Difference]) -> Iterable[Difference]:
    """Without a wait that moved as far as what comes at its end, which says it."""
    moved = {_ways(d) for d in found if d.change is Change.MOVED and d.item.kind != "wait"}
    return (
        d for d in found if d.item.kind != "wait" or d.change is not Change.MOVED or _ways(d) not in moved
    )


def _ways(found: Difference) -> tuple[datetime | None, datetime | None]:
    return found.old.at if found.old else None, found.new.at if found.new else None


def _moved_along(before: Mapping[str, Item], after: Mapping[str, Item]) -> dict[str, str]:
    """New key → old key of touches about one thing that happens at another moment: the moment is part of the key. Of
    several the first goes with the first."""
    left: dict[str, list[str]] = {}
    for key in _alone(before, after):
        left.setdefault(_MOMENT.sub("…", key), []).append(key)
    found = {}
    for key in _alone(after, before):
        if olds := left.get(_MOMENT.sub("…", key)):
            found[key] = olds.pop(0)
    return found


def _alone(items: Mapping[str, Item], others: Mapping[str, Item]) -> list[str]:
    """The touches that the others do not have, by when they come."""
    touches = [item for key, item in items.items() if item.kind == "touch" and key not in others]
    return [item.key for item in sorted(touches, key=lambda item: (item.at, item.key))]


def _differences(old: Item | None, new: Item | None) -> Iterable[Difference]:
    if not (old and old.done) and new and new.done:
        yield Difference(change=Change.GAINED, old=old, new=new)
    elif old and old.done and not (new and new.done):
        yield Difference(change=Change.LOST, old=old, new=new)
    elif old is None or new is None:
        yield Difference(change=Change.CHANGED, old=old, new=new)
    else:
        if old.done and old.at != new.at:
            yield Difference(change=Change.MOVED, old=old, new=new)
        if old.said != new.said:
            yield Difference(change=Change.REWORDED, old=old, new=new)
        if (old.outcome, old.told) != (new.outcome, new.told):
            yield Difference(change=Change.CHANGED, old=old, new=new)


# --- a timeline as things ---------------------------------------------------------------------------------

_KINDS = {Kind.TICKET: "case", Kind.POINTS: "points", Kind.END: "end"}


def items_of(timeline: Timeline, *, closely: bool = True) -> list[Item]:
    """Everything a played scenario comes to: its touches, cases, points and ends, and what must be mended. `closely`:
    with when points become usable."""
    found = [_touch(t) for t in timeline.touches]
    seen: Counter[str] = Counter()
    for event in timeline.events:
        kind = _KINDS.get(event.kind)
        if kind is None:
            continue
        name = {"points": event.detail, "end": "the end"}.get(kind, event.what)
        told = {"points": event.what, "case": event.detail}.get(kind, "")
        if closely and kind == "points":
            told = points_told(told, event.at, event.usable_at)
        key = f"{event.order} {kind} {name}"
        seen[key] += 1
        found.append(
            Item(
                key=f"{key} {seen[key]}",
                kind=kind,
                name=name,
                at=event.at,
                done=True,
                outcome=event.what if kind == "end" else "",
                told=told,
            )
        )
    found += [
        Item(key=f"problem {text}", kind="problem", name=text, at=timeline.ends_at, done=True)
        for text in timeline.problems
    ]
    return found


def points_told(moved: str, at: datetime, usable_at: datetime | None) -> str:
    """`+45, usable after 30 days`."""
    if usable_at is None or usable_at <= at:
        return moved
    return f"{moved}, usable after {lasting(usable_at - at, 4)}"


def _touch(touch: Touch) -> Item:
    return Item(
        key=f"{touch.order} touch {touch.name}",
        kind="touch",
        name=touch.name,
        at=touch.at,
        done=touch.sent,
        outcome=outcome(touch.outcome, touch.reason),
        said=touch.body_digest or touch.template_digest if touch.sent else "",
        told=f"{touch.purpose} {touch.channel if touch.sent else ''}".strip(),
    )


def outcome(kind: str, reason: str) -> str:
    """`skipped (stale)`, or the kind alone."""
    return f"{kind} ({reason})" if reason else kind
