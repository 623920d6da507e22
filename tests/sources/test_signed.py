"""What the signed API takes, what it refuses, and what it never passes on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.sources.bodies import (
    CONTEXT,
    ORDER,
    RECEIVED,
    SIGNED_ORDER,
    order,
    read,
    read_signed,
    signed_event,
)

from doorstep.domain.ids import shipment_ref
from doorstep.domain.messages import Channel
from doorstep.errors import NotJson, Unreadable
from doorstep.sources.signed import MAX_EVENTS, Signed


def problem_of(body: Any) -> str:
    told = read_signed(body)
    assert told.events == ()
    assert len(told.problems) == 1
    return told.problems[0]


def test_an_order_told_by_us_and_by_shopify_is_one_fact() -> None:
    """Both sources give the order one reference, one fact key, the same lines."""
    ours, theirs = read_signed(SIGNED_ORDER), read("orders/create", order())
    ours_placed, theirs_placed = ours.events[0], theirs.events[0]
    assert ours_placed.fact_key == theirs_placed.fact_key
    assert ours_placed.order_ref == theirs_placed.order_ref
    assert ours_placed.data == theirs_placed.data
    assert ours.problems == ()


def test_a_whole_order_fills_the_database() -> None:
    told = read_signed(SIGNED_ORDER)
    assert told.order is not None
    assert (told.order.number, told.order.total_minor, told.order.whole) == ("#1001", 7960, True)
    assert told.order.person.email == "ada@example.com"
    assert told.order.person.zone == "Europe/Berlin"
    assert [p.ref for p in told.products] == ["7001", "7002"]
    assert [(c.channel, c.granted, c.source) for c in told.consents] == [(Channel.EMAIL, True, "api")]


def test_a_batch_is_split_and_each_event_stands_for_itself() -> None:
    """One that cannot be read is named by its place; the others go on; a repeated one counts once."""
    good, bad = signed_event(), signed_event("review.submited", id="evt-2")
    told = read_signed({"events": [SIGNED_ORDER, good, good, bad, 7, signed_event(data={"rating": 1})]})
    assert [e.type for e in told.events] == ["order.placed", "review.submitted"]
    assert told.events[1].external_id == "evt-1"
    assert [p.split(":")[0] for p in told.problems] == ["events[3]", "events[4]", "events[5].id"]
    assert "'review.submitted'" in told.problems[0]


def test_a_retry_is_the_same_event() -> None:
    """The same delivery gives the same ids; without an id of its own, an event's follows from the delivery."""
    nameless = {k: v for k, v in signed_event().items() if k != "id"}
    assert read_signed(nameless).events == read_signed(nameless).events
    again = read_signed(nameless, webhook="msg_2").events[0]
    assert again.external_id != read_signed(nameless).events[0].external_id
    assert again.fact_key == read_signed(nameless).events[0].fact_key


def test_without_a_time_it_happened_when_it_was_signed() -> None:
    told = read_signed({k: v for k, v in signed_event().items() if k != "occurred_at"})
    assert told.events[0].occurred_at == RECEIVED
    assert told.events[0].fact_key == "review.submitted:evt-1"


def test_free_text_stays_in_the_stored_webhook() -> None:
    """A review's words are accepted, kept with the raw body, and travel nowhere."""
    told = read_signed(signed_event(data={"rating": 2, "text": "My name is Ada and the lid was broken"}))
    assert told.events[0].data == {"rating": 2}
    assert "Ada" not in repr(told)
    assert told.problems == ()


def test_prose_in_a_word_field_is_left_out_and_the_event_counts() -> None:
    """A cancellation is not lost because somebody wrote a sentence as its reason."""
    told = read_signed(
        signed_event("order.cancelled", data={"reason": "called, wants ada@example.com removed"})
    )
    assert told.events[0].data == {}
    assert told.events[0].fact_key == f"order.cancelled:{ORDER}"
    assert "ada@" not in told.problems[0]


@pytest.mark.parametrize(
    ("data", "noted"),
    [
        ({"amount_minor": -5}, "event.data.amount_minor: no amount in minor units; left out."),
        ({"amount_minor": 10**15}, "event.data.amount_minor: out of range; left out."),
        ({"currency": "euros"}, "event.data.currency: no currency; left out."),
    ],
)
def test_a_refund_whose_sum_cannot_be_read_is_a_refund_all_the_same(data: dict[str, Any], noted: str) -> None:
    """The sum is noted and left out; that money went back must reach the journey, which promotes nothing then."""
    told = read_signed(signed_event("order.refunded", subject="55", data={"lines": [["1", 1]], **data}))
    assert told.problems == (noted,)
    assert [e.data for e in told.events] == [{"lines": [["1", 1]]}]


