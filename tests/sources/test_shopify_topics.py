"""Topics beside orders and parcels, and bodies that are none."""

from __future__ import annotations

import pytest
from tests.sources.bodies import CONTEXT, RECEIVED, read

from doorstep.errors import NotJson, Unreadable
from doorstep.sources.base import Reading, SourceContext
from doorstep.sources.shopify import Shopify


def types(reading: Reading) -> list[str]:
    return [e.type for e in reading.events]


def test_a_body_that_is_no_json_is_refused_and_one_that_is_no_order_is_kept() -> None:
    headers = {"X-Shopify-Topic": "orders/create"}
    for body in (b"", b"{", b"\xff", b'{"id": NaN}', b"[" * 100_000, b"1" * 5000):
        with pytest.raises(NotJson) as refused:
            Shopify().read(headers, body, CONTEXT)
        assert refused.value.__suppress_context__  # the parser's message quotes the body
    for body in (b"[]", b'"x"', b"{}", b'{"id": true}', b'{"id": -1}'):
        with pytest.raises(Unreadable):
            Shopify().read(headers, body, CONTEXT)


def test_a_topic_that_is_none_of_ours_is_left_alone_politely() -> None:
    told = read("carts/update", {"id": 1})
    assert told.events == told.problems == ()
    assert "'carts/update'" in told.ignored


def test_privacy_requests_are_never_overlooked() -> None:
    """A redaction ends the person's journeys; a data request waits, visibly, for a person."""
    told = read("customers/redact", {"shop_id": 1, "customer": {"id": 4711, "email": "ada@example.com"}})
    assert types(told) == ["customer.erased"]
    assert told.events[0].person is not None
    assert read("customers/data_request", {"customer": {"id": 4711}}).problems


def test_a_product_fills_the_catalogue() -> None:
    body = {
        "id": 7001,
        "title": "Teapot",
        "product_type": "kitchen",
        "handle": "teapot",
        "variants": [{"price": "19.90"}],
    }
    context = SourceContext(connection_id="c", store_id="s", received_at=RECEIVED, currency="EUR")
    told = read(
        "products/update", body, "wh", context, **{"X-Shopify-Shop-Domain": "tea.myshopify.com"}
    ).products[0]
    assert (told.ref, told.category, told.price_minor) == ("7001", "kitchen", 1990)
    assert told.url == "https://tea.myshopify.com/products/teapot"
