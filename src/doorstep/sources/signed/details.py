"""What single types of the signed API carry beside the envelope: whole orders, parcels, consents, products.

A whole order, as the `data` of `order.placed` (money in minor units; `order.updated` needs `lines` only)::

    {"number": "#1001", "currency": "EUR", "total_minor": 5990, "locale": "de", "test": false,
     "lines": [{"id": "l1", "product": "p1", "title": "Coffee", "variant": "1 kg", "sku": "C-1", "category": "coffee",
                "quantity": 1, "current": 1, "price_minor": 5990, "requires_shipping": true, "url": "https://…"}],
     "shipping_address": {"name": "…", "company": "", "address1": "…", "address2": "", "city": "…", "zip": "…",
                          "province": "BE", "country": "DE", "phone": "+49…"},
     "consents": [{"channel": "email", "granted": true, "at": "2026-01-02T03:04:05Z"}],
     "status_url": "https://…", "exchange_of": "an earlier order's id"}
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from doorstep.domain.events import FAMILY_MEMBERS
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.shipments import ShipmentStatus
from doorstep.domain.values import replace
from doorstep.errors import Unreadable
from doorstep.sources import keys, zones
from doorstep.sources import person as contact
from doorstep.sources.draft import Draft, line_data
from doorstep.sources.sightings import (
    Address,
    ConsentSighting,
    LineSighting,
    OrderSighting,
    PersonSighting,
    ProductSighting,
    ShipmentSighting,
)
from doorstep.sources.signed.money import line_price, noted_amount
from doorstep.sources.values import amount, count, currency, instant, items, opaque_id, text, truth, web_url

SOURCE = "api"
_MAX_LINES = 1000


def own_key(type_: str, order: str | None, subject: str | None, data: Mapping[str, Any]) -> str | None:
    """The fact key shared with other sources, where the type has one."""
    if type_ == "order.cancelled" and order:
        return keys.order_cancelled(order)
    if type_ == "order.refunded" and order and subject:
        return keys.order_refunded(order, subject, data.get("lines") or ())
    return None


# --- orders ----------------------------------------------------------------------------------------


def address(value: Any, store_country: str) -> Address:
    """`shipping_address`; `country` and `province` are codes."""
    found = value if isinstance(value, dict) else {}
    country = contact.country_code(found.get("country"))
    return Address(
        **{key: text(found.get(key)) for key in ("name", "company", "address1", "address2", "city")},
        zip=text(found.get("zip"), 32),
        province=text(found.get("province"), 16).upper(),
        country=country,
        phone=contact.phone(found.get("phone"), country or store_country),
    )


def order(
    type_: str,
    external_id: str,
    at: datetime,
    data: Mapping[str, Any],
    where: Address,
    person: PersonSighting | None,
    draft: Draft,
    path: str,
) -> OrderSighting:
    """The order's sighting, added to the draft with its products and consents. `order.updated` is not whole:
    it says lines only. Raises `Unreadable`."""
    whole = type_ == "order.placed"
    code = currency(data.get("currency")) or (currency(draft.context.currency) if not whole else "")
    if whole and not code:
        what = "no currency" if data.get("currency") else "missing"
        raise Unreadable(
            f"data.currency is {what}.", mend="Name the currency of the order's amounts, such as EUR."
        )
    lines = _lines(data.get("lines"), code, draft, path)
    number = text(data.get("number"), 64)
    sighting = OrderSighting(
        external_id=external_id,
        ref=draft.order_ref(external_id),
        number=number or external_id,
        currency=code,
        total_minor=amount(data.get("total_minor")) or 0,
        placed_at=at,
        updated_at=at,
        email=person.email if person else None,
        phone=person.phone if person else None,
        locale=contact.locale(data.get("locale")) or (person.locale if person else ""),
        address=where,
        person=person or PersonSighting(),
        lines=lines,
        status_url=web_url(data.get("status_url")),
        exchange_of=opaque_id(data.get("exchange_of")),
        test=truth(data.get("test")),
        whole=whole,
    )
    draft.orders[external_id] = _merged(draft.orders.get(external_id), sighting)
    for n, one in enumerate(items(data.get("consents"))):
        try:
            told_at = instant(one.get("at"))
            granted = truth(one.get("granted"))
            consent(granted, one, person, told_at or at, draft, standing=told_at is None)
        except Unreadable as refused:
            draft.problem(f"{path}.data.consents[{n}]: {refused.what}")
    return sighting


def _merged(held: OrderSighting | None, told: OrderSighting) -> OrderSighting:
    """A batch may tell an order and its edits, in any order: the whole one, with the newest lines."""
    if held is None:
        return told
    newer, older = (told, held) if told.updated_at >= held.updated_at else (held, told)
    whole = newer if newer.whole else older
    return replace(whole, lines=newer.lines, updated_at=newer.updated_at)


def order_fact(type_: str, sighting: OrderSighting, clean: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """(fact key, data) of the order's event."""
    lines = line_data(sighting.lines)
    if type_ == "order.updated":
        return keys.order_updated(sighting.external_id, sighting.updated_at, lines), {"lines": lines}
    return keys.order_placed(sighting.external_id), {
        **clean,
        "currency": sighting.currency,
        "total_minor": sighting.total_minor,
        "lines": lines,
    }


