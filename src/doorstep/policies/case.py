"""What a rule is given, and what it answers: its part of the trace, with more around it where the touch does not simply
pass. A trace's facts are JSON values, never personal data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from typing import Any

from doorstep.domain.customers import Facts
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.outcomes import RuleTrace, SkipReason, Verdict
from doorstep.domain.touches import TouchRequest
from doorstep.domain.values import value

_TWO, _NO_OFFSET = tuple(f"{n:02}" for n in range(60)), timedelta()
NOTHING: Mapping[str, Any] = {}


@value(frozen=True, slots=True, kw_only=False)
class Case:
    """One touch before the gate. `channels` are those still possible, in order of preference."""

    request: TouchRequest
    facts: Facts
    at: datetime
    channels: tuple[Channel, ...]
    tried: tuple[Channel, ...] = ()
    """Channels whose provider rejected this touch for good."""
    unavailable: Mapping[Channel, str] = field(default_factory=dict)
    """Channels that cannot carry it whatever the person says, with the reason in words."""
    holding: bool = False
    """The touch already holds a slot (its own reservation): nobody may outrank it any more."""

    @property
    def marketing(self) -> bool:
        return self.request.purpose is Purpose.MARKETING


@value(frozen=True, slots=True, kw_only=False)
class Ruling:
    """A rule's answer that says more than that the touch passes: a refusal names its `reason`, a deferral when
    (`until`); `channels` replaces the case's for the rules that follow."""

    trace: RuleTrace
    reason: SkipReason | None = None
    until: datetime | None = None
    shadow: bool = False
    channels: tuple[Channel, ...] | None = None


def skips(
    rule: str, reason: SkipReason, detail: str, read: Mapping[str, Any], *, shadow: bool = False
) -> Ruling:
    return Ruling(RuleTrace(rule, Verdict.SKIP, read, detail), reason, None, shadow)


def defers(rule: str, until: datetime, reason: SkipReason, detail: str, read: Mapping[str, Any]) -> Ruling:
    return Ruling(RuleTrace(rule, Verdict.DEFER, read, detail), reason, until)


def only(rule: str, channels: tuple[Channel, ...], detail: str, read: Mapping[str, Any]) -> Ruling:
    """It passes, over these channels."""
    return Ruling(RuleTrace(rule, Verdict.PASS, read, detail), channels=channels)


def narrowed(
    rule: str,
    case: Case,
    fell: Mapping[Channel, str],
    reason: SkipReason,
    all_well: str,
    read: Mapping[str, Any] = NOTHING,
) -> RuleTrace | Ruling:
    """The answer of a rule that drops channels: `fell` maps each to its reason. No channel left: a skip."""
    full: dict[str, Any] = {"channels": [str(c) for c in case.channels], "fell": {}, **read}
    if not fell and case.channels:
        return RuleTrace(rule, Verdict.PASS, full, all_well)
    left = tuple(channel for channel in case.channels if channel not in fell)
    full |= {"channels": [str(c) for c in left], "fell": {str(c): words for c, words in fell.items()}}
    why = "; ".join(f"{channel}: {words}" for channel, words in fell.items())
    if not left:
        return skips(rule, reason, f"No channel is left ({why or 'none was asked for'}).", full)
    if len(left) == len(case.channels):
        return RuleTrace(rule, Verdict.PASS, full, all_well)
    return only(rule, left, f"{left[0]} is used; fell away: {why}.", full)


def iso(at: datetime | None) -> str | None:
    """An instant as the trace keeps it. Made of its parts: `isoformat` takes twice as long, and each touch asks."""
    if at is None:
        return None
    if at.utcoffset() != _NO_OFFSET:
        return at.isoformat(timespec="seconds")
    day = f"{at.year:04}-{_TWO[at.month]}-{_TWO[at.day]}"
    return f"{day}T{_TWO[at.hour]}:{_TWO[at.minute]}:{_TWO[at.second]}+00:00"
