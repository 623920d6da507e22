"""Parcels as messages show them, in memory: their status is the reducer's; carrier, number and link the newest told."""

from __future__ import annotations

from datetime import datetime

from doorstep.domain import facts
from doorstep.domain.events import Envelope
from doorstep.domain.shipments import Shipment
from doorstep.rehearsal.records import OrderRecord, ParcelRecord
from doorstep.sources.sightings import ShipmentSighting


def scan(order: OrderRecord, envelope: Envelope) -> None:
    """The parcel's row follows the reducer; an estimate counts with the scan that stands."""
    ref = envelope.subject or envelope.fact_key
    parcel = order.state.shipments.get(ref) or Shipment(ref=ref)
    row = order.parcels.setdefault(ref, ParcelRecord(ref=ref, seen_at=envelope.received_at))
    row.status, row.substatus = parcel.status.value, parcel.substatus
    row.delivered_at, row.lines = parcel.delivered_at, [list(pair) for pair in parcel.lines]
    if envelope.type != facts.ShipmentCreated.type and envelope.data.get("expected_at") is not None:
        told = facts.ShipmentScanned.read(envelope)
        if told.expected_at is not None and (parcel.status_at is None or told.at >= parcel.status_at):
            row.expected_at = told.expected_at


def keep(order: OrderRecord, seen: ShipmentSighting, received_at: datetime) -> None:
    """Carrier, number and link: the newest that was told."""
    row = order.parcels.setdefault(seen.ref, ParcelRecord(ref=seen.ref, seen_at=received_at))
    row.carrier, row.tracking_number = seen.company or row.carrier, seen.number or row.tracking_number
    row.tracking_url, row.expected_at = seen.url or row.tracking_url, seen.expected_at or row.expected_at
