"""What a template may say of an order, read for one message: `templates.content.Content`, key for key.

Personal data: it goes into the message and nowhere else. Read outside the person's lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from doorstep.domain.messages import Channel
from doorstep.domain.orders import OrderState
from doorstep.domain.shipments import ShipmentStatus
from doorstep.domain.touches import TouchRequest
from doorstep.errors import NotFound
from doorstep.models.codec_json import order_state
from doorstep.models.links import Link, LinkPurpose, url
from doorstep.models.orders import OrderLineRow, OrderRow, ProductRow, ShipmentRow
from doorstep.models.people import PersonRow
from doorstep.models.prepared import prepared
from doorstep.models.stores import StoreRow
from doorstep.models.tables import table
from doorstep.templates.content import (
    Content,
    ContextContent,
    LineContent,
    LinksContent,
    OrderContent,
    ProductContent,
    ShipmentContent,
    StoreContent,
)

_persons, _stores, _orders = table(PersonRow), table(StoreRow), table(OrderRow)
_lines, _shipments, _products = table(OrderLineRow), table(ShipmentRow), table(ProductRow)


WHOLE = prepared(
    select(
        _persons.c.first_name,
        _persons.c.locale,
        _persons.c.zone,
        _stores.c.name.label("store_name"),
        _stores.c.locale.label("store_locale"),
        _stores.c.currency.label("store_currency"),
        _stores.c.brand,
        _orders,
    )
    .select_from(
        _orders.join(_stores, _stores.c.id == _orders.c.store_id).join(
            _persons, _persons.c.id == bindparam("person")
        )
    )
    .where(_orders.c.id == bindparam("order"))
)

LINES = prepared(
    select(_lines, _products.c.image_url.label("product_image"), _products.c.category.label("of_product"))
    .select_from(
        _lines.outerjoin(
            _products,
            (_products.c.store_id == _lines.c.store_id) & (_products.c.ref == _lines.c.product_ref),
        )
    )
    .where(_lines.c.order_ref == bindparam("order"))
    .order_by(_lines.c.ref)
)

PARCELS = prepared(
    select(_shipments)
    .where(
        _shipments.c.order_ref == bindparam("order"),
        _shipments.c.status != ShipmentStatus.CANCELLED.value,
    )
    .order_by(_shipments.c.created_at.is_(None), _shipments.c.created_at, _shipments.c.ref)
)

OFFERED = select(_products).where(
    _products.c.store_id == bindparam("store"),
    _products.c.ref.in_(bindparam("refs", expanding=True)),
    _products.c.in_stock.is_(True),
)


def content_of(
    connection: Connection, request: TouchRequest, channel: Channel, *, secret: bytes, base_url: str
) -> Content:
    """Everything a template may say for that touch. Raises `NotFound` when person or order are not there."""
    whole = WHOLE.first(connection, {"person": request.person_ref, "order": request.order_ref})
    if whole is None:
        raise NotFound(f"There is no order '{request.order_ref}' with a person '{request.person_ref}'.")
    state = order_state(whole.state)
    lines = _Lines(LINES.all(connection, {"order": request.order_ref}), state)
    parcels = [_parcel(row, lines) for row in PARCELS.all(connection, {"order": request.order_ref})]
    return Content(
        purpose=request.purpose.value,
        person={
            "first_name": whole.first_name or None,
            "locale": whole.locale or whole.store_locale,
            "zone": whole.zone,
        },
        order=_order(whole, lines.kept()),
        shipments=parcels,
        shipment=_named(parcels, request.occurrence),
        store=_store(whole),
        products=_offered(connection, request, whole.store_currency),
        items=lines.items(request),
        context=cast(ContextContent, dict(request.context)),
        links=_links(request, channel, secret, base_url),
    )


class _Lines:
    """The order's lines by reference, with the quantities its state knows."""

    def __init__(self, rows: list[Any], state: OrderState) -> None:
        self._state = state
        self._rows = {row.ref: row for row in rows}

    def _line(self, ref: str, quantity: int) -> LineContent:
        row = self._rows[ref]
        return LineContent(
            ref=ref,
            title=row.title,
            quantity=quantity,
            price_minor=row.price_minor,
            image_url=row.image_url or row.product_image or None,
            product_ref=row.product_ref,
            category=row.category or row.of_product or "",
        )

    def _kept(self, ref: str) -> int:
        line = self._state.line(ref)
        return self._rows[ref].quantity if line is None else self._state.kept(line)

    def kept(self) -> list[LineContent]:
        """What is still wanted of the order."""
        return [self._line(ref, n) for ref in self._rows if (n := self._kept(ref)) > 0]

    def of(self, quantities: list[Any]) -> list[LineContent]:
        """Lines by (line ref, quantity); unknown ones are left out."""
        return [self._line(ref, n) for ref, n in quantities if ref in self._rows]

    def items(self, request: TouchRequest) -> list[LineContent]:
        """The lines the request names, each once, in its order. Of a refund or return: the pieces that go
        back; else the pieces still wanted, or all that were bought when none of the named lines is: a line that
        went back since the request was made is not spoken of beside those that were kept."""
        back = self._going_back(request.occurrence)
        named: dict[str, int] = {}
        for wanted in request.items:
            for ref, row in self._rows.items():
                if wanted in (ref, row.product_ref):
                    named.setdefault(ref, back.get(ref) or self._kept(ref))
        some_left = any(named.values())
        return [
            self._line(ref, n or self._rows[ref].quantity) for ref, n in named.items() if n or not some_left
        ]

    def _going_back(self, occurrence: str) -> dict[str, int]:
        kind, _, rest = occurrence.partition(":")
        ref = rest.partition(":")[0]
        if kind == "refund":
            return dict(self._state.refunds.get(ref, ()))
        if kind == "return" and ref in self._state.returns:
            return dict(self._state.returns[ref].lines)
        return {}


