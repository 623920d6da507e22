"""Who this is: the same person every time, nobody joined who must not be, nobody brought back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from doorstep.domain.ids import journey_id
from doorstep.models import Database
from doorstep.sources.sightings import PersonSighting
from ingest.telling import ADA, NOON, event, hours, open_shop, order, ref, rows, take, told, value, whole

GUEST = PersonSighting(email="ada@example.com")


@pytest.fixture(autouse=True)
def _shop(database: Database) -> None:
    open_shop(database)


def people(database: Database) -> int:
    return len(rows(database, "SELECT * FROM persons"))


def owner(database: Database, order_id: str) -> str:
    return str(rows(database, "SELECT person_id FROM orders WHERE id = :r", r=ref(order_id))[0]["person_id"])


def test_a_guest_with_the_same_email_is_the_same_person(database: Database) -> None:
    take(database, whole(order("1", person=GUEST)), "w1")
    take(database, whole(order("2", person=ADA, placed=hours(1))), "w2")

    assert people(database) == 1
    assert {r["kind"] for r in rows(database, "SELECT kind FROM identities")} == {
        "customer",
        "email",
        "phone",
    }


def test_the_customer_id_goes_before_the_email(database: Database) -> None:
    take(database, whole(order("1", person=PersonSighting(external_id="1", email="one@example.com"))), "w1")
    take(database, whole(order("2", person=PersonSighting(external_id="2", email="two@example.com"))), "w2")
    take(database, whole(order("3", person=PersonSighting(external_id="1", email="two@example.com"))), "w3")

    assert owner(database, "3") == owner(database, "1") != owner(database, "2")
    kept = rows(database, "SELECT person_id FROM identities WHERE value = 'two@example.com'")
    assert [r["person_id"] for r in kept] == [owner(database, "2")]


def test_two_emails_on_one_phone_stay_two_persons(database: Database) -> None:
    phone = "+493023125009"
    take(database, whole(order("1", person=PersonSighting(email="ada@example.com", phone=phone))), "w1")
    take(database, whole(order("2", person=PersonSighting(email="bob@example.com", phone=phone))), "w2")
    take(database, whole(order("3", person=PersonSighting(phone=phone))), "w3")

    assert owner(database, "1") != owner(database, "2")
    assert owner(database, "3") == owner(database, "1")


def test_the_address_seen_last_is_the_current_one(database: Database) -> None:
    moved = replace(ADA, email="ada.new@example.com")
    take(database, whole(order("1", person=ADA)), "w1")
    take(database, whole(order("2", person=moved, placed=hours(5))), "w2")
    take(database, whole(order("3", person=ADA, placed=hours(2))), "w3")

    emails = rows(database, "SELECT value FROM identities WHERE kind = 'email' ORDER BY seen_at DESC")
    assert [r["value"] for r in emails] == ["ada.new@example.com", "ada@example.com"]


def test_an_older_sighting_fills_gaps_and_replaces_nothing(database: Database) -> None:
    take(database, whole(order("1", person=replace(ADA, last_name="", locale="de"), placed=hours(5))), "w1")
    take(database, whole(order("2", person=replace(ADA, first_name="Old", last_name="Muster"))), "w2")

    (person,) = rows(database, "SELECT * FROM persons")
    assert (person["first_name"], person["last_name"], person["locale"]) == ("Ada", "Muster", "de")
    assert person["name_key"] == "ada muster"


def test_a_better_source_of_the_zone_wins_and_the_change_is_an_event(database: Database) -> None:
    by_phone = replace(ADA, zone="Europe/Berlin", zone_from="phone")
    by_address = replace(ADA, zone="Europe/Lisbon", zone_from="address")
    take(database, whole(order("1", person=by_phone)), "w1")
    done = take(database, whole(order("2", person=by_address, placed=hours(1))), "w2")
    take(database, whole(order("3", person=by_phone, placed=hours(2))), "w3")

    (person,) = rows(database, "SELECT * FROM persons")
    assert (person["zone"], person["zone_source"]) == ("Europe/Lisbon", "address")
    (changed,) = rows(database, "SELECT * FROM inbox_events WHERE type = 'customer.zone_changed'")
    assert (changed["person_id"], value(changed["data"])) == (person["id"], {"zone": "Europe/Lisbon"})
    assert done.persons == {person["id"]}


@pytest.mark.parametrize("early", [False, True])
def test_a_zone_told_by_the_order_alone_is_the_persons(database: Database, early: bool) -> None:
    """The journey went by it, and the gate and support by the old one: a message at three in the morning. Told before
    the order has come it waits with the order's other events."""
    came = (whole(order("1001", person=ADA)), "w1", hours(1))
    moved = event("customer.zone_changed", hours(2), data={"zone": "Asia/Tokyo"})
    asked = [came, (told(moved), "w2", hours(3))]
    for reading, name, at in reversed(asked) if early else asked:
        take(database, reading, name, at)

    (person,) = rows(database, "SELECT * FROM persons")
    assert (person["zone"], person["zone_source"]) == ("Asia/Tokyo", "stated")
    heard = rows(database, "SELECT * FROM inbox_events WHERE type = 'customer.zone_changed'")
    assert {value(one["data"])["zone"] for one in heard} == {"Asia/Tokyo"}
    assert {one["person_id"] for one in heard} == {person["id"]}


