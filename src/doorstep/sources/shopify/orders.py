"""A whole order, under whatever topic: every order topic carries the same body, only the header tells them apart.

So each order webhook tells `order.placed` (one fact key; the first heard counts), what the body says beyond that
(cancelled, fulfilled, refunded), and, unless it is `orders/create`, that the order is now as the body says
(`order.updated`, keyed by `updated_at` and lines).
Shape: https://shopify.dev/docs/api/admin-rest/latest/resources/order.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from doorstep.errors import Unreadable
from doorstep.sources import keys
from doorstep.sources import person as contact
from doorstep.sources.draft import Draft, line_data
from doorstep.sources.shopify import customer
from doorstep.sources.shopify.fulfilments import read_fulfilment
from doorstep.sources.shopify.refunds import read_refund
from doorstep.sources.shopify.words import CANCEL_REASONS, exact_id
from doorstep.sources.sightings import LineSighting, OrderSighting, ProductSighting
from doorstep.sources.values import (
    count,
    currency,
    first,
    instant,
    items,
    minor,
    number_id,
    text,
    truth,
    word,
)


def read_order(body: Mapping[str, Any], topic: str, order: str | None, draft: Draft, test: bool) -> None:
    """`order` is the exact id; `test` whether the delivery itself was marked a test."""
    if order is None:
        raise Unreadable("The order has no id.", mend="Look at the stored webhook and redrive it.")
    sighting = _sight(body, order, draft, test)
    draft.orders[order] = sighting
    if sighting.whole:
        _placed(sighting, draft)
        if topic != "orders/create":
            lines = line_data(sighting.lines)
            draft.event(
                "order.updated",
                keys.order_updated(order, sighting.updated_at, lines),
                sighting.updated_at,
                order=order,
                data={"lines": lines},
                person=sighting.person,
            )
        customer.consents(body, sighting.person, draft, sighting.placed_at)
    _cancelled(body, topic, sighting, draft)
    for n, fulfilment in enumerate(items(body.get("fulfillments"))):
        read_fulfilment(fulfilment, order, draft, f"fulfillments[{n}]")
    for n, refund in enumerate(items(body.get("refunds"))):
        read_refund(refund, order, draft, sighting.currency, f"refunds[{n}]")


def _placed(sighting: OrderSighting, draft: Draft) -> None:
    draft.event(
        "order.placed",
        keys.order_placed(sighting.external_id),
        sighting.placed_at,
        order=sighting.external_id,
        data={
            "total_minor": sighting.total_minor,
            "currency": sighting.currency,
            "lines": line_data(sighting.lines),
        },
        person=sighting.person,
    )


def _cancelled(body: Mapping[str, Any], topic: str, sighting: OrderSighting, draft: Draft) -> None:
    at = sighting.cancelled_at
    if at is None:
        if topic == "orders/cancelled":  # a header says so, which nobody signed
            draft.problem("cancelled_at: missing; the topic alone cancels nothing.")
        return
    reason = body.get("cancel_reason")
    if reason is not None and not (isinstance(reason, str) and reason in CANCEL_REASONS):
        draft.problem(f"cancel_reason: '{word(reason)}' is no reason that Doorstep knows.")
        reason = "other"
    draft.event(
        "order.cancelled",
        keys.order_cancelled(sighting.external_id),
        at,
        order=sighting.external_id,
        data={"reason": reason} if reason else {},
        person=sighting.person,
    )


def _times(body: Mapping[str, Any], draft: Draft) -> tuple[datetime, datetime]:
    """(placed, updated). `processed_at` is when the customer ordered, also for an order imported later, whose
    `created_at` is the import; it may be null."""
    placed = first((instant(body.get("processed_at")), instant(body.get("created_at"))))
    if placed is None:
        draft.problem("created_at: no instant with an offset; taken from when the webhook came.")
        placed = draft.context.received_at
    return placed, instant(body.get("updated_at")) or placed


def _sight(body: Mapping[str, Any], order: str, draft: Draft, test: bool) -> OrderSighting:
    code = currency(body.get("currency")) or currency(draft.context.currency)
    total = minor(body.get("total_price"), code)
    whole = isinstance(body.get("line_items"), list)
    if not whole:
        draft.problem("line_items: missing; this is not a whole order.")
    elif total is None:
        draft.problem("total_price or currency: cannot be read.")
    placed, updated = _times(body, draft)
    person = customer.person_of(body, draft.context.country)
    address = customer.address(body.get("shipping_address"), draft.context.country)
    url = text(body.get("order_status_url"), 2000)
    return OrderSighting(
        external_id=order,
        ref=draft.order_ref(order),
        number=text(body.get("name"), 64) or (number_id(body.get("order_number")) or ""),
        currency=code,
        total_minor=total or 0,
        placed_at=placed,
        updated_at=updated,
        cancelled_at=instant(body.get("cancelled_at")),
        email=first((contact.email(body.get("email")), contact.email(body.get("contact_email")))),
        phone=contact.phone(body.get("phone"), address.country or draft.context.country),
        locale=contact.locale(body.get("customer_locale")),
        address=address,
        person=person,
        lines=_lines(body, code, draft),
        status_url=url if url.startswith("https://") else "",
        test=test or truth(body.get("test")),
        whole=whole,
    )


def _lines(body: Mapping[str, Any], code: str, draft: Draft) -> tuple[LineSighting, ...]:
    found: dict[str, LineSighting] = {}
    for n, item in enumerate(items(body.get("line_items"))):
        ref, quantity = exact_id(item, "LineItem"), count(item.get("quantity"))
        if ref is None or quantity is None or ref in found:
            draft.problem(f"line_items[{n}]: no id of its own, or no quantity.")
            continue
        current = count(item.get("current_quantity"))  # absent before API 2021-04
        price = minor(item.get("price"), code)
        if price is None:
            draft.problem(f"line_items[{n}].price: cannot be read.")
        found[ref] = LineSighting(
            ref=ref,
            product_ref=number_id(item.get("product_id")) or "",  # null for a custom line
            quantity=quantity,
            current=quantity if current is None else current,
            title=text(item.get("title")) or text(item.get("name")),
            variant=text(item.get("variant_title")),
            sku=text(item.get("sku"), 128),
            price_minor=price or 0,
            requires_shipping=item.get("requires_shipping") is not False,
        )
        _product(found[ref], price, code, draft)
    return tuple(found.values())


def _product(line: LineSighting, price: int | None, code: str, draft: Draft) -> None:
    """The catalogue as the order shows it; a product's own webhook knows more and is kept where it does."""
    if line.product_ref:
        draft.products.setdefault(
            line.product_ref,
            ProductSighting(
                ref=line.product_ref,
                title=line.title or None,
                price_minor=price,
                currency=code if price is not None else None,
            ),
        )
