"""What fulfilments, their events and refunds tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.sources.bodies import CONTEXT, ORDER, fulfilment, line, order, read, refund, scan

from doorstep.domain.ids import shipment_ref
from doorstep.domain.shipments import ShipmentStatus
from doorstep.errors import Unreadable
from doorstep.sources import keys
from doorstep.sources.shopify import Shopify
from doorstep.sources.shopify.words import SCANS

PARCEL = shipment_ref("sto_1", "31")


def told(topic: str, body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(e.type, dict(e.data)) for e in read(topic, body).events]


def test_a_label_is_not_yet_a_parcel_on_its_way() -> None:
    """A tracked fulfilment is `pre_transit` until a carrier scans it, and silence is due after three days."""
    events = told("fulfillments/create", fulfilment())
    assert events == [
        ("shipment.created", {"lines": [["1", 2], ["2", 2]]}),
        ("shipment.pre_transit", {"substatus": "fulfilled", "expect_next_by": "2026-03-05T08:00:00Z"}),
    ]


def test_an_untracked_parcel_is_on_its_way_by_the_shops_word() -> None:
    """Nobody will ever scan it: `in_transit`, and no silence is suspicious."""
    untracked = fulfilment(tracking_number=None, tracking_url=None, tracking_company=None)
    assert told("fulfillments/create", untracked)[1] == ("shipment.in_transit", {"substatus": "untracked"})


@pytest.mark.parametrize("status", ["pending", "open", "error", "failure"])
def test_a_fulfilment_that_has_not_succeeded_is_only_a_parcel_to_be(status: str) -> None:
    assert [t for t, _ in told("fulfillments/create", fulfilment(status=status))] == ["shipment.created"]


def test_a_cancelled_fulfilment_is_a_cancelled_shipment() -> None:
    events = told("fulfillments/update", fulfilment(status="cancelled", shipment_status="in_transit"))
    assert [t for t, _ in events] == ["shipment.created", "shipment.cancelled"]


@pytest.mark.parametrize("word", sorted(SCANS))
def test_every_word_of_shopify_is_a_status_of_ours(word: str) -> None:
    """The event and the fulfilment's own field say the same; delivered expects nothing more."""
    status, substatus = SCANS[word]
    event = read("fulfillment_events/create", scan(word)).events[0]
    assert (event.type, event.subject, event.order_ref is not None) == (f"shipment.{status}", PARCEL, True)
    assert event.data.get("substatus", "") == substatus
    assert ("expect_next_by" in event.data) is (status is not ShipmentStatus.DELIVERED)
    at = "2026-03-02T18:00:00+01:00"
    field = read("fulfillments/update", fulfilment(shipment_status=word, updated_at=at)).events[-1]
    assert (field.type, field.fact_key, dict(field.data)) == (event.type, event.fact_key, dict(event.data))


def test_a_scan_that_comes_again_is_another_fact() -> None:
    """In transit, exception, in transit again: were the third taken for the first, the parcel stayed troubled."""
    keys = {
        read("fulfillment_events/create", scan("in_transit", at=f"2026-03-0{d}T08:00:00Z")).events[0].fact_key
        for d in (2, 4)
    }
    assert len(keys) == 2


def test_the_carriers_estimate_travels_with_the_scan() -> None:
    body = scan("in_transit", estimated_delivery_at="2026-03-04T12:00:00+01:00")
    reading = read("fulfillment_events/create", body)
    assert reading.events[0].data["expected_at"] == "2026-03-04T11:00:00Z"
    assert reading.shipments[0].expected_at is not None


def test_an_unknown_word_is_recorded_and_nothing_is_made_of_it() -> None:
    """The word is quoted when it is plain, and only then: a sentence could hold anything."""
    reading = read("fulfillment_events/create", scan("teleported"))
    assert reading.events == ()
    assert "'teleported'" in reading.problems[0]
    assert "ada@" not in read("fulfillment_events/create", scan("left with ada@example.com")).problems[0]
    for body in (fulfilment(shipment_status="beamed"), fulfilment(status="beamed")):
        reading = read("fulfillments/update", body)
        assert "'beamed'" in reading.problems[0]
        assert reading.events[0].type == "shipment.created"


