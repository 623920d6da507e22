"""One parcel, and the pure reducer that keeps its status right however its scans arrive."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from doorstep.domain.values import replace, value


class ShipmentStatus(StrEnum):
    PENDING = "pending"
    PRE_TRANSIT = "pre_transit"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    ATTEMPT_FAILED = "attempt_failed"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    DELIVERED = "delivered"
    EXCEPTION = "exception"
    RETURNED_TO_SENDER = "returned_to_sender"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


_RANK = {status: rank for rank, status in enumerate(ShipmentStatus)}
#: trouble a person may have to act on: while a parcel stands here marketing is held
TROUBLED = frozenset(
    {
        ShipmentStatus.EXCEPTION,
        ShipmentStatus.ATTEMPT_FAILED,
        ShipmentStatus.RETURNED_TO_SENDER,
        ShipmentStatus.EXPIRED,
    }
)
_FINAL = frozenset({ShipmentStatus.DELIVERED, ShipmentStatus.CANCELLED, ShipmentStatus.RETURNED_TO_SENDER})
NOT_COMING = _FINAL | {ShipmentStatus.EXPIRED}
"""Nobody expects a parcel that stands there."""


@value(frozen=True, slots=True, kw_only=True)
class Scan:
    """One report of a parcel's status. `at` is when it happened there, not when we heard."""

    status: ShipmentStatus
    at: datetime
    substatus: str = ""
    expect_next_by: datetime | None = None


@value(frozen=True, slots=True, kw_only=True)
class Shipment:
    """What is known of one parcel. `lines` maps line refs to quantities; empty means: the whole order."""

    ref: str
    status: ShipmentStatus = ShipmentStatus.PENDING
    substatus: str = ""
    status_at: datetime | None = None
    lines: tuple[tuple[str, int], ...] = ()
    expect_next_by: datetime | None = None
    delivered_at: datetime | None = None

    @property
    def coming(self) -> bool:
        """It can be expected yet."""
        return self.delivered_at is None and self.status not in NOT_COMING

    @property
    def delayed(self) -> bool:
        """The carrier says it comes later than promised."""
        return self.substatus == "delayed" and self.status not in _FINAL

    @property
    def troubled(self) -> bool:
        """Late or stuck as far as the carrier says."""
        return self.status in TROUBLED or self.delayed

    @property
    def watched(self) -> bool:
        """Still under way: a scan is expected by `expect_next_by`."""
        return self.expect_next_by is not None and self.status not in _FINAL

    def silent(self, at: datetime) -> bool:
        """No scan came by the time one was due, and the parcel is still under way."""
        return self.watched and self.expect_next_by is not None and self.expect_next_by <= at

    @property
    def shipped(self) -> bool:
        """Left the shop: any status past the label."""
        return self.status not in (
            ShipmentStatus.PENDING,
            ShipmentStatus.PRE_TRANSIT,
            ShipmentStatus.CANCELLED,
        )

    def with_scan(self, scan: Scan) -> Shipment:
        """The parcel after one more report; the same set of reports gives the same parcel in any order.

        The latest report by its own time wins; at the same instant the further stage wins. Delivered,
        cancelled and returned do not go back: a late straggler from before changes nothing.
        """
        if self.status_at is not None:
            held = (self.status in _FINAL, self.status_at, _RANK[self.status], self.substatus)
            offered = (scan.status in _FINAL, scan.at, _RANK[scan.status], scan.substatus)
            if offered <= held:
                return self._remember_delivery(scan)
        newer = replace(
            self,
            status=scan.status,
            substatus=scan.substatus,
            status_at=scan.at,
            expect_next_by=scan.expect_next_by,
        )
        return newer._remember_delivery(scan)

    def _remember_delivery(self, scan: Scan) -> Shipment:
        if scan.status is not ShipmentStatus.DELIVERED:
            return self
        first = scan.at if self.delivered_at is None else min(self.delivered_at, scan.at)
        return replace(self, delivered_at=first)
