"""The published schemas agree with the code that reads."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.sources.bodies import (
    ORDER,
    RECEIVED,
    SIGNED_ORDER,
    fulfilment,
    order,
    read,
    read_signed,
    refund,
    scan,
    signed_event,
)

from doorstep.domain.events import Envelope, known_types
from doorstep.sources.base import Reading
from doorstep.sources.schema import envelope_schema, signed_event_schema
from doorstep.sources.signed.outer import DERIVED
from doorstep.sources.values import stamp

ENVELOPE = Draft202012Validator(envelope_schema())
SIGNED = Draft202012Validator(signed_event_schema())

#: one example for each type the signed API takes, by what its data needs
EXAMPLES: dict[str, dict[str, Any]] = {
    "order.placed": SIGNED_ORDER,
    "order.updated": {"data": {"lines": [{"id": "1", "quantity": 2, "current": 1}]}},
    "order.refunded": {
        "subject": "55",
        "data": {"lines": [["1", 1]], "amount_minor": 1990, "currency": "EUR"},
    },
    "survey.answered": {"data": {"kind": "nps", "score": 9}},
    "review.submitted": {"data": {"rating": 5, "text": "kept, not passed on: write me, ada@example.com"}},
    "consent.granted": {"person": {"email": "ada@example.com"}, "data": {"channel": "email"}},
    "consent.withdrawn": {"person": {"id": 7}, "data": {"channel": "sms", "purpose": "marketing"}},
    "customer.zone_changed": {"person": {"id": "7"}, "data": {"zone": "America/Argentina/Buenos_Aires"}},
    "shipment.created": {"subject": "31", "data": {"lines": [["1", 2]], "tracking_number": "0034"}},
    "shipment.in_transit": {"data": {"expect_next_by": "2026-03-05T10:00:00Z", "expected_at": None}},
    "product.updated": {"subject": "p1", "data": {"title": "Coffee", "replenish_days": 30}},
}


def example(type_: str) -> dict[str, Any]:
    base = {"type": type_, "id": "evt-1", "occurred_at": "2026-03-02T11:00:00Z", "order": ORDER, "data": {}}
    return base | EXAMPLES.get(type_, {})


def envelopes(reading: Reading) -> list[dict[str, Any]]:
    """As they are passed on: JSON of the envelope's fields."""
    made = []
    for n, e in enumerate(reading.events):
        envelope = Envelope(
            id=f"evt_{n}",
            fact_key=e.fact_key,
            type=e.type,
            occurred_at=e.occurred_at,
            received_at=RECEIVED,
            connection="con_1",
            order_ref=e.order_ref,
            person_ref="per_1",
            subject=e.subject,
            data=e.data,
        )
        told = {f.name: getattr(envelope, f.name) for f in dataclasses.fields(envelope)}
        made.append(told | {k: stamp(told[k]) for k in ("occurred_at", "received_at")})
    return made


def test_a_voucher_among_the_lines_fits_both_schemas() -> None:
    voucher = {"id": "v", "quantity": 1, "price_minor": -500}
    told = {**SIGNED_ORDER, "data": {**SIGNED_ORDER["data"], "lines": [voucher]}}
    SIGNED.validate(told)
    for envelope in envelopes(read_signed(told)):
        ENVELOPE.validate(envelope)


def test_the_schemas_are_schemas() -> None:
    Draft202012Validator.check_schema(envelope_schema())
    Draft202012Validator.check_schema(signed_event_schema())


@pytest.mark.parametrize("type_", sorted({*known_types(), "product.updated"} - set(DERIVED)))
def test_every_type_has_an_example_that_the_schema_and_the_code_take(type_: str) -> None:
    """Alone and in a batch; what it is read into fits the envelope's schema."""
    body = example(type_)
    for told in (body, {"events": [body]}):
        SIGNED.validate(told)
        reading = read_signed(told)
        assert reading.problems == ()
        for envelope in envelopes(reading):
            ENVELOPE.validate(envelope)


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("orders/create", order()),
        ("orders/updated", order(cancelled_at="2026-03-02T10:00:00Z", cancel_reason="customer")),
        ("orders/updated", order(fulfillments=[fulfilment(shipment_status="delayed")], refunds=[refund()])),
        ("fulfillment_events/create", scan("in_transit", estimated_delivery_at="2026-03-04T10:00:00Z")),
        ("customers/redact", {"customer": {"id": 1}, "shop_domain": "a.myshopify.com"}),
    ],
)
def test_what_shopify_is_read_into_fits_the_envelope(topic: str, body: dict[str, Any]) -> None:
    told = envelopes(read(topic, body))
    assert told
    for envelope in told:
        ENVELOPE.validate(envelope)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"events": []},
        {"events": [signed_event()], "more": 1},
        signed_event("review.unknown"),
        signed_event("order.delivered"),
        signed_event(ordr="1"),
        signed_event(order="ada@example.com"),
        signed_event(subject="two words"),
        signed_event(data={}),
        signed_event(data={"rating": "5"}),
        signed_event(data={"rating": 11}),
        signed_event(data={"rating": 4.5}),
        signed_event(occurred_at="2026-03-02T11:00:00"),
        signed_event("order.cancelled", data={"reason": "because I said so"}),
        signed_event("order.refunded", data={"lines": [["1"]]}),
        signed_event("order.placed", data={"currency": "EUR", "lines": []}),
        signed_event("shipment.in_transit", data={"expect_next_by": "soon"}),
        {"type": "review.submitted", "data": {"rating": 5}},
        {"type": "consent.granted", "data": {"channel": "email"}},
        {"type": "consent.granted", "person": {}, "data": {"channel": "email"}},
        {"type": "product.updated", "data": {}},
    ],
)
def test_what_the_code_refuses_the_schema_refuses(body: Any) -> None:
    assert not SIGNED.is_valid(body)
    if isinstance(body, dict) and "events" not in body:
        assert read_signed(body).problems


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"rating": 5, "text": "free text"}},
        {"data": {}},
        {"type": "review.unknown"},
        {"order_ref": "5900"},
        {"occurred_at": "2026-03-02T11:00:00"},
        {"email": "ada@example.com"},
    ],
)
def test_an_envelope_holds_nothing_it_does_not_declare(change: dict[str, Any]) -> None:
    good = envelopes(read_signed(signed_event()))[0]
    ENVELOPE.validate(good)
    assert not ENVELOPE.is_valid(good | change)
