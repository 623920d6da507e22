"""What to make of a row that an earlier attempt left behind."""

from __future__ import annotations

from datetime import datetime, timedelta

from doorstep.domain.messages import Channel, Purpose, Receipt
from doorstep.domain.outcomes import TouchState
from doorstep.domain.touches import LedgerRow
from doorstep.errors import ProviderError
from doorstep.ports import Ports
from doorstep.touch import ledger
from doorstep.touch.timing import RECONCILE_UNKNOWN

Found = tuple[Channel, Receipt]


def holds_slot(row: LedgerRow, at: datetime) -> bool:
    """Whether the row's own reservation still fills a slot: taken over, it is not ranked a second time."""
    return row.state is TouchState.RESERVED and row.reserved_until is not None and at < row.reserved_until


def reconcile(ports: Ports, row: LedgerRow) -> timedelta:
    """R of the channel the row was last sent on."""
    sender = None if row.channel is None else ports.senders.get(row.channel)
    return RECONCILE_UNKNOWN if sender is None else sender.reconcile


def look_up(ports: Ports, row: LedgerRow) -> Found | None:
    """What a provider says it took under our key. Every channel of the touch is asked: an earlier call may
    have gone over another one. A provider that cannot be asked now counts as one that cannot say."""
    for channel in row.request.channels:
        sender = ports.senders.get(channel)
        if sender is None:
            continue
        try:
            receipt = sender.lookup(row.request.key)
        except ProviderError:
            continue
        if receipt is not None:
            return channel, receipt
    return None


def settled(ports: Ports, row: LedgerRow, found: Found | None, at: datetime) -> LedgerRow | None:
    """The row after a call whose answer was lost, or None when it is time to try again (transactional, and
    the provider has not reported within R)."""
    if found is not None:
        channel, receipt = found
        return ledger.accepted(row, receipt, at, channel)
    return unanswered(ports, row, at, "the attempt ended between sending and its record")


def unanswered(ports: Ports, row: LedgerRow, at: datetime, detail: str) -> LedgerRow | None:
    """Marketing is never tried again; transactional waits out R for the provider's own report."""
    assert row.sending_at is not None, "an ambiguous row knows when it was sent"
    if row.request.purpose is Purpose.MARKETING:
        return ledger.unknown(row, detail)
    until = row.sending_at + reconcile(ports, row)
    return ledger.reconciling(row, until, f"reconciling: {detail}") if at < until else None
