"""Shopify's recorded deliveries, read where they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.sources.bodies import CONTEXT

from doorstep.sources.base import Reading
from doorstep.sources.shopify import Shopify

Recorded = Callable[[str], tuple[dict[str, str], dict[str, Any]]]


def types(reading: Reading) -> list[str]:
    return [e.type for e in reading.events]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("orders_create", ["order.placed", "order.cancelled"]),
        ("orders_paid", ["order.placed", "order.updated", "order.cancelled"]),
        ("orders_updated", ["order.placed", "order.updated", "order.cancelled"]),
        ("orders_cancelled", ["order.placed", "order.updated", "order.cancelled"]),
    ],
)
def test_recorded_orders_are_read_whole(name: str, expected: list[str], recorded: Recorded) -> None:
    """Exact ids, no problem, nothing made of "555-555-SHIP"; the sample shop's order is cancelled at creation."""
    headers, body = recorded(name)
    told = Shopify().read(headers, json.dumps(body).encode(), CONTEXT)
    assert types(told) == expected
    assert told.problems == ()
    assert told.order is not None
    assert told.order.external_id == "820982911946154508"
    assert [x.ref for x in told.order.lines] == ["866550311766439020", "141249953214522974"]
    assert told.order.person.phone is None
    assert told.order.person.zone == "America/New_York"
    assert told.order.test
    assert told.consents == ()


def test_a_recorded_refund_is_read_from_numbers(recorded: Recorded) -> None:
    """Without a transaction the amount is that of the lines, whose subtotals are JSON numbers."""
    headers, body = recorded("refunds_create")
    told = Shopify().read(headers, json.dumps(body).encode(), CONTEXT).events[0]
    assert told.subject == "890088186047892319"
    assert told.data == {
        "lines": [["141249953214522974", 1], ["866550311766439020", 1]],
        "amount_minor": 39800,
        "currency": "USD",
    }
