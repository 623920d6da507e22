"""The ledger's transitions: pure functions from row to row, and what a row means to others.

A row is *ambiguous* when the provider may have taken the message of an earlier call and we do not know:
`sending_at` is set and the row is not accepted. A proven refusal clears it. An ambiguous row never goes back
to a state that says "not sent": a refusing gate turns it `unknown`.
"""

from __future__ import annotations

from datetime import datetime

from doorstep.domain.customers import CountedTouch, WaitingTouch
from doorstep.domain.messages import Channel, Purpose, Receipt, Rendered
from doorstep.domain.outcomes import (
    COUNTED_STATES,
    FINAL_STATES,
    Decision,
    Defer,
    Outcome,
    OutcomeKind,
    Send,
    Skip,
    SkipReason,
    TouchState,
)
from doorstep.domain.touches import LedgerRow, TouchRequest
from doorstep.domain.values import replace
from doorstep.touch.timing import RESERVATION

_KINDS = {
    TouchState.ACCEPTED: OutcomeKind.SENT,
    TouchState.SKIPPED: OutcomeKind.SKIPPED,
    TouchState.CANCELLED: OutcomeKind.CANCELLED,
    TouchState.FAILED: OutcomeKind.FAILED,
    TouchState.UNKNOWN: OutcomeKind.UNKNOWN,
}
#: deferrals that wait for a slot: only these outrank others. One held by a parcel in trouble would otherwise
#: block the person's other orders for days.
_FOR_A_SLOT = frozenset({SkipReason.FREQUENCY_CAPPED, SkipReason.QUIET_HOURS_EXPIRED})


def fresh(request: TouchRequest) -> LedgerRow:
    return LedgerRow(request, TouchState.PLANNED)


def is_final(row: LedgerRow) -> bool:
    return row.state in FINAL_STATES


def is_ambiguous(row: LedgerRow) -> bool:
    """A provider may have taken it, and we do not know."""
    return row.sending_at is not None and row.state is not TouchState.ACCEPTED


def decided(row: LedgerRow, decision: Decision, at: datetime) -> LedgerRow:
    """The row after the gate's answer: reserved with the next fence, deferred or closed."""
    if isinstance(decision, Send):
        return replace(
            row,
            state=TouchState.RESERVED,
            fence=row.fence + 1,
            channel=decision.channel,
            reason=None,
            detail="",
            decided_at=at,
            deferred_until=None,
            reserved_until=at + RESERVATION,
        )
    refused = replace(
        row,
        reason=decision.reason,
        detail=decision.trace[-1].detail if decision.trace else "",
        decided_at=at,
        deferred_until=decision.until if isinstance(decision, Defer) else None,
        reserved_until=None,
    )
    if isinstance(decision, Skip):
        closed = TouchState.UNKNOWN if is_ambiguous(row) else TouchState.SKIPPED
        return replace(refused, state=closed, shadow=decision.shadow)
    # An ambiguous row stays `sending` while it waits, so that a callback or a lookup still finds it.
    return replace(refused, state=TouchState.SENDING if is_ambiguous(row) else TouchState.DEFERRED)


def sending(row: LedgerRow, rendered: Rendered, provider: str, at: datetime) -> LedgerRow:
    """Committed *before* the provider is called: a crash after this line is ambiguous, never unnoticed."""
    return replace(
        row,
        state=TouchState.SENDING,
        sending_at=at,
        attempts=row.attempts + 1,
        provider=provider,
        template_digest=rendered.template_digest,
        body_digest=rendered.digest,
        reserved_until=None,
    )


def released(row: LedgerRow, detail: str, *, earlier: datetime | None, until: datetime | None) -> LedgerRow:
    """This attempt is proven not to have sent. `earlier`: when a previous call left the row ambiguous."""
    waiting = TouchState.DEFERRED if until is not None else TouchState.PLANNED
    return replace(
        row,
        state=TouchState.SENDING if earlier is not None else waiting,
        sending_at=earlier,
        deferred_until=until,
        reserved_until=None,
        reason=None,
        detail=detail,
    )


def rejected(row: LedgerRow, *, earlier: datetime | None) -> LedgerRow:
    """The provider will never take it on this channel; the touch may still go on another."""
    tried = row.tried if row.channel is None or row.channel in row.tried else (*row.tried, row.channel)
    return replace(row, tried=tried, sending_at=earlier)


def reconciling(row: LedgerRow, until: datetime, detail: str) -> LedgerRow:
    """Ambiguous and transactional: asked again at `until`, when the provider must have reported back."""
    return replace(row, state=TouchState.SENDING, deferred_until=until, reason=None, detail=detail)


def unknown(row: LedgerRow, detail: str) -> LedgerRow:
    """Ambiguous and never to be tried again."""
    return replace(row, state=TouchState.UNKNOWN, deferred_until=None, reserved_until=None, detail=detail)


def accepted(row: LedgerRow, receipt: Receipt, at: datetime, channel: Channel | None = None) -> LedgerRow:
    """The provider took it. That outranks whatever the row said before, and nothing outranks it: a second
    receipt only fills in an id the first one lacked."""
    if row.state is TouchState.ACCEPTED:
        return replace(row, provider_message_id=row.provider_message_id or receipt.provider_message_id)
    return replace(
        row,
        state=TouchState.ACCEPTED,
        channel=channel or row.channel,
        accepted_at=at,
        provider=receipt.provider,
        provider_message_id=receipt.provider_message_id,
        deferred_until=None,
        reserved_until=None,
        reason=None,
        detail="",
    )


def outcome_of(row: LedgerRow) -> Outcome:
    """What the journey is told. It follows from the row alone, so asking again answers the same."""
    kind = _KINDS.get(row.state)
    if kind is None:
        return Outcome(
            kind=OutcomeKind.DEFERRED, reason=row.reason, detail=row.detail, until=row.deferred_until
        )
    told = kind in (OutcomeKind.SENT, OutcomeKind.UNKNOWN)
    return Outcome(
        kind=kind,
        reason=row.reason,
        detail=row.detail,
        channel=row.channel if told else None,
        at=row.accepted_at if kind is OutcomeKind.SENT else row.sending_at if told else row.decided_at,
    )


def as_counted(row: LedgerRow, at: datetime) -> CountedTouch | None:
    """How a row fills its person's caps at that time, if it does. Store implementations answer
    `Facts.counted` with this, so that production and rehearsal count alike."""
    if row.request.purpose is not Purpose.MARKETING:
        return None
    when = row.sending_at or row.decided_at
    live = row.state in COUNTED_STATES and not (
        row.state is TouchState.RESERVED and row.reserved_until is not None and at >= row.reserved_until
    )
    if when is None or not (live or row.shadow):
        return None
    return CountedTouch(row.request.key, when, row.state, row.shadow)


def waits_for_a_slot(row: LedgerRow) -> bool:
    """Whether others of the person's may have to give way to it."""
    marketing = row.request.purpose is Purpose.MARKETING and row.state is TouchState.DEFERRED
    return marketing and row.reason in _FOR_A_SLOT


def as_waiting(row: LedgerRow, at: datetime) -> WaitingTouch | None:
    """How a row ranks in arbitration at that time, if it waits for a slot. For `Facts.waiting`."""
    request = row.request
    if not waits_for_a_slot(row) or not request.due_at <= at < request.expires_at:
        return None
    return WaitingTouch(
        key=request.key,
        priority=request.priority,
        due_at=request.due_at,
        expires_at=request.expires_at,
    )
