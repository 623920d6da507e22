"""What a template may say of an order, read for one message: `templates.content.Content`, key for key.

Personal data: it goes into the message and nowhere else. Read outside the person's lock.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from doorstep.domain.messages import Channel
from doorstep.domain.shipments import ShipmentStatus
from doorstep.domain.touches import TouchRequest
from doorstep.errors import NotFound
from doorstep.models.addresses import address_hash
from doorstep.models.codec_json import order_state
from doorstep.models.facts import addresses_of
from doorstep.models.links import Link, LinkPurpose, covered, url
from doorstep.models.orders import OrderLineRow, OrderRow, ProductRow, ShipmentRow
from doorstep.models.people import PersonRow
from doorstep.models.prepared import prepared
from doorstep.models.stores import StoreRow
from doorstep.models.tables import table
from doorstep.templates.assembling import assembled
from doorstep.templates.content import Content, LinksContent

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
    return assembled(
        request,
        whole,
        order_state(whole.state),
        LINES.all(connection, {"order": request.order_ref}),
        PARCELS.all(connection, {"order": request.order_ref}),
        _offered(connection, request),
        links_of(
            request, channel, secret, base_url, addresses_of(connection, request.person_ref).get(channel)
        ),
    )


def _offered(connection: Connection, request: TouchRequest) -> list[Any]:
    if not request.offered:
        return []
    return list(connection.execute(OFFERED, {"store": request.store_id, "refs": list(request.offered)}))


def links_of(
    request: TouchRequest, channel: Channel, secret: bytes, base_url: str, address: str | None
) -> LinksContent:
    """The signed links of one message to that address; the address itself is in none of them."""

    def link(purpose: LinkPurpose, *, order: str = "", by: str = "") -> str:
        said = Link(
            purpose=purpose,
            store_id=request.store_id,
            person_ref=request.person_ref,
            order_ref=order,
            channel=by,
        )
        return url(base_url, secret, said)

    unsubscribe = link(LinkPurpose.UNSUBSCRIBE, order=request.order_ref, by=channel.value)
    if address is not None:
        token = unsubscribe.rpartition("/")[2]
        unsubscribe = f"{unsubscribe}?a={covered(secret, token, address_hash(secret, channel, address))}"
    return LinksContent(
        unsubscribe=unsubscribe,
        preferences=link(LinkPurpose.PREFERENCES),
        tracking=link(LinkPurpose.TRACKING, order=request.order_ref),
        review=link(LinkPurpose.REVIEW, order=request.order_ref),
    )
