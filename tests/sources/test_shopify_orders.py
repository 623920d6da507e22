"""What an order's webhooks tell."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from tests.sources.bodies import ORDER, RECEIVED, fulfilment, line, order, read, refund

from doorstep.domain.events import Envelope, parse
from doorstep.domain.facts import lines_of
from doorstep.domain.ids import order_ref
from doorstep.domain.messages import Channel
from doorstep.domain.orders import OrderState
from doorstep.sources.base import Reading


def types(reading: Reading) -> list[str]:
    return [e.type for e in reading.events]


def applied(events: list[Any]) -> OrderState:
    """The order's state after these events, as the journey keeps it."""
    state = OrderState()
    for n, e in enumerate(events):
        envelope = Envelope(
            id=str(n),
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
    return state


@pytest.mark.parametrize(
    "topic", ["orders/create", "orders/paid", "orders/updated", "orders/fulfilled", "orders/edited"]
)
def test_whatever_webhook_comes_first_places_the_order(topic: str) -> None:
    """Every topic that carries a whole order tells `order.placed` under one fact key."""
    placed = read(topic, order()).events[0]
    assert (placed.type, placed.fact_key) == ("order.placed", f"order.placed:{ORDER}")
    assert placed.order_ref == order_ref("sto_1", ORDER)
    assert placed.occurred_at.isoformat() == "2026-03-01T09:00:00+00:00"
    assert (placed.data["total_minor"], placed.data["currency"]) == (7960, "EUR")
    assert [(x.ref, x.quantity, x.price_minor) for x in lines_of(placed.data["lines"])] == [
        ("1", 2, 1990),
        ("2", 2, 1990),
    ]


def test_an_update_is_a_fact_of_its_version() -> None:
    """The same version told under two topics is one fact; a later one, or another content, is another."""

    def key(topic: str, **more: Any) -> str:
        return next(e.fact_key for e in read(topic, order(**more)).events if e.type == "order.updated")

    assert key("orders/updated") == key("orders/edited") == key("orders/updated", note="other tags")
    assert key("orders/updated") != key("orders/updated", updated_at="2026-03-01T10:00:06+01:00")
    assert key("orders/updated") != key("orders/updated", line_items=[line(1, current_quantity=1), line(2)])


def test_one_fact_has_one_key_and_one_content_whatever_tells_it() -> None:
    """A fulfilment and a refund inside `orders/updated` are the very events of their own webhooks."""
    whole = read("orders/updated", order(fulfillments=[fulfilment()], refunds=[refund()]))
    alone = read("fulfillments/create", fulfilment()), read("refunds/create", refund())
    inside = {e.fact_key: (e.type, e.occurred_at, e.subject, e.data, e.order_ref) for e in whole.events}
    for e in itertools.chain(*(r.events for r in alone)):
        assert inside[e.fact_key] == (e.type, e.occurred_at, e.subject, e.data, e.order_ref)
    assert whole.shipments == alone[0].shipments
    assert whole.problems == ()


def test_the_same_events_give_the_same_order_in_any_sequence() -> None:
    readings = (
        read("orders/create", order()),
        read("fulfillments/create", fulfilment()),
        read("refunds/create", refund()),
        read(
            "orders/cancelled", order(cancelled_at="2026-03-06T10:00:00Z", updated_at="2026-03-06T10:00:00Z")
        ),
    )
    states = [
        applied([e for r in sequence for e in r.events]) for sequence in itertools.permutations(readings)
    ]
    assert all(s == states[0] for s in states)
    assert states[0].cancelled_at is not None


def test_a_cancellation_is_told_by_the_body_not_the_topic() -> None:
    """`cancelled_at` on any order body cancels, once; the topic, which nobody signs, cancels nothing."""
    when = "2026-03-01T11:00:00+01:00"
    keys = set()
    for topic in ("orders/create", "orders/updated", "orders/cancelled"):
        told = read(topic, order(cancelled_at=when, cancel_reason="customer")).events[-1]
        assert (told.type, told.data) == ("order.cancelled", {"reason": "customer"})
        assert told.occurred_at.isoformat() == "2026-03-01T10:00:00+00:00"
        keys.add(told.fact_key)
    assert keys == {f"order.cancelled:{ORDER}"}
    relabelled = read("orders/cancelled", order())
    assert "order.cancelled" not in types(relabelled)
    assert relabelled.problems == ("cancelled_at: missing; the topic alone cancels nothing.",)
    assert "order.cancelled" not in types(read("orders/updated", order()))


def test_an_unknown_reason_is_reported_and_does_not_hide_the_cancellation() -> None:
    told = read("orders/cancelled", order(cancelled_at="2026-03-06T10:00:00Z", cancel_reason="aliens"))
    assert told.events[-1].data == {"reason": "other"}
    assert told.problems == ("cancel_reason: 'aliens' is no reason that Doorstep knows.",)


def test_ids_keep_every_digit() -> None:
    """A GID is exact where the JSON number was rounded; an exact header mends an order id it rounds to, and a
    header (unsigned) that names another order is not believed."""
    rounded = order(id=5900000000000000000, admin_graphql_api_id=None)
    assert read("orders/create", order(id=5900000000000000000)).order.external_id == ORDER  # type: ignore[union-attr]
    mended = read("orders/create", rounded, **{"X-Shopify-Order-Id": ORDER})
    assert mended.order is not None
    assert mended.order.external_id == ORDER
    foreign = read("orders/create", rounded, **{"X-Shopify-Order-Id": "123"})
    assert foreign.order is not None
    assert foreign.order.external_id == "5900000000000000000"


def test_what_edits_left_of_a_line_is_its_current_quantity() -> None:
    told = read(
        "orders/updated", order(line_items=[line(1, current_quantity=0), line(2, current_quantity=None)])
    )
    assert [(x.quantity, x.current) for x in told.orders[0].lines] == [(2, 0), (2, 2)]


def test_what_lies_in_no_parcel_says_so() -> None:
    """A gift card is a line that no parcel will hold."""
    told = read("orders/create", order(line_items=[line(1), line(2, requires_shipping=False)]))
    assert [x.requires_shipping for x in lines_of(told.events[0].data["lines"])] == [True, False]


def test_who_ordered_is_read_once_for_all_channels() -> None:
    """Address lower-cased, number in E.164 by the address's country, zone from the address."""
    seen = read("orders/create", order()).orders[0]
    assert seen.person.email == "ada@example.com"
    assert seen.person.phone == "+4930901820"
    assert (seen.person.zone, seen.person.zone_from) == ("Europe/Berlin", "address")
    assert (seen.person.external_id, seen.person.first_name, seen.locale) == ("4711", "Ada", "de")
    assert seen.number == "#1001"


def test_no_event_carries_personal_data() -> None:
    """Names, addresses, numbers and titles stay in the sightings; what travels holds none of them, and
    neither does the `repr` of what was read."""
    told = read("orders/updated", order(fulfillments=[fulfilment()], refunds=[refund()]))
    travels = json.dumps([[e.fact_key, e.external_id, e.type, e.subject, e.data] for e in told.events])
    for private in ("ada", "muster", "10115", "901820", "berlin", "teapot", "0034000"):
        assert private not in travels.lower()
    for private in ("ada@", "muster", "901820", "10115", "0034000"):
        assert private not in repr(told).lower()


def test_consent_is_what_the_customer_said_and_when() -> None:
    """`subscribed` and `unsubscribed` count, with their own time; "not subscribed" is nobody's word."""
    told = read("orders/create", order()).consents
    assert [(c.channel, c.granted, c.at.isoformat()) for c in told] == [
        (Channel.EMAIL, True, "2026-02-01T08:00:00+00:00")
    ]
    customer = order()["customer"] | {
        "email_marketing_consent": {"state": "unsubscribed", "consent_updated_at": "2026-02-03T08:00:00Z"},
        "sms_marketing_consent": {"state": "not_subscribed", "consent_updated_at": None},
    }
    told = read("orders/create", order(customer=customer, buyer_accepts_marketing=True)).consents
    assert [(c.channel, c.granted) for c in told] == [(Channel.EMAIL, False)]


def test_the_old_flag_counts_only_where_the_new_field_is_absent() -> None:
    old = {k: v for k, v in order()["customer"].items() if k != "email_marketing_consent"}
    assert [
        c.granted for c in read("orders/create", order(customer=old, buyer_accepts_marketing=True)).consents
    ] == [True]
    assert read("orders/create", order(customer=old, buyer_accepts_marketing=False)).consents == ()


@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [
        ("EUR", "79.60", 7960),
        ("JPY", "7960", 7960),
        ("KWD", "79.605", 79605),
        ("EUR", 79.6, 7960),
        ("EUR", 1.005, 101),
        ("USD", "4611686018.27", 461168601827),
    ],
)
def test_money_is_exact_in_its_currencys_digits(currency: str, amount: Any, minor: int) -> None:
    """Strings and numbers alike, never through a float (1.005 is 1.01, not the 1.00 a float makes of it)."""
    told = read(
        "orders/create", order(currency=currency, total_price=amount, line_items=[line(1, price=amount)])
    )
    assert told.orders[0].total_minor == minor
    assert told.orders[0].lines[0].price_minor == minor


