"""Whatever the bytes, a source answers with a reading or refuses with its own error; and what it reads is sound."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sources.bodies import (
    CONTEXT,
    RECEIVED,
    SIGNED_ORDER,
    fulfilment,
    order,
    refund,
    scan,
    signed_event,
)

from doorstep.domain.events import Envelope, parse
from doorstep.domain.orders import OrderState
from doorstep.errors import NotJson, SignatureInvalid, Unreadable
from doorstep.sources.base import Reading, Source
from doorstep.sources.shopify import Shopify
from doorstep.sources.signed import Signed

SHOPIFY: list[tuple[str, Any]] = [
    ("orders/create", order(cancelled_at="2026-03-02T10:00:00Z", cancel_reason="customer")),
    ("orders/updated", order(fulfillments=[fulfilment(shipment_status="delayed")], refunds=[refund()])),
    ("fulfillments/update", fulfilment(shipment_status="in_transit")),
    ("fulfillment_events/create", scan("delivered", estimated_delivery_at="2026-03-04T10:00:00Z")),
    ("refunds/create", refund(transactions=[], order_adjustments=[{"amount": "-1", "tax_amount": 0}])),
    ("products/update", {"id": 1, "title": "x", "variants": [{"price": "1"}], "handle": "x"}),
    (
        "customers/redact",
        {
            "shop_domain": "a.myshopify.com",
            "customer": {"id": 1, "email": "a@b.example", "phone": "+4930901820"},
        },
    ),
]
SIGNED: list[Any] = [
    SIGNED_ORDER,
    signed_event(person={"id": "1", "email": "a@b.example", "zone": "Europe/Berlin", "country": "DE"}),
    signed_event("shipment.in_transit", subject="31", data={"expected_at": "2026-03-05T10:00:00Z"}),
    signed_event("order.refunded", subject="5", data={"lines": [["1", 1]], "amount_minor": 5}),
    signed_event("consent.granted", person={"email": "a@b.example"}, data={"channel": "email"}),
    {"type": "product.updated", "subject": "p", "data": {"price_minor": 5, "currency": "EUR"}},
    {"events": [SIGNED_ORDER, signed_event()]},
]
#: what has broken parsers before, beside anything JSON can hold
NASTY = st.sampled_from(
    [
        None, True, 0, -1, 2**63, 10**400, 1.5, 1e308, "", " ", "\x00", "\ud800", "\u202e", "NaN", "1e999999",
        "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-02-30T00:00:00Z", "2026-03-01", "x" * 5000,
        "gid://shopify/Order/0", "ada@example.com", [], {}, [[]], [None], {"": None}, "١٢٣", "²", "-0", "Infinity",
    ]
)  # fmt: skip
ANYTHING = NASTY | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a JSON document."""
    found = [at]
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        found += places(inner, (*at, key))
    return found


@st.composite
def mutated(draw: st.DrawFn, document: Any) -> Any:
    """The document with one to four of its values replaced or removed."""
    made = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 4))):
        paths = [p for p in places(made) if p]
        if not paths:
            break
        path = draw(st.sampled_from(paths))
        holder = made
        for key in path[:-1]:
            holder = holder[key]
        if draw(st.booleans()):
            holder[path[-1]] = copy.deepcopy(draw(ANYTHING))  # the sampled ones are shared
        else:
            del holder[path[-1]]
    return made


def sound(reading: Reading) -> None:
    """Every event parses as its class, in UTC, as JSON that any database takes; the order's state follows."""
    state = OrderState()
    assert len({e.fact_key for e in reading.events}) == len(reading.events)
    assert len({e.external_id for e in reading.events}) == len(reading.events)
    for e in reading.events:
        assert e.occurred_at.tzinfo is UTC
        json.dumps([e.fact_key, e.subject, e.data], allow_nan=False, ensure_ascii=False).encode()
        envelope = Envelope(
            id=e.external_id,
            fact_key=e.fact_key,
            type=e.type,
            occurred_at=e.occurred_at,
            received_at=RECEIVED,
            connection="con_1",
            subject=e.subject,
            data=e.data,
        )
        parse(envelope)
        state = state.apply(envelope)
    for text in (*reading.problems, reading.ignored):
        text.encode()
        assert "@" not in text
    for seen in reading.orders:
        assert abs(seen.total_minor) < 2**63
        assert "\x00" not in f"{seen.number}{seen.address.name}{seen.person.first_name}"


def answers(source: Source, headers: dict[str, str], body: bytes) -> None:
    """A sound reading, or a refusal of its own kind that quotes nobody's address."""
    said = ""
    try:
        sound(source.read(headers, body, CONTEXT))
    except (NotJson, Unreadable) as refused:
        said = str(refused)
    assert "@" not in said


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


FUZZ = settings(max_examples=70, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(("topic", "body"), SHOPIFY, ids=lambda v: v if isinstance(v, str) else "")
def test_no_shopify_body_crashes_the_reading(topic: str, body: Any) -> None:
    @FUZZ
    @given(mutated(body))
    def holds(changed: Any) -> None:
        answers(Shopify(), {"X-Shopify-Topic": topic, "X-Shopify-Webhook-Id": "w"}, dumped(changed))

    holds()


@pytest.mark.parametrize("body", SIGNED, ids=lambda v: str(v.get("type", "batch")))
def test_no_signed_body_crashes_the_reading(body: Any) -> None:
    @FUZZ
    @given(mutated(body))
    def holds(changed: Any) -> None:
        answers(Signed(), {"webhook-id": "m", "webhook-timestamp": "1772452800"}, dumped(changed))

    holds()


@pytest.mark.parametrize(
    "name",
    [
        "orders_create",
        "orders_cancelled",
        "fulfillments_create",
        "fulfillment_events_create",
        "refunds_create",
    ],
)
def test_no_change_of_a_recorded_body_crashes_the_reading(
    name: str, recorded: Callable[[str], tuple[dict[str, str], dict[str, Any]]]
) -> None:
    headers, body = recorded(name)

    @settings(FUZZ, max_examples=25)
    @given(mutated(body))
    def holds(changed: Any) -> None:
        answers(Shopify(), headers, dumped(changed))

    holds()


@FUZZ
@given(st.binary(max_size=200), st.text(max_size=40), st.text(max_size=40), st.text(max_size=60))
def test_no_bytes_and_no_headers_crash_a_source(body: bytes, one: str, two: str, three: str) -> None:
    """Neither the check of the signature nor the reading."""
    for source in (Shopify(), Signed()):
        headers = {"webhook-id": one, "webhook-timestamp": two, "webhook-signature": three}
        headers |= {"X-Shopify-Topic": one, "X-Shopify-Webhook-Id": two, "X-Shopify-Hmac-Sha256": three}
        with pytest.raises(SignatureInvalid):
            source.verify(headers, body, ["whsec_AAAA", "ü", "\ud800", three], RECEIVED)
        source.delivery_id(headers, body).encode()
        answers(source, headers, body)