def test_tracking_is_for_the_customer_not_for_the_journey() -> None:
    """Number and link are in the sighting (the first of several); a link that is none of the web is dropped."""
    body = fulfilment(tracking_url=None, tracking_urls=["https://a.example/1", "https://b.example/2"])
    seen = read("fulfillments/create", body).shipments[0]
    assert (seen.company, seen.number, seen.url) == ("DHL", "00340000000000000001", "https://a.example/1")
    assert seen.ref == PARCEL
    assert read("fulfillments/create", fulfilment(tracking_url="javascript:alert(1)")).shipments[0].url == ""


def test_parcel_lines_are_added_up_by_line() -> None:
    body = fulfilment(line_items=[line(1, quantity=1), line(1, quantity=1), line(2, quantity=0)])
    assert told("fulfillments/create", body)[0][1] == {"lines": [["1", 2]]}


def test_a_part_that_names_no_order_is_kept_not_guessed() -> None:
    for topic, body in (
        ("fulfillments/create", fulfilment(order_id=None)),
        ("refunds/create", refund(order_id="x")),
        ("fulfillment_events/create", scan("in_transit", order_id=1.5)),
        ("fulfillment_events/create", scan("in_transit", fulfillment_id=None)),
    ):
        with pytest.raises(Unreadable):
            read(topic, body)


def test_a_refund_says_which_lines_and_how_much() -> None:
    event = read("refunds/create", refund()).events[0]
    assert (event.type, event.fact_key, event.subject) == (
        "order.refunded",
        keys.order_refunded(ORDER, "55", [["1", 1]]),
        "55",
    )
    assert event.data == {"lines": [["1", 1]], "amount_minor": 1990, "currency": "EUR"}


def test_a_refund_without_lines_takes_nothing_out_of_the_order() -> None:
    """Money alone, shipping included: a refunded fee is a negative adjustment of what the lines cost."""
    body = refund(
        refund_line_items=[], transactions=[], order_adjustments=[{"amount": "-4.90", "tax_amount": "-0.93"}]
    )
    inside = read("orders/updated", order(refunds=[body])).events[-1]
    assert inside.data == {"lines": [], "amount_minor": 583, "currency": "EUR"}


def test_an_amount_that_cannot_be_read_does_not_hide_the_refund() -> None:
    reading = read(
        "refunds/create", refund(transactions=[{"kind": "refund", "amount": "viel", "currency": "EUR"}])
    )
    assert reading.events[0].data["lines"] == [["1", 1]]
    assert reading.problems == ("refund: an amount or its currency cannot be read.",)


def test_a_refund_of_less_than_nothing_is_noted_and_the_refund_counts() -> None:
    told = read(
        "refunds/create", refund(transactions=[{"kind": "refund", "amount": "-4.90", "currency": "EUR"}])
    )
    assert told.problems == ("refund: an amount or its currency cannot be read.",)
    assert told.events[0].data["amount_minor"] == 0


def test_recorded_parcels_are_read(recorded: Callable[[str], tuple[dict[str, str], dict[str, Any]]]) -> None:
    """The recorded fulfilment is pending: a parcel, not yet on its way; its event is the scan."""
    for name, expected in (
        ("fulfillments_create", ["shipment.created"]),
        ("fulfillments_update", ["shipment.created"]),
        ("fulfillment_events_create", ["shipment.in_transit"]),
    ):
        headers, body = recorded(name)
        reading = Shopify().read(headers, json.dumps(body).encode(), CONTEXT)
        assert [e.type for e in reading.events] == expected
        assert {e.subject for e in reading.events} == {shipment_ref("sto_1", "123456")}
        assert reading.problems == ()


def test_a_fulfilment_as_rest_wraps_it_is_read_too(payload: Callable[[str], bytes]) -> None:
    body = payload("shopify/rest_fulfillment_two_urls.json")
    reading = Shopify().read({"X-Shopify-Topic": "fulfillments/create"}, body, CONTEXT)
    assert [e.type for e in reading.events] == ["shipment.created", "shipment.pre_transit"]
    assert len(reading.shipments[0].lines) == 3