@pytest.mark.parametrize(
    "amount", ["1e999999", "1e13", "-1e13", "NaN", "Infinity", "1,99", "", True, [], 10**400]
)
def test_an_amount_nobody_has_is_none(amount: Any) -> None:
    """`1e999999` is a valid Decimal, and a gigabyte of digits: bounded before it is scaled."""
    told = read("orders/create", order(total_price=amount))
    assert told.orders[0].total_minor == 0
    assert told.problems == ("total_price or currency: cannot be read.",)


def test_an_imported_order_was_placed_when_it_was_processed() -> None:
    """`created_at` of an import is the import; twenty days must not be lost."""
    told = read("orders/create", order(processed_at="2026-02-09T10:00:00Z"))
    assert told.events[0].occurred_at.isoformat() == "2026-02-09T10:00:00+00:00"


def test_what_cannot_be_read_is_named_and_the_rest_goes_on() -> None:
    told = read("orders/create", order(line_items=[line(1), {"quantity": 1}], total_price="gratis"))
    assert [x.ref for x in told.orders[0].lines] == ["1"]
    assert types(told) == ["order.placed"]
    assert len(told.problems) == 2


def test_a_consent_without_its_own_time_is_marked_as_standing() -> None:
    """`buyer_accepts_marketing` and a state without `consent_updated_at` say nobody when; a dated state does."""
    dated = read("orders/create", order()).consents
    state = {"id": 4711, "email_marketing_consent": {"state": "subscribed"}}
    undated = read("orders/create", order(customer=state)).consents
    box = read("orders/create", order(customer={"id": 4711}, buyer_accepts_marketing=True)).consents
    assert [[c.standing for c in told] for told in (dated, undated, box)] == [[False], [True], [True]]
