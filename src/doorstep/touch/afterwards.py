"""What is written to the ledger without asking the gate: a provider's report, a journey's own decision, and
the end of a row that nobody will ask about again."""

from __future__ import annotations

from datetime import datetime

from doorstep.domain.messages import Channel, Receipt
from doorstep.domain.outcomes import Outcome, OutcomeKind, RuleTrace, Skip, SkipReason, TouchState, Verdict
from doorstep.domain.touches import LedgerRow, TouchRequest
from doorstep.domain.values import replace
from doorstep.ports import Ports, Store, Tx
from doorstep.touch import ledger, recovery

_CLOSED = {
    OutcomeKind.SKIPPED: TouchState.SKIPPED,
    OutcomeKind.CANCELLED: TouchState.CANCELLED,
    OutcomeKind.FAILED: TouchState.FAILED,
}


def reported(
    store: Store, *, store_id: str, person_ref: str, key: str, receipt: Receipt, at: datetime
) -> Outcome | None:
    """A provider's callback carries our key and says that it took the message. None: no such touch, or one
    we never sent. Turns every other state into `accepted`, `unknown` included; safe to repeat."""
    with store.locked(store_id, person_ref) as tx:
        return reported_in(tx, key, receipt, at)


def reported_in(
    tx: Tx, key: str, receipt: Receipt, at: datetime, channel: Channel | None = None
) -> Outcome | None:
    """`reported` in a transaction that holds the person's lock already: ingest's, where the report is kept too.
    `channel`: the one it went over, where the provider's word says so."""
    row = tx.touch(key)
    if row is None or row.attempts == 0:
        return None
    told = ledger.accepted(row, receipt, at, channel)
    if told != row:
        tx.save(told)
    return ledger.outcome_of(told)


def record(
    store: Store, request: TouchRequest, outcome: Outcome, at: datetime, trace: tuple[RuleTrace, ...] = ()
) -> Outcome:
    """A step that ended inside the journey (stale, condition no longer true, skipped by an agent, cancelled
    by an exit, activity failed for good). Answers what the ledger says afterwards.

    A final row stays as it is, and so does one that a provider may have taken. A reserved one is
    closed: an attempt still under way finds that it has lost the touch, before it could send. Outcomes
    that only a provider or the gate can give (sent, unknown, deferred) are not taken from a journey.
    """
    with store.locked(request.store_id, request.person_ref) as tx:
        row = tx.touch(request.key) or ledger.fresh(request)
        state = _CLOSED.get(outcome.kind)
        if state is None or ledger.is_final(row) or ledger.is_ambiguous(row):
            return ledger.outcome_of(row)
        row = replace(
            row,
            request=request,
            state=state,
            reason=outcome.reason,
            detail=outcome.detail,
            decided_at=outcome.at or at,
            deferred_until=None,
            reserved_until=None,
        )
        tx.save(row)
        if state is not TouchState.FAILED:
            tx.decided(row, Skip(reason=outcome.reason or SkipReason.EXITED, trace=trace), at)
        return ledger.outcome_of(row)


def settle(ports: Ports, row: LedgerRow, at: datetime) -> Outcome | None:
    """For a sweep over rows whose journey has ended or whose usefulness is over: what a provider took is
    accepted, an ambiguous one past R is `unknown`, one past its expiry is skipped as stale. Anything else
    stays as it is. Answers the outcome with which this call closed the row; None where it did not, be it that
    another one was first."""
    found = recovery.look_up(ports, row) if ledger.is_ambiguous(row) else None
    with ports.store.locked(row.request.store_id, row.request.person_ref) as tx:
        now = tx.touch(row.request.key)
        if now is None or now != row or ledger.is_final(now) or recovery.holds_slot(now, at):
            return None
        if ledger.is_ambiguous(now):
            end = recovery.settled(ports, now, found, at)
            end = end or ledger.unknown(now, "the provider did not report back")
            tx.save(end)
            return ledger.outcome_of(end) if ledger.is_final(end) else None
        if at <= now.request.expires_at:
            return None
        rule = RuleTrace(rule="stale", verdict=Verdict.SKIP, detail="Its use ended before it could go.")
        stale = Skip(reason=SkipReason.STALE, trace=(rule,))
        end = ledger.decided(now, stale, at)
        tx.save(end)
        tx.decided(end, stale, at)
        return ledger.outcome_of(end)
