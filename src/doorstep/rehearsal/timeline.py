"""A timeline: what became of every touch, and what happened in between. Plain frozen data with a stable JSON form,
so that two can be compared (`==`, `diff`), kept and read again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from doorstep.domain.outcomes import RuleTrace, Verdict
from doorstep.domain.values import value


@value(frozen=True, slots=True, kw_only=True)
class Deferral:
    """Asked at `at`, told to ask again at `until` (aware UTC). `reason` may be empty: the provider asked to wait."""

    at: datetime
    until: datetime
    reason: str


@value(frozen=True, slots=True, kw_only=True)
class Touch:
    """One touch, as the ledger ended it. `at`: when it was sent, or decided not to be (aware UTC). `order` is the
    scenario's name of the order. `subject` and `text` hold the words, where they were rendered (personal data when
    the person is real); `body_digest` tells whether they changed."""

    at: datetime
    order: str
    key: str
    step: str
    occurrence: str
    purpose: str
    state: str
    due_at: datetime
    reason: str = ""
    detail: str = ""
    channel: str = ""
    template: str = ""
    template_digest: str = ""
    body_digest: str = ""
    promotes: bool = False
    """It recommends products, or carries an offer or a reward, whatever its purpose says."""
    taken: int = 0
    """How often a provider took it; more than once is once too often."""
    subject: str = ""
    text: str = field(default="", repr=False)
    deferrals: tuple[Deferral, ...] = ()
    trace: tuple[RuleTrace, ...] = ()
    handed_at: datetime | None = None
    """When its provider was handed it, where its answer was lost and `at` is when it was found to be taken."""
    number: int = field(default=0, compare=False)
    """Of the decisions of the whole story the last one about it, counted from 0: what came first within an instant."""

    @property
    def left_at(self) -> datetime:
        """When it left us: what happened after that could not stop it."""
        return self.handed_at or self.at

    @property
    def name(self) -> str:
        """`step`, or `step:occurrence`."""
        return f"{self.step}:{self.occurrence}" if self.occurrence else self.step

    @property
    def sent(self) -> bool:
        """A provider took it."""
        return self.state == "accepted"

    @property
    def outcome(self) -> str:
        """`sent`, `skipped`, `cancelled`, `failed`, `unknown`, or `open` for one that never ended."""
        return {"accepted": "sent"}.get(self.state, self.state if self.state in _ENDED else "open")


_ENDED = frozenset({"skipped", "cancelled", "failed", "unknown"})


class Kind(StrEnum):
    """What a happening is."""

    EVENT = "event"
    ORDER = "order"
    REPORT = "report"
    FAULT = "fault"
    AGENT = "agent"
    PHASE = "phase"
    TICKET = "ticket"
    POINTS = "points"
    END = "end"
    NOTE = "note"


@value(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something beside touches. `at`: when Doorstep heard of it (aware UTC); `happened_at`: when it happened, where
    that was earlier. `what` is its name, `subject` what it is about as the sender calls it, `detail` a few words.
    `usable_at`: of points, from when (aware UTC), where not at once. `number`: how many decisions about touches had
    been made before."""

    at: datetime
    kind: Kind
    what: str
    order: str = ""
    detail: str = ""
    happened_at: datetime | None = None
    usable_at: datetime | None = None
    subject: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    number: int = field(default=0, compare=False)


