"""What became of a step, and the trace that explains it. Refusal is a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any

from doorstep.domain.messages import Channel
from doorstep.domain.values import value


class SkipReason(StrEnum):
    NOT_CONSENTED = "not_consented"
    SUPPRESSED = "suppressed"
    FREQUENCY_CAPPED = "frequency_capped"
    QUIET_HOURS_EXPIRED = "quiet_hours_expired"
    HOLDOUT = "holdout"
    MISSING_IDENTIFIER = "missing_identifier"
    NOT_RELEVANT = "not_relevant"
    OPEN_EXCEPTION = "open_exception"
    EXITED = "exited"
    STALE = "stale"
    DUPLICATE = "duplicate"
    PROVIDER_REJECTED = "provider_rejected"


class TouchState(StrEnum):
    """Ledger states. `sending` is committed before the provider is called; the last six are final,
    save that the provider's own report may turn `unknown` into `accepted`."""

    PLANNED = "planned"
    DEFERRED = "deferred"
    RESERVED = "reserved"
    SENDING = "sending"
    ACCEPTED = "accepted"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNKNOWN = "unknown"


FINAL_STATES = frozenset(
    {TouchState.ACCEPTED, TouchState.SKIPPED, TouchState.CANCELLED, TouchState.FAILED, TouchState.UNKNOWN}
)
#: states that count towards a person's frequency cap
COUNTED_STATES = frozenset({TouchState.RESERVED, TouchState.SENDING, TouchState.ACCEPTED, TouchState.UNKNOWN})


class OutcomeKind(StrEnum):
    SENT = "sent"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105 - a verdict, no password
    DEFER = "defer"
    SKIP = "skip"


@value(frozen=True, slots=True, kw_only=False)
class RuleTrace:
    """One rule of the gate: what it read and what it said. `facts` are JSON values without personal data."""

    rule: str
    verdict: Verdict
    facts: Mapping[str, Any] = field(default_factory=dict)
    detail: str = ""


@value(frozen=True, slots=True, kw_only=False)
class Send:
    """The gate lets the touch go, over this channel."""

    channel: Channel
    trace: tuple[RuleTrace, ...] = ()


@value(frozen=True, slots=True, kw_only=True)
class Defer:
    """Not now: ask again at `until` (UTC)."""

    until: datetime
    reason: SkipReason
    trace: tuple[RuleTrace, ...] = ()


@value(frozen=True, slots=True, kw_only=True)
class Skip:
    """Never: the touch is closed with this reason."""

    reason: SkipReason
    trace: tuple[RuleTrace, ...] = ()
    shadow: bool = False
    """A held-out touch: counts in the person's shadow caps as if it had been sent."""


Decision = Send | Defer | Skip


@value(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a journey learns of its touch. `until` (UTC) is set when deferred; `channel` when sent."""

    kind: OutcomeKind
    reason: SkipReason | None = None
    detail: str = ""
    until: datetime | None = None
    channel: Channel | None = None
    at: datetime | None = None

    @property
    def sent(self) -> bool:
        """Accepted by the provider."""
        return self.kind is OutcomeKind.SENT
