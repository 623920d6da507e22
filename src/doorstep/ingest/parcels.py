"""Parcels as support and templates read them. Their status is the reducer's; carrier, number and link are
the newest that was told, and what an older webhook knows alone fills a gap."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Dialect, bindparam, case, func, literal_column, select

from doorstep.domain import facts, ids
from doorstep.domain.events import Envelope
from doorstep.domain.shipments import Shipment
from doorstep.ingest.delivery import Delivery
from doorstep.ingest.order_rows import Order
from doorstep.ingest.orders import Orders
from doorstep.ingest.sql import CHECKPOINTS, SHIPMENTS
from doorstep.models.prepared import Prepared, prepared
from doorstep.models.tables import insert_into
from doorstep.sources.sightings import ShipmentSighting

_ORDER_OF = prepared(select(SHIPMENTS.c.order_ref).where(SHIPMENTS.c.ref == bindparam("ref")))
_DETAILS = ("carrier", "tracking_number", "tracking_url", "external_id")
_EMPTY: ColumnElement[str] = literal_column("''")
_STATUS = ("status", "substatus", "status_at", "expect_next_by", "delivered_at", "lines")


def _keep(dialect: Dialect) -> Any:
    made = insert_into(dialect, SHIPMENTS)
    new, held = made.excluded, SHIPMENTS.c
    changes: dict[str, Any] = {name: new[name] for name in _STATUS}
    newer = new.updated_at >= held.updated_at
    for name in _DETAILS:
        told, kept = func.nullif(new[name], _EMPTY), func.nullif(held[name], _EMPTY)
        changes[name] = case(
            (newer, func.coalesce(told, kept, _EMPTY)), else_=func.coalesce(kept, told, _EMPTY)
        )
    changes["expected_at"] = func.coalesce(new.expected_at, held.expected_at)
    changes["updated_at"] = case((newer, new.updated_at), else_=held.updated_at)
    return made.on_conflict_do_update(index_elements=["ref"], set_=changes)


_KEEP = Prepared(_keep, ("ref", "store_id", "order_ref", *_DETAILS, *_STATUS, "expected_at", "updated_at"))


@dataclass(slots=True)
class Parcels:
    """The parcels of one webhook."""

    delivery: Delivery
    orders: Orders
    scanned: dict[str, tuple[Order, Envelope]] = field(default_factory=dict)
    """Parcel → its order and the latest event about it."""

    def order_of(self, shipment_ref: str) -> Order | None:
        """The order of a parcel heard of before, for webhooks that name the parcel only."""
        row = self.delivery.first(_ORDER_OF, ref=shipment_ref)
        return None if row is None else self.orders.find(row.order_ref)

    def heard(self, order: Order, envelope: Envelope) -> None:
        """An event about a parcel was stored: remember it, and its scan."""
        ref = envelope.subject or envelope.fact_key
        held = self.scanned.get(ref)
        if held is None or held[1].occurred_at <= envelope.occurred_at:
            self.scanned[ref] = (order, envelope)
        if envelope.type == facts.ShipmentCreated.type:
            return
        scan = facts.ShipmentScanned.read(envelope)
        self.delivery.insert_later(
            CHECKPOINTS,
            {
                "shipment_ref": ref,
                "status": scan.status.value,
                "substatus": scan.substatus,
                "at": scan.at,
                "received_at": self.delivery.received_at,
                "event_id": envelope.id,
            },
        )

    def keep(self, sightings: tuple[ShipmentSighting, ...]) -> None:
        """Write the parcels that were seen or scanned. After the events: the order's state knows the status."""
        for seen in sightings:
            order = self._order(seen)
            if order is None:
                self.delivery.problems.append("A parcel names no order, and was not heard of before.")
                continue
            self._write(order, seen.ref, seen.at, seen)
        told = {seen.ref for seen in sightings}
        for ref, (order, envelope) in self.scanned.items():
            if ref not in told:
                self._write(order, ref, envelope.occurred_at, None)

    def _order(self, seen: ShipmentSighting) -> Order | None:
        if seen.external_order_id is None:
            return self.order_of(seen.ref)
        ref = ids.order_ref(self.delivery.at.store_id, seen.external_order_id)
        return self.orders.ensure(ref, seen.external_order_id)

    def _write(self, order: Order, ref: str, at: datetime, seen: ShipmentSighting | None) -> None:
        if order.erased:
            seen = None  # a number leads to the door
        parcel = order.state.shipments.get(ref) or Shipment(ref=ref, lines=seen.lines if seen else ())
        self.delivery.later(
            _KEEP,
            {
                "ref": ref,
                "store_id": self.delivery.at.store_id,
                "order_ref": order.ref,
                "external_id": seen.external_id if seen else "",
                "carrier": seen.company if seen else "",
                "tracking_number": seen.number if seen else "",
                "tracking_url": seen.url if seen else "",
                "status": parcel.status.value,
                "substatus": parcel.substatus,
                "status_at": parcel.status_at,
                "expected_at": self._expected(ref, parcel, seen),
                "expect_next_by": parcel.expect_next_by,
                "delivered_at": parcel.delivered_at,
                "lines": [list(pair) for pair in parcel.lines],
                "updated_at": at,
            },
        )

    def _expected(self, ref: str, parcel: Shipment, seen: ShipmentSighting | None) -> datetime | None:
        """The carrier's own estimate, unless it comes with a scan that a later one has overtaken."""
        if seen is not None and seen.expected_at is not None:
            return seen.expected_at
        heard = self.scanned.get(ref)
        if heard is None or heard[1].type == facts.ShipmentCreated.type:
            return None
        scan = facts.ShipmentScanned.read(heard[1])
        return scan.expected_at if parcel.status_at is None or scan.at >= parcel.status_at else None
