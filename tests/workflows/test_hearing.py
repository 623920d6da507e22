"""What a journey has heard does not depend on how it was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.workflows.stage import PLACED, line, said

from doorstep.workflows.hearing import Hearing

HOUR = timedelta(hours=1)
FACTS = [
    said("order.placed", PLACED, lines=[line("l1"), line("l2")]),
    said("shipment.created", PLACED + HOUR, subject="a", lines=[["l1", 1]]),
    said("shipment.created", PLACED + HOUR, subject="b", lines=[["l2", 1]]),
    said("shipment.in_transit", PLACED + 2 * HOUR, subject="a"),
    said("shipment.in_transit", PLACED + 2 * HOUR, subject="b"),
    said("shipment.exception", PLACED + 20 * HOUR, subject="b"),
    said("shipment.delivered", PLACED + 30 * HOUR, subject="a"),
    said("order.refunded", PLACED + 40 * HOUR, subject="r1", lines=[["l2", 1]], amount_minor=500),
    said("review.submitted", PLACED + 50 * HOUR, rating=2),
    said("complaint.resolved", PLACED + 60 * HOUR, subject="t"),
]


def heard(messages: list) -> tuple:
    hearing = Hearing()
    hearing.receive(messages)
    hearing.absorb()
    return hearing.order, [(e.name, e.at, e.subject) for e in hearing.log]


@settings(max_examples=200, deadline=None)
@given(st.permutations(FACTS + FACTS[3:6] + FACTS[7:9]))
def test_any_order_and_multiplicity_gives_the_same_memory(shuffled: list) -> None:
    """Shuffled and doubled messages leave the same order state and the same log of events."""
    assert heard(shuffled) == heard(FACTS)


@settings(max_examples=100, deadline=None)
@given(st.permutations(FACTS))
def test_the_state_is_the_same_even_one_by_one(shuffled: list) -> None:
    """Beyond the settle window the log may differ, the final state of the order may not."""
    hearing = Hearing()
    for message in shuffled:
        hearing.receive([message])
        hearing.absorb()
    assert hearing.order == heard(FACTS)[0]


def test_two_sources_that_tell_one_fact_are_heard_once() -> None:
    """Two messages with one fact key are one fact, and its earliest telling counts."""
    early = said("shipment.delivered", PLACED, subject="a", key="shipment:a:delivered")
    late = said("shipment.delivered", PLACED + HOUR, subject="a", key="shipment:a:delivered")
    assert heard([late, early]) == heard([early])
    assert [name for name, _, _ in heard([late, early])[1]].count("shipment.delivered") == 1


def test_an_order_is_delivered_when_every_kept_line_is() -> None:
    """The order counts as delivered once the parcels that arrived hold every line the customer keeps."""
    order, log = heard(FACTS[:7])
    assert order.delivered_at is None
    assert order.partly_delivered
    order, log = heard(FACTS[:8])
    assert order.delivered_at == PLACED + 30 * HOUR
    assert [name for name, _, _ in log][-1] == "order.delivered"


def test_an_event_dated_ahead_counts_from_when_it_was_heard() -> None:
    """A carrier whose clock runs ahead cannot put a message off: the event's time is capped by our hearing it."""
    ahead = replace(said("shipment.in_transit", PLACED + 9 * HOUR, subject="a"), received_at=PLACED)
    assert heard([ahead])[1][0] == ("shipment.in_transit", PLACED, "a")


def test_a_gift_card_does_not_keep_an_order_from_being_delivered() -> None:
    """A kept line that needs no shipping is not waited for."""
    card = line("l2") | {"requires_shipping": False}
    facts = [
        said("order.placed", PLACED, lines=[line("l1"), card]),
        said("shipment.created", PLACED + HOUR, subject="a", lines=[["l1", 1]]),
        said("shipment.delivered", PLACED + 30 * HOUR, subject="a"),
    ]
    assert heard(facts)[0].delivered_at == PLACED + 30 * HOUR


@given(st.permutations([1, 2, 3]))
def test_edits_of_the_same_instant_end_the_same(quantities: list[int]) -> None:
    """Three edits dated alike leave the same lines, in whatever order they came."""
    edits = [said("order.updated", PLACED, key=f"edit:{n}", lines=[line("l1", n)]) for n in quantities]
    order = Hearing().order
    for edit in edits:
        order = order.apply(edit)
    assert order.lines[0].quantity == 3