def test_a_refund_of_more_than_was_ordered_is_taken_whole() -> None:
    """A store's hand may slip; nothing of the line remains then."""
    told = read_signed(signed_event("order.refunded", subject="55", data={"lines": [["1", 900]]}))
    assert (told.problems, told.events[0].data) == ((), {"lines": [["1", 900]]})


def test_an_orders_amount_that_is_none_is_noted_and_the_order_counts() -> None:
    data = SIGNED_ORDER["data"]
    lines = [{**line, "price_minor": "1"} for line in data["lines"]]
    told = read_signed(signed_event("order.placed", data={**data, "lines": lines, "total_minor": -5}))
    assert told.events[0].data["total_minor"] == 0
    assert told.problems[:2] == (
        "event.data.total_minor: no amount in minor units; left out.",
        "event.data.lines[0].price_minor: no amount in minor units; left out.",
    )


@pytest.mark.parametrize("data", [{}, {"channel": ""}])
def test_a_withdrawal_without_a_channel_is_one_of_every_channel(data: dict[str, str]) -> None:
    """'Stop everything' names no channel; it is an event, and a withdrawal on each."""
    told = read_signed(signed_event("consent.withdrawn", person={"id": "4711"}, data=data))
    assert told.problems == ()
    assert [e.type for e in told.events] == ["consent.withdrawn"]
    assert [(c.channel, c.granted) for c in told.consents] == [(channel, False) for channel in Channel]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (signed_event("Review Submitted"), "dotted name"),
        (signed_event("reveiw.submitted"), "Did you mean 'review.submitted'"),
        (signed_event(ordr="1"), "'order'"),
        (signed_event(order=None), "names no order"),
        (signed_event(order="ada@example.com"), "'order' is no id"),
        (signed_event(subject="the blue one"), "'subject' is no id"),
        (signed_event(occurred_at="yesterday"), "'occurred_at' is no instant"),
        (signed_event(occurred_at="2026-03-02T11:00:00"), "'occurred_at' is no instant"),
        (signed_event(occurred_at="2062-03-02T11:00:00Z"), "future"),
        (signed_event(data={}), "data.rating is missing"),
        (signed_event(data={"rating": "5"}), "data.rating cannot be read"),
        (signed_event(data={"rating": True}), "data.rating cannot be read"),
        (
            signed_event("shipment.in_transit", data={"expected_at": "soon"}),
            "Send a moment with its zone, such as 2026-11-28T08:00:00+01:00, or nothing.",
        ),
        (signed_event(data={}), "Add data.rating: a whole number, such as 5."),
        (
            signed_event("order.refunded", data={"lines": [["1"]]}),
            'each of a text and a whole number, such as [["fern", 1]]',
        ),
        (signed_event("order.refunded", data={"lines": ["1"]}), "data.lines cannot be read"),
        (
            signed_event("order.placed", data=SIGNED_ORDER["data"] | {"currency": "euros"}),
            "data.currency is no currency",
        ),
        (signed_event(data={"rating": 11}), "not between 1 and 5. Send a number from 1 to 5."),
        (signed_event(data=[5]), "'data' is no JSON object"),
        (signed_event("order.delivered", data={}), "shipment.delivered"),
        (signed_event("order.placed", data={"currency": "EUR"}), "data.lines"),
        (signed_event("order.placed", data={"lines": [{"id": "1", "quantity": 1}]}), "data.currency"),
        (signed_event("consent.granted", data={"channel": "fax"}), "Channels: email, sms, push"),
        (signed_event("consent.granted", data={}), "Channels: email, sms, push"),
        (signed_event("consent.withdrawn", data={"channel": "fax"}), "Channels: email, sms, push"),
        (signed_event("consent.granted", order=None, data={"channel": "email"}), "neither person nor order"),
        (signed_event("customer.zone_changed", data={"zone": "Mars/Base"}), "no time zone"),
        (signed_event("product.updated", data={}), "'subject'"),
        (
            signed_event("shipment.in_transit", data={"expected_at": "1600-01-01T00:00:00Z"}),
            "no instant of this century",
        ),
    ],
)
def test_what_is_refused_says_why_and_what_to_do(body: dict[str, Any], says: str) -> None:
    assert says in problem_of(body)


