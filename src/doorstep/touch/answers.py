"""What the provider said, written down. `held` is the row as it was before `sending`; its `sending_at` tells
whether an earlier call had already left the touch ambiguous, which a later refusal does not undo."""

from __future__ import annotations

from datetime import timedelta

from doorstep.domain.customers import SuppressionCause
from doorstep.domain.messages import Channel, Receipt
from doorstep.domain.outcomes import Outcome, TouchState
from doorstep.domain.touches import LedgerRow
from doorstep.errors import DoorstepError, ProviderRefused, ProviderRejected
from doorstep.touch import ledger, recovery
from doorstep.touch.attempt import Attempt


def accepted(attempt: Attempt, channel: Channel, receipt: Receipt) -> Outcome:
    """What the provider took is taken, whoever holds the row by now: another attempt that has reserved it
    meanwhile finds it accepted and does not send again."""
    with attempt.locked() as tx:
        row = tx.touch(attempt.request.key) or ledger.fresh(attempt.request)
        row = ledger.accepted(row, receipt, attempt.at, channel)
        tx.save(row)
        return ledger.outcome_of(row)


def rejected(
    attempt: Attempt, held: LedgerRow, channel: Channel, error: ProviderRejected
) -> LedgerRow | Outcome:
    """Final on this channel: the gate chooses another, under the same key and in the slot it holds."""
    with attempt.locked() as tx:
        if error.suppress or error.opted_out:
            cause = SuppressionCause.STOP if error.opted_out else SuppressionCause.BOUNCE
            tx.suppress(attempt.request, channel, cause, attempt.at)
        row = attempt.still(tx, held, TouchState.SENDING)
        if row is None:
            return attempt.lost(tx)
        attempt.unavailable[channel] = f"its provider rejected the message ({error.what})"
        return attempt.ask(tx, ledger.rejected(row, earlier=held.sending_at), holding=True)


def refused(attempt: Attempt, held: LedgerRow, error: ProviderRefused) -> Outcome | None:
    """Proven not accepted: the row and its slot are given back. None: the provider did not say when to come
    back, so the caller's own retries decide."""
    wait = error.retry_after
    until = None if wait is None else attempt.at + max(wait, timedelta(seconds=1))
    with attempt.locked() as tx:
        row = attempt.still(tx, held, TouchState.SENDING)
        if row is None:
            return attempt.lost(tx)
        row = ledger.released(row, spoken(error), earlier=held.sending_at, until=until)
        tx.save(row)
        return None if until is None else ledger.outcome_of(row)


def ambiguous(attempt: Attempt, held: LedgerRow, detail: str) -> Outcome:
    """Nobody knows whether it was taken."""
    with attempt.locked() as tx:
        row = attempt.still(tx, held, TouchState.SENDING)
        if row is None:
            return attempt.lost(tx)
        # with an R of zero the next attempt may come at once
        row = recovery.unanswered(attempt.ports, row, attempt.at, detail) or ledger.reconciling(
            row, attempt.at, detail
        )
        tx.save(row)
        return ledger.outcome_of(row)


def spoken(error: Exception) -> str:
    """An error in the ledger's words. Only our own errors are known to hold no personal data."""
    return error.what if isinstance(error, DoorstepError) else f"unexpected {type(error).__name__}"
