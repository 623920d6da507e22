"""What a rule is given, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from doorstep.domain.customers import Facts
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.outcomes import SkipReason, Verdict
from doorstep.domain.touches import TouchRequest
from doorstep.domain.values import value


@value(frozen=True, slots=True, kw_only=True)
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
    """One rule's answer. `read` becomes the trace's facts: JSON values, never personal data.
    `until` belongs to a deferral; `channels` replaces the case's for the rules that follow."""

    verdict: Verdict
    detail: str
    read: Mapping[str, Any] = field(default_factory=dict)
    reason: SkipReason | None = None
    until: datetime | None = None
    shadow: bool = False
    channels: tuple[Channel, ...] | None = None


def passes(
    detail: str, read: Mapping[str, Any] | None = None, *, channels: tuple[Channel, ...] | None = None
) -> Ruling:
    return Ruling(Verdict.PASS, detail, read or {}, None, None, False, channels)


def skips(reason: SkipReason, detail: str, read: Mapping[str, Any], *, shadow: bool = False) -> Ruling:
    return Ruling(verdict=Verdict.SKIP, reason=reason, detail=detail, read=read, shadow=shadow)


def defers(until: datetime, reason: SkipReason, detail: str, read: Mapping[str, Any]) -> Ruling:
    return Ruling(verdict=Verdict.DEFER, until=until, reason=reason, detail=detail, read=read)


def narrowed(
    case: Case,
    fell: Mapping[Channel, str],
    reason: SkipReason,
    all_well: str,
    read: Mapping[str, Any] | None = None,
) -> Ruling:
    """The answer of a rule that drops channels: `fell` maps each to its reason. No channel left: a skip."""
    full: dict[str, Any] = {"channels": [str(c) for c in case.channels], "fell": {}, **(read or {})}
    if not fell and case.channels:
        return passes(all_well, full)
    left = tuple(channel for channel in case.channels if channel not in fell)
    full |= {"channels": [str(c) for c in left], "fell": {str(c): words for c, words in fell.items()}}
    why = "; ".join(f"{channel}: {words}" for channel, words in fell.items())
    if not left:
        return skips(reason, f"No channel is left ({why or 'none was asked for'}).", full)
    if len(left) == len(case.channels):
        return passes(all_well, full)
    return passes(f"{left[0]} is used; fell away: {why}.", full, channels=left)


def iso(at: datetime | None) -> str | None:
    """An instant as the trace keeps it."""
    return None if at is None else at.isoformat(timespec="seconds")
