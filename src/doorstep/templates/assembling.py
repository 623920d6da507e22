"""What a template may say, put together from what is known of an order: the same for a message that goes out of the
database and for one that is only rehearsed. Pure; what is known comes in as rows (or anything shaped like them).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol, cast

from doorstep.domain.orders import OrderState
from doorstep.domain.touches import TouchRequest
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
from doorstep.templates.formats import is_currency


class Whole(Protocol):
    """The order with its person and its store. Empty text: not known."""

    first_name: str
    locale: str
    zone: str
    store_name: str
    store_locale: str
    store_currency: str
    brand: Mapping[str, Any]
    number: str
    external_id: str
    placed_at: datetime | None
    created_at: datetime
    total_minor: int
    currency: str
    status_url: str


class Line(Protocol):
    """One line as the customer reads it, with what the catalogue adds to it (`product_image`, `of_product`)."""

    ref: str
    title: str
    quantity: int
    price_minor: int
    image_url: str
    product_image: str | None
    product_ref: str
    category: str
    of_product: str | None


class Parcel(Protocol):
    """One parcel. `lines` as (line ref, quantity)."""

    ref: str
    carrier: str
    tracking_number: str
    tracking_url: str
    status: str
    substatus: str
    expected_at: datetime | None
    delivered_at: datetime | None
    lines: list[Any]


class Product(Protocol):
    """One product that can be bought now."""

    ref: str
    title: str
    price_minor: int
    currency: str
    url: str
    image_url: str


def assembled(
    request: TouchRequest,
    whole: Whole,
    state: OrderState,
    line_rows: Iterable[Line],
    parcel_rows: Iterable[Parcel],
    products: Iterable[Product],
    links: LinksContent,
) -> Content:
    """Everything a template may say for that touch. `parcel_rows`: those not cancelled, first made first;
    `products`: what `request.offered` names, as far as it can be bought, in any order."""
    lines = _Lines(line_rows, state)
    parcels = [_parcel(row, lines) for row in parcel_rows]
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
        products=_offered(request, products, whole.store_currency),
        items=lines.items(request),
        context=_context(request, whole),
        links=links,
    )


def _context(request: TouchRequest, whole: Whole) -> ContextContent:
    """What the journey gave along. A refund that names no currency is in the order's, and one that was told as 'eur' is
    in EUR: a confirmation must not wait for somebody to say it better."""
    given = dict(request.context)
    refund = given.get("refund")
    if isinstance(refund, Mapping):
        del given["refund"]
        code = str(refund.get("currency") or whole.currency or whole.store_currency).upper()
        if _sum_is_told(refund, code):
            all_of_it = {"whole": True} if _is_whole(refund, code, whole) else {}
            given["refund"] = {**refund, "currency": code, **all_of_it}
    return cast(ContextContent, given)


def _sum_is_told(refund: Mapping[str, Any], code: str) -> bool:
    """A sum that the sender left out, or that could not be read, stands as 0: its confirmation says that money goes
    back, and no sum. A refund of a store's own journey may have no sum at all."""
    if "amount_minor" not in refund:
        return True
    amount = refund["amount_minor"]
    return amount is not None and not (isinstance(amount, int) and amount <= 0) and is_currency(code)


def _is_whole(refund: Mapping[str, Any], code: str, whole: Whole) -> bool:
    """Whether that one refund is all that was paid."""
    paid = whole.total_minor if code == (whole.currency or whole.store_currency) else 0
    amount = refund.get("amount_minor")
    return isinstance(amount, int) and 0 < paid <= amount


class _Lines:
    """The order's lines by reference, with the quantities its state knows."""

    def __init__(self, rows: Iterable[Line], state: OrderState) -> None:
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


def _order(whole: Whole, lines: list[LineContent]) -> OrderContent:
    return OrderContent(
        number=whole.number or whole.external_id,
        placed_at=whole.placed_at or whole.created_at,
        total_minor=whole.total_minor,
        currency=whole.currency or whole.store_currency,
        lines=lines,
        status_url=whole.status_url or None,
    )


def _parcel(row: Parcel, lines: _Lines) -> ShipmentContent:
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


def _store(whole: Whole) -> StoreContent:
    brand: Mapping[str, Any] = whole.brand or {}
    return cast(StoreContent, {**brand, "name": brand.get("name") or whole.store_name})


def _offered(request: TouchRequest, products: Iterable[Product], currency: str) -> list[ProductContent]:
    found = {row.ref: row for row in products}
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