@value(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One scenario, played. `outcome`: how the first order's journey ended (empty: it did not); `outcomes` by order.
    `problems`: what must be mended; a rehearsal with any has failed. `lacks`: steps the scenario names which this
    journey does not have, where that is no mistake (a scenario that came with Doorstep, or one of its package, for
    another journey). Two timelines are equal when all but `elapsed_ms` is."""

    scenario: str
    journey: str
    zone: str
    placed_at: datetime
    ends_at: datetime
    touches: tuple[Touch, ...] = ()
    events: tuple[Happening, ...] = ()
    outcomes: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    about: str = ""
    elapsed_ms: float = field(default=0.0, compare=False)

    @property
    def outcome(self) -> str:
        return next(iter(self.outcomes.values()), "")

    @property
    def ok(self) -> bool:
        """Nothing must be mended."""
        return not self.problems

    @property
    def note(self) -> str:
        """That the scenario is not for this journey, and why; empty where it is."""
        if not self.lacks:
            return ""
        steps = ", ".join(f"'{step}'" for step in self.lacks)
        return f"Not for this journey: it has no step {steps}."

    @property
    def sent(self) -> tuple[Touch, ...]:
        """What the customer received, oldest first."""
        return tuple(t for t in self.touches if t.sent)

    def touch(self, name: str, order: str = "") -> Touch | None:
        """The first touch of a step (or `step:occurrence`), of that order if one is named; None where there was none.
        Raises `BadInput` for a name that is almost a step's of the journey, and none."""
        for touch in self.touches:
            if name in (touch.step, touch.name) and order in ("", touch.order):
                return touch
        from doorstep.rehearsal.naming import check_step

        check_step(self.journey, name, {touch.step for touch in self.touches})
        return None

    def __iter__(self) -> Iterator[Touch | Happening]:
        """Everything as it came, causes before effects within an instant, too; an end is the last of its instant."""
        whole: list[Touch | Happening] = [*self.events, *self.touches]
        return iter(sorted(whole, key=as_it_came))

    def day(self, at: datetime) -> int:
        """The local day of an instant, counted from the order's."""
        from doorstep.domain.moments import local_date

        return (local_date(at, self.zone) - local_date(self.placed_at, self.zone)).days

    @property
    def length(self) -> timedelta:
        """From the order to the last thing that happened."""
        return self.ends_at - self.placed_at

    def as_json(self) -> dict[str, Any]:
        """JSON values; `from_json` makes the same timeline of them."""
        told: dict[str, Any] = {"scenario": self.scenario, "elapsed_ms": round(self.elapsed_ms, 3)}
        told |= {f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.name not in told}
        return told | {"outcome": self.outcome, "note": self.note}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Timeline:
        """A timeline of what `as_json` made."""
        given = {f.name: told[f.name] for f in fields(cls) if f.name in told}
        given["touches"] = tuple(_touch(t) for t in told["touches"])
        given["events"] = tuple(_happening(e) for e in told["events"])
        given["problems"] = tuple(told["problems"])
        given["lacks"] = tuple(told.get("lacks", ()))
        for name in ("placed_at", "ends_at"):
            given[name] = datetime.fromisoformat(told[name])
        return cls(**given)


def as_it_came(entry: Touch | Happening) -> tuple[datetime, bool, int, bool]:
    """What to sort by. A happening after which so many decisions had been made comes before the next one's touch."""
    if isinstance(entry, Touch):
        return entry.at, False, entry.number, True
    return entry.at, entry.kind is Kind.END, entry.number, False


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, Touch | Happening | Deferral | RuleTrace):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return value


def _touch(told: Mapping[str, Any]) -> Touch:
    at = datetime.fromisoformat
    deferrals = tuple(
        Deferral(at=at(d["at"]), until=at(d["until"]), reason=d["reason"]) for d in told["deferrals"]
    )
    trace = tuple(RuleTrace(**{**rule, "verdict": Verdict(rule["verdict"])}) for rule in told["trace"])
    handed = told.get("handed_at")
    dates = {
        "at": at(told["at"]),
        "due_at": at(told["due_at"]),
        "handed_at": None if handed is None else at(handed),
    }
    return Touch(**{**told, **dates, "deferrals": deferrals, "trace": trace})


def _happening(told: Mapping[str, Any]) -> Happening:
    happened, usable = told["happened_at"], told.get("usable_at")
    return Happening(
        **{
            **told,
            "at": datetime.fromisoformat(told["at"]),
            "kind": Kind(told["kind"]),
            "happened_at": datetime.fromisoformat(happened) if happened else None,
            "usable_at": datetime.fromisoformat(usable) if usable else None,
        }
    )