def _lines(value: Any, code: str, draft: Draft, path: str) -> tuple[LineSighting, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= _MAX_LINES:
        raise Unreadable("data.lines is no list of lines.", mend="Send every line of the order.")
    found: dict[str, LineSighting] = {}
    for n, item in enumerate(value):
        told = item if isinstance(item, dict) else {}
        ref, quantity = opaque_id(told.get("id")), count(told.get("quantity"))
        if ref is None or quantity is None or ref in found:
            draft.problem(f"{path}.data.lines[{n}]: no id of its own, or no quantity.")
            continue
        price = line_price(told.get("price_minor"), draft, f"{path}.data.lines[{n}].price_minor")
        current = count(told.get("current"))
        found[ref] = LineSighting(
            ref=ref,
            product_ref=opaque_id(told.get("product")) or "",
            quantity=quantity,
            current=quantity if current is None else current,
            title=text(told.get("title")),
            variant=text(told.get("variant")),
            sku=text(told.get("sku"), 128),
            category=_category(told.get("category")),
            price_minor=price,
            requires_shipping=told.get("requires_shipping") is not False,
        )
        if found[ref].product_ref:
            shown = {**told, "price_minor": amount(told.get("price_minor")), "currency": code}
            product(found[ref].product_ref, shown, draft, f"{path}.data.lines[{n}]")
    if not found:
        raise Unreadable("data.lines: none can be read.", mend="Each needs an id and a quantity.")
    return tuple(found.values())


def _category(value: Any) -> str:
    found = text(value, 80)
    return "" if "@" in found or "\n" in found or "\r" in found else found


# --- parcels, consents, products ---------------------------------------------------------------------


def is_parcel(type_: str) -> bool:
    """`shipment.created` or `shipment.<status>`; a store's own `shipment.…` event is none of these."""
    return type_ == "shipment.created" or type_ in FAMILY_MEMBERS


def shipment(
    parcel: str,
    type_: str,
    order: str | None,
    at: datetime,
    data: Mapping[str, Any],
    raw: Mapping[str, Any],
    draft: Draft,
) -> str:
    """Adds the parcel's sighting (`tracking_company`, `tracking_number`, `tracking_url` and `expected_at` of
    `data`); returns the event's fact key. Deadlines for silence are the sender's: `expect_next_by`, or none."""
    held = draft.shipments.get(parcel)
    lines = tuple((ref, n) for ref, n in data.get("lines", ()))
    draft.shipments[parcel] = ShipmentSighting(
        external_id=parcel,
        ref=draft.shipment_ref(parcel),
        external_order_id=order,
        at=max(at, held.at) if held else at,
        company=text(raw.get("tracking_company"), 100) or (held.company if held else ""),
        number=text(raw.get("tracking_number"), 200) or (held.number if held else ""),
        url=web_url(raw.get("tracking_url")) or (held.url if held else ""),
        lines=lines or (held.lines if held else ()),
        expected_at=instant(raw.get("expected_at")) or (held.expected_at if held else None),
    )
    if type_ == "shipment.created":
        return keys.shipment_created(parcel)
    status = ShipmentStatus(type_.removeprefix("shipment."))
    return keys.shipment_scanned(parcel, status, at, str(data.get("substatus", "")))


def consent(
    granted: bool,
    data: Mapping[str, Any],
    person: PersonSighting | None,
    at: datetime,
    draft: Draft,
    *,
    standing: bool = False,
) -> None:
    """A withdrawal without a channel is one of every channel. Raises `Unreadable` for a channel or purpose that
    does not exist, and for a grant without a channel."""
    word = data.get("channel") or ""
    try:
        channels = tuple(Channel) if not word and not granted else (Channel(word),)
        purpose = Purpose(data.get("purpose", Purpose.MARKETING))
    except ValueError:
        raise Unreadable(
            "A consent's channel or purpose does not exist.",
            mend=f"Channels: {', '.join(Channel)}; purposes: {', '.join(Purpose)}.",
        ) from None
    if person is not None:
        draft.consents.extend(
            ConsentSighting(
                person=person,
                channel=channel,
                granted=granted,
                at=at,
                source=SOURCE,
                purpose=purpose,
                standing=standing,
            )
            for channel in channels
        )


def require_zone(data: Mapping[str, Any]) -> None:
    """Raises `Unreadable` unless `zone` exists."""
    if zones.known(str(data.get("zone", ""))) is None:
        raise Unreadable("data.zone is no time zone.", mend="Use an IANA name such as 'Europe/Berlin'.")


def product(ref: str | None, data: Any, draft: Draft, path: str) -> None:
    """`product.updated`: the catalogue, no event. `subject` is the product's id."""
    if ref is None or not isinstance(data, dict):
        raise Unreadable("'product.updated' needs a 'subject' (the product's id) and 'data'.")
    price = noted_amount(data.get("price_minor"), draft, f"{path}.price_minor")
    days = count(data.get("replenish_days"))
    code = currency(data.get("currency")) or currency(draft.context.currency)
    draft.products[ref] = ProductSighting(
        ref=ref,
        title=text(data.get("title")) or None,
        category=_category(data.get("category")) or None,
        url=web_url(data.get("url")) or None,
        image_url=web_url(data.get("image_url")) or None,
        price_minor=price if code else None,
        currency=code if price is not None and code else None,
        replenish_days=days or None,
    )
