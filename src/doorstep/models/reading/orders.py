"""Orders and their parcels as views: the reducer's state beside what the customer would read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from doorstep.domain.orders import OrderState
from doorstep.domain.shipments import ShipmentStatus
from doorstep.models.codec_json import order_state
from doorstep.models.orders import CheckpointRow, OrderLineRow, OrderRow, ShipmentRow
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.complaints import complaints_of
from doorstep.models.reading.goods import Checkpoint, Line, Order, Shipment
from doorstep.models.reading.rows import ORDER_REFS, ORDERS_OF_JOURNEY, rows, whole

_ORDERS = whole(OrderRow, ORDERS_OF_JOURNEY, order=(col(OrderRow.created_at), col(OrderRow.id)))
_LINES = whole(OrderLineRow, col(OrderLineRow.order_ref).in_(ORDER_REFS))
_SHIPMENTS = whole(ShipmentRow, col(ShipmentRow.order_ref).in_(ORDER_REFS), order=(col(ShipmentRow.ref),))
_CHECKPOINTS = whole(
    CheckpointRow,
    col(CheckpointRow.shipment_ref).in_(
        select(col(ShipmentRow.ref)).where(col(ShipmentRow.order_ref).in_(ORDER_REFS))
    ),
    order=(col(CheckpointRow.at).desc(), col(CheckpointRow.id).desc()),
)
_OVER = (ShipmentStatus.DELIVERED, ShipmentStatus.CANCELLED, ShipmentStatus.RETURNED_TO_SENDER)
BY_ORDER = (_ORDERS, _LINES, _SHIPMENTS, _CHECKPOINTS)
"""What is asked of the journey's `order`."""


def orders_of(
    session: Session, order_ref: str, clock: Clock, about: Mapping[str, str] = MappingProxyType({})
) -> list[Order]:
    """The journey's own order first, then exchanges that joined it, oldest first. `about`: as `complaints_of`."""
    found = sorted(rows(session, _ORDERS, order=order_ref), key=lambda row: row.id != order_ref)
    held: dict[str, list[Any]] = defaultdict(list)
    for line in rows(session, _LINES, order=order_ref):
        held[line.order_ref].append(line)
    return [_order(row, held[row.id], about, clock, own=row.id == order_ref) for row in found]


def _order(
    row: Any, lines: Sequence[Any], about: Mapping[str, str], clock: Clock, *, own: bool = True
) -> Order:
    state = order_state(row.state)
    views = _lines(state, lines)
    return Order(
        ref=row.id,
        number=row.number,
        external_id=row.external_id,
        exchange_of=row.parent_ref,
        currency=row.currency,
        total_minor=row.total_minor,
        kept_minor=sum(line.kept * line.price_minor for line in views),
        placed=clock.maybe(row.placed_at),
        shipped=state.shipped,
        delivered=clock.maybe(state.delivered_at),
        cancelled=clock.maybe(state.cancelled_at),
        # An exchange's are the journey's own order's too, where the gate reads them. Its copy may lag behind: what
        # settles a complaint is often told of the order alone.
        open_complaint=own and state.open_complaint,
        complaints=complaints_of(state, about, clock) if own else [],
        status_url=row.status_url,
        lines=views,
    )


def _lines(state: OrderState, rows_: Sequence[Any]) -> list[Line]:
    """Lines in the order's own sequence; one that only one of state and table knows is shown all the same."""
    shown = {row.ref: row for row in rows_}
    known = {line.ref: line for line in state.lines}
    refunded = _pieces(lines for lines in state.refunds.values())
    returned = _pieces(back.lines for back in state.returns.values() if not back.cancelled)
    received = _pieces(back.received for back in state.returns.values())
    made = []
    for ref in [*known, *(ref for ref in sorted(shown) if ref not in known)]:
        line, row = known.get(ref), shown.get(ref)
        quantity = line.quantity if line is not None else row.quantity if row is not None else 0
        kept = remaining = quantity
        if state.cancelled_at is not None:
            kept = remaining = 0
        elif line is not None:
            kept, remaining = state.kept(line), state.remains(line)
        made.append(
            Line(
                ref=ref,
                title=row.title if row is not None else "",
                sku=row.sku if row is not None else "",
                product_ref=line.product_ref
                if line is not None
                else row.product_ref
                if row is not None
                else "",
                quantity=quantity,
                kept=kept,
                remaining=remaining,
                refunded=refunded.get(ref, 0),
                returned=returned.get(ref, 0),
                received=received.get(ref, 0),
                price_minor=line.price_minor
                if line is not None
                else row.price_minor
                if row is not None
                else 0,
            )
        )
    return made


def _pieces(groups: Any) -> dict[str, int]:
    counted: dict[str, int] = defaultdict(int)
    for lines in groups:
        for ref, pieces in lines:
            counted[ref] += pieces
    return counted


def shipments_of(session: Session, order_ref: str, clock: Clock, now: datetime) -> list[Shipment]:
    """The parcels of the journey of that order in the order they were first heard of, each with its scans."""
    found = rows(session, _SHIPMENTS, order=order_ref)
    scans: dict[str, list[Any]] = defaultdict(list)
    for scan in rows(session, _CHECKPOINTS, order=order_ref) if found else ():
        scans[scan.shipment_ref].append(scan)
    # A parcel's first scan says which came first; its own reference says nothing.
    found = sorted(found, key=lambda row: (scans[row.ref][-1].at if scans[row.ref] else now, row.ref))
    return [_shipment(row, scans[row.ref], clock, now) for row in found]


def _shipment(row: Any, scans: Sequence[Any], clock: Clock, now: datetime) -> Shipment:
    overdue = row.expect_next_by is not None and row.expect_next_by < now and row.status not in _OVER
    return Shipment(
        ref=row.ref,
        order_ref=row.order_ref,
        carrier=row.carrier,
        tracking_number=row.tracking_number,
        tracking_url=row.tracking_url,
        status=row.status,
        substatus=row.substatus,
        status_at=clock.maybe(row.status_at),
        expected=clock.maybe(row.expected_at),
        expect_next_by=clock.maybe(row.expect_next_by),
        silent=overdue,
        delivered=clock.maybe(row.delivered_at),
        lines=[(str(ref), int(pieces)) for ref, pieces in row.lines],
        checkpoints=[
            Checkpoint(status=scan.status, substatus=scan.substatus, at=clock.moment(scan.at))
            for scan in scans
        ],
    )
