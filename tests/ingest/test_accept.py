"""One webhook, one transaction: what is stored, what is told on, and what changes nothing."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from doorstep.domain.ids import journey_id
from doorstep.domain.messages import Channel, Purpose
from doorstep.ingest import Answer
from doorstep.models import Database
from doorstep.models.codec_json import order_state
from doorstep.sources.base import Reading
from doorstep.sources.sightings import ConsentSighting, PersonSighting, ProductSighting
from ingest.telling import (
    ADA,
    NOON,
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


@pytest.fixture(autouse=True)
def _shop(database: Database) -> None:
    open_shop(database)


def events(database: Database) -> list[tuple[str, str]]:
    return [
        (r["type"], r["status"])
        for r in rows(database, "SELECT * FROM inbox_events ORDER BY occurred_at, type")
    ]


def test_a_whole_order_becomes_a_pending_journey_with_its_order_placed(database: Database) -> None:
    done = take(database, whole(order()), "w1")

    journey = journey_id(ref("1001"))
    assert (done.status, done.events, done.journeys) == (Answer.ACCEPTED, 1, {journey})
    assert events(database) == [("order.placed", "pending")]
    (row,) = rows(database, "SELECT * FROM journeys")
    assert (row["id"], row["status"], row["order_ref"]) == (journey, "pending", ref("1001"))
    (kept,) = rows(database, "SELECT * FROM orders")
    assert kept["whole"]
    assert kept["number"] == "#1001"
    assert [x.ref for x in order_state(value(kept["state"])).lines] == ["l1"]
    assert [r["title"] for r in rows(database, "SELECT * FROM order_lines")] == ["Fern"]


def test_the_same_webhook_again_changes_nothing(database: Database) -> None:
    take(database, whole(order()), "w1")
    before = [
        rows(database, f"SELECT * FROM {t}") for t in ("orders", "persons", "inbox_events", "inbox_webhooks")
    ]

    done = take(database, whole(order(lines=[line("other")])), "w1", hours(1))

    assert (done.status, done.events, done.journeys) == (Answer.DUPLICATE, 0, frozenset())
    after = [
        rows(database, f"SELECT * FROM {t}") for t in ("orders", "persons", "inbox_events", "inbox_webhooks")
    ]
    assert after == before


def test_a_fact_told_by_two_webhooks_is_stored_once(database: Database) -> None:
    take(database, whole(order()), "w1")
    take(database, scan("delivered", hours(30)), "w2")

    assert take(database, scan("delivered", hours(30)), "w3").events == 0

    assert events(database) == [("order.placed", "pending"), ("shipment.delivered", "pending")]


def test_the_same_webhook_from_twenty_threads_is_taken_once(database: Database) -> None:
    with ThreadPoolExecutor(20) as threads:
        answers = [
            f.result().status
            for f in [threads.submit(take, database, whole(order()), "w1") for _ in range(20)]
        ]

    assert sorted(answers) == [Answer.ACCEPTED] + [Answer.DUPLICATE] * 19
    assert len(rows(database, "SELECT * FROM journeys")) == 1


def test_different_webhooks_of_one_new_person_and_order_at_once_make_one_of_each(database: Database) -> None:
    readings = [whole(order("1001", updated=hours(n)), edited=True) for n in range(6)]
    readings += [whole(order(f"200{n}", placed=hours(n))) for n in range(6)]
    with ThreadPoolExecutor(12) as threads:
        for done in [threads.submit(take, database, r, f"w{n}") for n, r in enumerate(readings)]:
            done.result()

    assert len(rows(database, "SELECT * FROM persons")) == 1
    assert len(rows(database, "SELECT * FROM journeys")) == 7
    assert len(rows(database, "SELECT * FROM inbox_events WHERE type = 'order.placed'")) == 7


def test_events_before_their_order_are_held_and_let_go_when_it_comes(database: Database) -> None:
    early = take(database, scan("in_transit", hours(20)), "w1", hours(20))
    assert early.journeys == frozenset()
    assert events(database) == [("shipment.in_transit", "held")]
    assert rows(database, "SELECT * FROM journeys") == []

    done = take(database, whole(order()), "w2", hours(21))

    assert done.journeys == {journey_id(ref("1001"))}
    assert events(database) == [("order.placed", "pending"), ("shipment.in_transit", "pending")]
    persons = rows(database, "SELECT id FROM persons")
    assert {r["person_id"] for r in rows(database, "SELECT person_id FROM inbox_events")} == {
        persons[0]["id"]
    }


def test_any_webhook_with_a_whole_order_places_it_and_edits_are_told_once(database: Database) -> None:
    edited = order(lines=[line("l1", 2)], updated=hours(2))
    take(database, whole(edited, edited=True), "w1")
    take(database, whole(order()), "w2")
    take(database, whole(replace(edited, updated_at=hours(3)), edited=True), "w3")

    assert events(database) == [
        ("order.placed", "pending"),
        ("order.updated", "kept"),
        ("order.updated", "kept"),
    ]
    state = order_state(value(rows(database, "SELECT state FROM orders")[0]["state"]))
    assert [(x.ref, x.quantity) for x in state.lines] == [("l1", 2)]


def test_an_older_version_of_an_order_does_not_undo_a_newer_one(database: Database) -> None:
    take(database, whole(replace(order(updated=hours(2)), number="#1001-B"), edited=True), "w1")
    take(database, whole(order(updated=hours(1), lines=[line("l1", 9)]), edited=True), "w2")

    assert rows(database, "SELECT number FROM orders")[0]["number"] == "#1001-B"
    assert rows(database, "SELECT quantity FROM order_lines")[0]["quantity"] == 1


def test_a_parcel_keeps_its_newest_status_and_every_scan(database: Database) -> None:
    take(database, whole(order()), "w1")
    take(database, scan("delivered", hours(40)), "w2")
    take(database, scan("in_transit", hours(20)), "w3")

    (parcel,) = rows(database, "SELECT * FROM shipments")
    assert (parcel["status"], parcel["carrier"], parcel["order_ref"]) == ("delivered", "DHL", ref("1001"))
    assert len(rows(database, "SELECT * FROM checkpoints")) == 2


def test_no_personal_data_reaches_the_events(database: Database) -> None:
    told_too_much = event("review.submitted", hours(1), data={"rating": 5, "text": "from ada@example.com"})
    take(database, whole(order()), "w1")
    take(database, told(told_too_much), "w2")

    stored = json.dumps([dict(r) for r in rows(database, "SELECT * FROM inbox_events")], default=str)
    for personal in ("ada@example.com", "+4930", "Muster", "Ada", "10115"):
        assert personal not in stored


def test_what_cannot_be_read_puts_the_webhook_in_quarantine_and_the_rest_goes_on(database: Database) -> None:
    take(database, whole(order()), "w1")
    reading = told(
        event("review.submitted", hours(1), data={}),
        event("warranty.registered", hours(1)),
        event("insert.scanned", hours(2)),
    )

    done = take(database, reading, "w2")

    assert (done.status, done.events) == (Answer.QUARANTINED, 1)
    assert events(database)[-1] == ("insert.scanned", "pending")
    (row,) = rows(database, "SELECT * FROM inbox_webhooks WHERE external_id = 'w2'")
    assert row["status"] == "quarantined"
    problems = " ".join(value(row["problems"]))
    assert "rating is missing" in problems
    assert "no event type 'warranty.registered'" in problems


def test_a_webhook_that_is_none_of_our_business_is_kept_and_ignored(database: Database) -> None:
    done = take(database, Reading(ignored="Nothing that Doorstep listens to."), "w1")

    assert (done.status, done.events) == (Answer.IGNORED, 0)
    assert rows(database, "SELECT status FROM inbox_webhooks")[0]["status"] == "ignored"


def test_an_opt_out_is_on_record_in_the_transaction_that_stores_it(database: Database) -> None:
    take(database, whole(order()), "w1")
    phone_only = PersonSighting(phone=ADA.phone)
    data = {"channel": "sms", "purpose": "marketing"}

    done = take(
        database, told(event("consent.withdrawn", hours(1), None, person=phone_only, data=data)), "w2"
    )

    (person,) = rows(database, "SELECT id FROM persons")
    (consent,) = rows(database, "SELECT * FROM consents")
    assert (consent["person_id"], consent["channel"], bool(consent["granted"])) == (
        person["id"],
        "sms",
        False,
    )
    assert done.persons == {person["id"]}


def test_a_consent_shown_beside_an_order_is_appended_once(database: Database) -> None:
    seen = ConsentSighting(
        person=ADA, channel=Channel.EMAIL, granted=True, at=NOON, source="shopify", purpose=Purpose.MARKETING
    )
    take(database, replace(whole(order()), consents=(seen,)), "w1")
    take(database, replace(whole(order(updated=hours(1)), edited=True), consents=(seen,)), "w2")

    assert len(rows(database, "SELECT * FROM consents")) == 1


def test_what_an_order_shows_of_a_product_does_not_replace_the_products_own_word(database: Database) -> None:
    take(
        database,
        Reading(products=(ProductSighting(ref="p1", title="Fern, potted", replenish_days=30),)),
        "w1",
    )
    shown = ProductSighting(ref="p1", title="FERN", price_minor=1990, currency="EUR")
    take(database, replace(whole(order()), products=(shown,)), "w2")

    (product,) = rows(database, "SELECT * FROM products")
    assert (product["title"], product["price_minor"], product["replenish_days"]) == ("Fern, potted", 1990, 30)


def test_an_order_that_fails_half_way_leaves_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("half-way")

    monkeypatch.setattr("doorstep.ingest.again.ordered_again", fail)
    with pytest.raises(RuntimeError):
        take(database, whole(order()), "w1")

    assert [rows(database, f"SELECT * FROM {t}") for t in ("inbox_webhooks", "persons", "orders", "journeys")] == [
        [], [], [], []
    ]  # fmt: skip
