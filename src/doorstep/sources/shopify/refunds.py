"""Refunds, from their own webhook or from an order's `refunds[]`: the same fact with the same content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorstep.sources import keys
from doorstep.sources.draft import Draft
from doorstep.sources.shopify.words import exact_id
from doorstep.sources.values import count, currency, first, instant, items, mapping, minor, number_id


def read_refund(
    body: Mapping[str, Any], order: str | None, draft: Draft, fallback: str = "", path: str = "refund"
) -> None:
    """`fallback` is the order's currency, for the refunds that name none."""
    refund = exact_id(body, "Refund")
    at = instant(body.get("processed_at")) or instant(body.get("created_at"))
    if refund is None or at is None or order is None:
        draft.problem(f"{path}: no id, no order or no time.")
        return
    code = _currency(body) or fallback or currency(draft.context.currency)
    amount = _amount(body, code)
    if amount is None or amount < 0:
        draft.problem(f"{path}: an amount or its currency cannot be read.")
    lines = _lines(body, draft, path)
    draft.event(
        "order.refunded",
        keys.order_refunded(order, refund, lines),
        at,
        order=order,
        subject=refund,
        data={
            "lines": lines,
            "amount_minor": max(0, amount or 0),
            "currency": code,
        },
    )


def _lines(body: Mapping[str, Any], draft: Draft, path: str) -> list[list[Any]]:
    found: dict[str, int] = {}
    for n, item in enumerate(items(body.get("refund_line_items"))):
        # `line_item_id` may be rounded where the nested line's GID is exact
        ref = exact_id(mapping(item.get("line_item")), "LineItem") or number_id(item.get("line_item_id"))
        quantity = count(item.get("quantity"))
        if ref is None or quantity is None:
            draft.problem(f"{path}.refund_line_items[{n}]: no line or no quantity.")
        elif quantity:
            found[ref] = found.get(ref, 0) + quantity
    return [list(line) for line in sorted(found.items())]


def _paid_back(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        t
        for t in items(body.get("transactions"))
        if t.get("kind") == "refund" and t.get("status") in ("success", "pending", None)
    ]


def _currency(body: Mapping[str, Any]) -> str:
    lines = items(body.get("refund_line_items"))
    named = [t.get("currency") for t in _paid_back(body)]
    named += [
        mapping(mapping(line.get("subtotal_set")).get("shop_money")).get("currency_code") for line in lines
    ]
    named.append(mapping(mapping(body.get("total_duties_set")).get("shop_money")).get("currency_code"))
    return first(currency(n) for n in named) or ""


def _amount(body: Mapping[str, Any], code: str) -> int | None:
    """What the customer gets back: the sum of the transactions; where none is listed (recorded deliveries have
    `[]`), the lines with their tax, less the adjustments (a refunded shipping fee is a *negative* adjustment).
    `subtotal` and `total_tax` are JSON numbers, every other amount is a string."""
    if paid := _paid_back(body):
        amounts = [minor(t.get("amount"), code) for t in paid]
        return None if None in amounts else sum(a for a in amounts if a is not None)
    parts: list[int | None] = []
    for line in items(body.get("refund_line_items")):
        parts += [minor(line.get("subtotal", 0), code), minor(line.get("total_tax") or 0, code)]
    for adjustment in items(body.get("order_adjustments")):
        for key in ("amount", "tax_amount"):
            part = minor(adjustment.get(key) or 0, code)
            parts.append(None if part is None else -part)
    return None if None in parts else max(0, sum(p for p in parts if p is not None))