def test_a_zone_that_is_none_moves_nobody(database: Database) -> None:
    take(database, whole(order("1001", person=ADA)), "w1", hours(1))
    take(
        database, told(event("customer.zone_changed", hours(2), data={"zone": "Asia/Tokio"})), "w2", hours(3)
    )
    (person,) = rows(database, "SELECT * FROM persons")
    assert person["zone_source"] != "stated"


def test_without_any_word_on_it_the_zone_is_the_stores(database: Database) -> None:
    take(database, whole(order("1", person=GUEST)), "w1")

    (person,) = rows(database, "SELECT * FROM persons")
    assert (person["zone"], person["zone_source"]) == ("Europe/Berlin", "store")


def test_an_older_sighting_of_an_order_still_adds_what_no_newer_one_told(database: Database) -> None:
    """One source shows the order later and without a phone, and is heard first: number and name come all the same,
    and nothing newer is undone."""
    newer = PersonSighting(email="ada@example.com", first_name="Adele")
    take(database, whole(order("1", person=newer, updated=hours(2))), "w1")
    take(database, whole(order("1", person=ADA)), "w2")

    (person,) = rows(database, "SELECT * FROM persons")
    assert (person["first_name"], person["last_name"]) == ("Adele", "Muster")
    assert {r["kind"] for r in rows(database, "SELECT kind FROM identities")} == {
        "customer",
        "email",
        "phone",
    }


def test_an_erased_persons_order_gets_nothing_personal_back(database: Database) -> None:
    take(database, whole(order("1", person=ADA)), "w1")
    _erase(database)

    take(database, whole(order("1", person=ADA, updated=hours(9), status_url="https://x"), edited=True), "w2")

    (person,) = rows(database, "SELECT * FROM persons")
    assert (person["first_name"], person["name_key"]) == ("", "")
    (kept,) = rows(database, "SELECT * FROM orders")
    assert (value(kept["address"]), kept["status_url"]) == ({}, "")


def test_an_erased_person_who_orders_again_is_a_new_person(database: Database) -> None:
    take(database, whole(order("1", person=ADA)), "w1")
    _erase(database)

    take(database, whole(order("2", person=ADA, placed=hours(9))), "w2")

    assert people(database) == 2
    assert owner(database, "2") != owner(database, "1")
    assert {r["person_id"] for r in rows(database, "SELECT * FROM identities")} == {owner(database, "2")}


def test_erasure_of_somebody_unknown_makes_nobody(database: Database) -> None:
    take(database, told(event("customer.erased", NOON, None, person=ADA)), "w1")

    assert people(database) == 0


def test_a_second_order_is_told_to_the_first_ones_journey_only(database: Database) -> None:
    take(database, whole(order("1")), "w1")
    done = take(database, whole(order("2", placed=hours(50))), "w2")

    (again,) = rows(database, "SELECT * FROM inbox_events WHERE type = 'customer.ordered_again'")
    assert (again["order_ref"], again["subject"]) == (None, ref("2"))
    assert again["except_journey"] == journey_id(ref("2"))
    assert done.persons == {owner(database, "1")}


def test_an_order_imported_late_hears_of_the_later_one_itself(database: Database) -> None:
    take(database, whole(order("2", placed=hours(50))), "w1")
    take(database, whole(order("1")), "w2", hours(60))

    (again,) = rows(database, "SELECT * FROM inbox_events WHERE type = 'customer.ordered_again'")
    assert (again["order_ref"], again["subject"]) == (ref("1"), ref("2"))


def _erase(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE persons SET first_name='', last_name='', name_key='', erased_at='2026-03-11 00:00:00.000000'"
        )
        connection.exec_driver_sql("UPDATE orders SET address='{}', status_url=''")
