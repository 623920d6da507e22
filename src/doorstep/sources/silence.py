"""When silence becomes suspicious: how long after a scan the next one is due.

Shopify sends no such deadline, so these are ours: generous enough for a weekend and a public holiday, tight
enough that a customer hears it from the store first. A carrier's own adapter may know better.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from doorstep.domain.shipments import ShipmentStatus

GRACE = {
    ShipmentStatus.PRE_TRANSIT: timedelta(days=3),  # label made: the carrier collects within a weekend
    ShipmentStatus.IN_TRANSIT: timedelta(days=5),  # hubs scan daily; a border or a weekend takes longer
    ShipmentStatus.OUT_FOR_DELIVERY: timedelta(days=1),  # it comes today, or a failed attempt is scanned
    ShipmentStatus.ATTEMPT_FAILED: timedelta(days=3),  # the next attempt, or it waits at a shop
    ShipmentStatus.EXCEPTION: timedelta(days=3),  # something is done about it
    ShipmentStatus.AVAILABLE_FOR_PICKUP: timedelta(days=7),  # most shops keep parcels seven days
}


def expect_next_by(status: ShipmentStatus, at: datetime) -> datetime | None:
    """The instant (aware UTC) by which a parcel scanned at `at` should have been scanned again; None where
    nothing more is due (delivered, cancelled, returned)."""
    grace = GRACE.get(status)
    return None if grace is None else at + grace