def test_a_parcel_is_the_stores_parcel_whoever_tells() -> None:
    """`subject` names it; an order's only parcel needs no name; tracking goes to the sighting."""
    data = {"lines": [["1", 2]], "tracking_number": "0034", "tracking_url": "https://carrier.example/0034"}
    told = read_signed(signed_event("shipment.created", subject="31", data=data))
    assert told.events[0].subject == told.shipments[0].ref == shipment_ref("sto_1", "31")
    assert told.events[0].data == {"lines": [["1", 2]]}
    assert told.events[0].fact_key == "shipment.created:31"
    assert told.shipments[0].number == "0034"
    only = read_signed(signed_event("shipment.delivered", data={}))
    assert only.events[0].subject == shipment_ref("sto_1", ORDER)


def test_deadlines_for_silence_are_the_senders() -> None:
    """We do not know how often this sender tells; what it states is passed on in UTC, else nothing is due."""
    data = {"expect_next_by": "2026-03-05T12:00:00+02:00", "substatus": "delayed"}
    told = read_signed(signed_event("shipment.in_transit", data=data)).events[0]
    assert told.data == {"expect_next_by": "2026-03-05T10:00:00Z", "substatus": "delayed"}
    assert read_signed(signed_event("shipment.in_transit", data={})).events[0].data == {}


def test_a_persons_event_needs_no_order() -> None:
    """Consent and zone of a person: a sighting for the database, an event for the journeys."""
    body = signed_event(
        "consent.withdrawn", order=None, person={"email": "Ada@Example.com"}, data={"channel": "sms"}
    )
    told = read_signed(body)
    assert told.events[0].person is not None
    assert told.events[0].order_ref is None
    assert [(c.channel, c.granted) for c in told.consents] == [(Channel.SMS, False)]
    assert "ada" not in told.events[0].fact_key.lower()
    moved = read_signed(
        signed_event("customer.zone_changed", person={"id": "1"}, data={"zone": "Asia/Tokyo"})
    )
    assert moved.events[0].person is not None
    assert (moved.events[0].person.zone, moved.events[0].person.zone_from) == ("Asia/Tokyo", "stated")


def test_two_unnamed_persons_are_two_facts() -> None:
    """An address must not be hashed into a key, so where nobody has an id the place in the webhook counts."""
    one = {"type": "consent.granted", "occurred_at": "2026-03-02T11:00:00Z", "data": {"channel": "email"}}
    bodies = {"events": [one | {"person": {"email": f"{n}@example.com"}} for n in "ab"]}
    assert len(read_signed(bodies).events) == 2
    assert read_signed(bodies).events == read_signed(bodies).events


def test_a_malformed_address_is_noted_and_the_event_counts() -> None:
    body = signed_event(person={"id": "4711", "email": "ada(at)example", "phone": "555-555-SHIP"})
    told = read_signed(body)
    assert told.events[0].person is not None
    assert told.events[0].person.email is None
    assert told.problems == ("event.person.email: cannot be one.", "event.person.phone: cannot be one.")


def test_an_update_brings_the_newest_lines_in_any_order() -> None:
    """In a batch the whole order keeps the latest lines, whichever of the two stands first."""
    update = {
        "type": "order.updated",
        "order": ORDER,
        "occurred_at": "2026-03-01T12:00:00Z",
        "data": {"lines": [{"id": "1", "product": "7001", "quantity": 2, "current": 1}]},
    }
    for batch in ([SIGNED_ORDER, update], [update, SIGNED_ORDER]):
        told = read_signed({"events": batch})
        assert told.order is not None
        assert told.order.whole
        assert [(x.ref, x.current) for x in told.order.lines] == [("1", 1)]
        assert [e.type for e in told.events] == ["order.placed", "order.updated"]
    assert not read_signed(update).orders[0].whole


def test_a_product_goes_to_the_catalogue_and_to_no_journey() -> None:
    data = {
        "title": "Coffee",
        "category": "beans",
        "price_minor": 1290,
        "currency": "EUR",
        "replenish_days": 30,
    }
    told = read_signed({"type": "product.updated", "subject": "p1", "data": data})
    assert told.events == told.problems == ()
    assert (told.products[0].ref, told.products[0].replenish_days, told.products[0].price_minor) == (
        "p1",
        30,
        1290,
    )


def test_what_is_neither_event_nor_batch_is_kept_and_what_is_no_json_refused() -> None:
    headers = {"webhook-id": "m", "webhook-timestamp": "1772452800"}
    for body in ([], {"events": []}, {"events": {}}, {"events": [{}] * (MAX_EVENTS + 1)}):
        with pytest.raises(Unreadable):
            Signed().read(headers, json.dumps(body).encode(), CONTEXT)
    with pytest.raises(NotJson):
        Signed().read(headers, b'{"type": ada@example.com}', CONTEXT)
