"""Topics beside orders and parcels, and bodies that are none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.sources.bodies import CONTEXT, RECEIVED, order, read

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


REDACT = {
    "shop_id": 1,
    "shop_domain": "tea.myshopify.com",
    "customer": {"id": 4711, "email": "ada@example.com"},
    "orders_to_redact": [],
}


DATA_REQUEST: dict[str, Any] = {
    "shop_id": 1,
    "shop_domain": "tea.myshopify.com",
    "orders_requested": [],
    "customer": {"id": 4711, "email": "ada@example.com"},
    "data_request": {"id": 9},
}
SHOP_REDACT: dict[str, Any] = {"shop_id": 1, "shop_domain": "tea.myshopify.com"}


@pytest.mark.parametrize("body", [order(), {k: v for k, v in REDACT.items() if k != "shop_domain"}])
def test_another_body_under_the_redaction_topic_erases_nobody(body: dict[str, Any]) -> None:
    """The topic is an unsigned header: a replayed order under it is no request for erasure."""
    with pytest.raises(Unreadable, match="no request for erasure"):
        read("customers/redact", body)


def test_privacy_requests_are_never_overlooked() -> None:
    """A redaction ends the person's journeys, a data request goes on record, a shop that leaves takes all along."""
    for topic, body, type_ in (
        ("customers/redact", REDACT, "customer.erased"),
        ("customers/data_request", DATA_REQUEST, "customer.data_requested"),
    ):
        told = read(topic, body)
        assert types(told) == [type_]
        assert told.events[0].person is not None
        assert "4711" not in told.events[0].fact_key
    assert read("shop/redact", SHOP_REDACT).shop_left == RECEIVED


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("customers/redact", DATA_REQUEST),
        ("customers/data_request", REDACT),
        ("customers/data_request", order()),
        ("customers/data_request", {"shop_domain": "x.myshopify.com"}),
        ("shop/redact", REDACT),
        ("shop/redact", DATA_REQUEST),
        ("shop/redact", order()),
        ("shop/redact", {"shop_id": 1}),
    ],
)
def test_a_signed_body_under_another_privacy_topic_does_nothing(topic: str, body: dict[str, Any]) -> None:
    """A request for a copy, replayed under the erasure topic, erases nobody; no body at all empties a shop."""
    with pytest.raises(Unreadable):
        read(topic, body)


def test_a_shop_can_be_forgotten_by_its_own_connection_only() -> None:
    context = replace(CONTEXT, shop_domain="own.myshopify.com")
    with pytest.raises(Unreadable, match="another shop"):
        read("shop/redact", SHOP_REDACT, "wh", context)


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


def test_a_products_link_leads_where_the_connection_says() -> None:
    """The shop's domain is the connection's own, whatever an unsigned header claims."""
    context = replace(CONTEXT, shop_domain="own.myshopify.com")
    body = {"id": 7001, "title": "Teapot", "handle": "teapot"}
    told = read("products/update", body, "wh", context, **{"X-Shopify-Shop-Domain": "evil.myshopify.com"})
    assert told.products[0].url == "https://own.myshopify.com/products/teapot"