def _order(whole: Any, lines: list[LineContent]) -> OrderContent:
    return OrderContent(
        number=whole.number or whole.external_id,
        placed_at=whole.placed_at or whole.created_at,
        total_minor=whole.total_minor,
        currency=whole.currency or whole.store_currency,
        lines=lines,
        status_url=whole.status_url or None,
    )


def _parcel(row: Any, lines: _Lines) -> ShipmentContent:
    return ShipmentContent(
        ref=row.ref,
        carrier=row.carrier or None,
        tracking_number=row.tracking_number or None,
        tracking_url=row.tracking_url or None,
        status=row.status,
        substatus=row.substatus,
        expected_at=row.expected_at,
        delivered_at=row.delivered_at,
        lines=lines.of(row.lines),
    )


def _named(parcels: list[ShipmentContent], occurrence: str) -> ShipmentContent | None:
    """The parcel an occurrence such as `shipment:<ref>:delivered` names, else the only one there is."""
    named = set(occurrence.split(":"))
    for parcel in parcels:
        if parcel["ref"] in named:
            return parcel
    return parcels[0] if len(parcels) == 1 else None


def _store(whole: Any) -> StoreContent:
    brand: Mapping[str, Any] = whole.brand or {}
    return cast(StoreContent, {**brand, "name": brand.get("name") or whole.store_name})


def _offered(connection: Connection, request: TouchRequest, currency: str) -> list[ProductContent]:
    if not request.offered:
        return []
    rows = connection.execute(OFFERED, {"store": request.store_id, "refs": list(request.offered)})
    found = {row.ref: row for row in rows}
    return [
        ProductContent(
            ref=ref,
            title=found[ref].title,
            price_minor=found[ref].price_minor,
            currency=found[ref].currency or currency,
            url=found[ref].url or None,
            image_url=found[ref].image_url or None,
        )
        for ref in request.offered
        if ref in found
    ]


def _links(request: TouchRequest, channel: Channel, secret: bytes, base_url: str) -> LinksContent:
    def link(purpose: LinkPurpose, *, order: str = "", by: str = "") -> str:
        said = Link(
            purpose=purpose,
            store_id=request.store_id,
            person_ref=request.person_ref,
            order_ref=order,
            channel=by,
        )
        return url(base_url, secret, said)

    return LinksContent(
        unsubscribe=link(LinkPurpose.UNSUBSCRIBE, order=request.order_ref, by=channel.value),
        preferences=link(LinkPurpose.PREFERENCES),
        tracking=link(LinkPurpose.TRACKING, order=request.order_ref),
        review=link(LinkPurpose.REVIEW, order=request.order_ref),
    )
