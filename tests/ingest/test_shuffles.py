"""Webhooks come in any order and any number of times; what is known afterwards is the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from doorstep.domain.ids import shipment_ref
from doorstep.domain.orders import OrderState
from doorstep.models import Database
from doorstep.models.codec_json import order_state
from doorstep.sources.base import Reading
from ingest.telling import (
    ADA,
    event,
    hours,
    line,
    open_shop,
    order,
    ref,
    rows,
    scan,
    take,
    told,
    value,
    whole,
)

PARCEL = shipment_ref("shop", "f1")
LINES = (line("l1", 2), line("l2", 1, product="p2"))
STORY: tuple[Reading, ...] = (
    whole(order(lines=LINES)),
    whole(order(lines=LINES, updated=hours(3)), edited=True),
    whole(order(lines=(line("l1", 2, current=1), LINES[1]), updated=hours(5)), edited=True),
    told(event("shipment.created", hours(6), subject=PARCEL, data={"lines": [["l1", 1], ["l2", 1]]})),
    scan("in_transit", hours(10)),
    scan("exception", hours(20)),
    scan("delivered", hours(40)),
    told(event("order.refunded", hours(50), subject="r1", data={"lines": [["l2", 1]], "amount_minor": 1990})),
    told(event("review.submitted", hours(60), data={"rating": 4})),
    told(
        event("complaint.opened", hours(61), subject="t1"),
        event("complaint.resolved", hours(70), subject="t1"),
    ),
    whole(order("1002", placed=hours(80))),
    whole(order("0999", placed=hours(-80), lines=(line("x"),))),
)
Facts = set[tuple[str, str, str | None, str | None]]


def known(database: Database) -> tuple[dict[str, OrderState], Facts, set[tuple[str, ...]]]:
    """Every order's state, the facts in the inbox by whom they concern, and the parcels as support reads them."""
    states = {r["id"]: order_state(value(r["state"])) for r in rows(database, "SELECT id, state FROM orders")}
    person_of = {r["id"]: r["person_id"] for r in rows(database, "SELECT id, person_id FROM orders")}
    assert len(set(person_of.values())) == 1
    facts: Facts = set()
    for r in rows(database, "SELECT * FROM inbox_events"):
        # told to the earlier journeys as the person's, or to a late import as its own: the same fact
        whose = None if r["type"] == "customer.ordered_again" else r["order_ref"]
        facts.add((r["fact_key"], r["type"], whose, r["subject"]))
        assert r["status"] != "held"
    parcels = {tuple(map(str, p)) for p in _parcels(database)}
    return states, facts, parcels


def _parcels(database: Database) -> list[tuple[str, ...]]:
    found = rows(
        database, "SELECT ref, order_ref, status, status_at, delivered_at, lines, carrier FROM shipments"
    )
    return [tuple(r.values()) for r in found]


def tell(database: Database, story: Sequence[tuple[int, Reading]]) -> tuple[object, ...]:
    """What is known after that story, in an empty shop."""
    with database.writing() as connection:
        for table in reversed(SQLModel.metadata.sorted_tables):
            connection.execute(table.delete())
    open_shop(database)
    for n, reading in story:
        take(database, reading, f"w{n}", hours(100))
    return known(database)


ONCE = tuple(enumerate(STORY))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
)
@given(data=st.data())
def test_any_order_and_multiplicity_gives_the_same_state_and_facts(
    database: Database, data: st.DataObject
) -> None:
    repeated = data.draw(st.lists(st.sampled_from(ONCE), max_size=6))
    shuffled = data.draw(st.permutations([*ONCE, *repeated]))

    assert tell(database, shuffled) == tell(database, ONCE)


def test_the_story_told_in_order_is_what_it_says(database: Database) -> None:
    states, facts, _ = tell(database, ONCE)

    state = states[ref("1001")]  # type: ignore[index]
    assert [(x.ref, x.current) for x in state.lines] == [("l1", 1), ("l2", 1)]
    assert state.delivered_at == hours(40)
    assert not state.open_complaint
    again = {f[3] for f in facts if f[1] == "customer.ordered_again"}  # type: ignore[attr-defined]
    assert again == {ref("1001"), ref("1002")}


def _exchange() -> Reading:
    return whole(order("1001-X", lines=(line("x1", product="p9"),), placed=hours(100), exchange_of="1001"))


def test_an_exchange_joins_its_parents_journey_in_any_order_of_arrival(database: Database) -> None:
    open_shop(database)
    parcel = shipment_ref("shop", "fx")
    take(database, told(event("shipment.delivered", hours(140), "1001-X", subject=parcel)), "w1")
    take(database, _exchange(), "w2")
    assert {r["status"] for r in rows(database, "SELECT status FROM inbox_events")} == {"held"}
    assert rows(database, "SELECT * FROM journeys") == []

    take(database, whole(order(lines=LINES)), "w3")
    take(
        database, told(event("return.received", hours(90), subject="ret", data={"lines": [["l1", 2]]})), "w4"
    )

    (journey,) = rows(database, "SELECT order_ref FROM journeys")
    assert journey["order_ref"] == ref("1001")
    assert {r["order_ref"] for r in rows(database, "SELECT order_ref FROM inbox_events")} == {ref("1001")}
    assert {r["status"] for r in rows(database, "SELECT status FROM inbox_events")} == {"pending"}
    state = order_state(
        value(rows(database, "SELECT state FROM orders WHERE id=:r", r=ref("1001"))[0]["state"])
    )
    assert {x.ref for x in state.kept_lines} == {"l2", "x1"}
    assert state.shipments[parcel].delivered_at == hours(140)


def test_an_exchange_that_is_cancelled_takes_its_own_lines_only(database: Database) -> None:
    open_shop(database)
    take(database, whole(order(lines=LINES)), "w1")
    take(database, _exchange(), "w2")
    take(database, told(event("order.cancelled", hours(120), "1001-X")), "w3")

    state = order_state(
        value(rows(database, "SELECT state FROM orders WHERE id=:r", r=ref("1001"))[0]["state"])
    )
    assert state.cancelled_at is None
    assert {x.ref for x in state.lines} == {"l1", "l2"}


def test_a_consent_that_waited_for_its_order_is_on_record_with_it(database: Database) -> None:
    open_shop(database)
    data = {"channel": "email", "purpose": "marketing"}
    take(database, told(event("consent.withdrawn", hours(1), data=data)), "w1")
    assert rows(database, "SELECT * FROM consents") == []

    done = take(database, whole(order(person=replace(ADA, external_id="78"))), "w2")

    (consent,) = rows(database, "SELECT person_id, granted FROM consents")
    assert not consent["granted"]
    assert done.persons == {consent["person_id"]}
