"""A person who asks to be forgotten is: in every table, and no message reaches them again."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace

import pytest
from sqlalchemy import inspect, text

from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import Skip
from doorstep.ingest import Raw
from doorstep.ingest.accept import accept_in
from doorstep.ingest.inputs import webhook_id
from doorstep.ingest.writer import Writer
from doorstep.models import Database
from doorstep.models.addresses import address_hash
from doorstep.models.facts import FactsReader, addresses_of
from doorstep.models.ledger import OutboxMessage
from doorstep.policies.gate import decide
from doorstep.privacy.scrub import scrub
from doorstep.sources.base import Reading
from doorstep.sources.sightings import Address, PersonSighting
from ingest.telling import ADA, SHOP, event, hours, open_shop, order, ref, rows, take, told, whole
from policies.test_gate import TRANSACTIONAL, request

SECRET = b"the installation's own"
HOME = Address(name="Ada Muster", address1="Musterweg 1", city="Berlin", zip="10115", country="DE")
PERSONAL = ("ada", "muster", "3023125001")


def said(word: str, row: str) -> bool:
    """As a word of its own: three letters stand in many a drawn reference by chance."""
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", row) is not None


RAW = json.dumps({"email": "Ada@Example.com", "name": "Ada Muster", "phone": ADA.phone}).encode()


@pytest.fixture(autouse=True)
def _shop(database: Database) -> None:
    open_shop(database)


def accept(database: Database, reading: Reading, name: str, at: float = 1) -> None:
    raw = Raw(external_id=name, body=RAW, topic="t", headers={"X-Of": "ada"})
    writer = Writer(database, secret=lambda: SECRET).start()
    try:
        asyncio.run(writer.accept(SHOP, reading, raw, hours(at)))
    finally:
        writer.close()


def erased(database: Database, who: PersonSighting = ADA, name: str = "w9", *, analysed: bool = False) -> str:
    """An order with everything personal, its webhook twice, a message; then the erasure. The person's id."""
    seen = replace(order("1"), address=HOME, status_url="https://shop.example/ada")
    accept(database, whole(seen), "w1")
    accept(database, Reading(), "w2")  # the same order again: no event of it
    message = OutboxMessage(
        **dict.fromkeys(("id", "key", "journey_id", "purpose", "template", "template_digest", "digest"), "x"),
        store_id="shop", fence=1, order_ref=ref("1"), channel="email", sent_at=hours(1),
        to_address="ada@example.com", subject="Hi Ada", html="Ada", text="Ada", headers={"To": "ada"},
    )  # fmt: skip
    with database.write() as session:
        session.add(message)
    if analysed:
        with database.writing() as connection:
            connection.execute(text("ANALYZE"))
    accept(database, told(event("customer.erased", hours(2), None, person=who)), name, 3)
    return str(rows(database, "SELECT person_id FROM orders")[0]["person_id"])


def everything(database: Database) -> dict[str, str]:
    """Every row of every table, as text."""
    with database.reading() as connection:
        names = inspect(connection).get_table_names()
        return {
            f"{name} {n}": repr([bytes(v) if isinstance(v, memoryview) else v for v in row]).lower()
            for name in names
            for n, row in enumerate(connection.execute(text(f'SELECT * FROM "{name}"')))
        }


def test_after_an_erasure_no_table_knows_the_person(database: Database) -> None:
    """Names, addresses and numbers are gone from every table; raw webhooks are empty and say why."""
    erased(database)

    found = [(at, word) for at, row in everything(database).items() for word in PERSONAL if said(word, row)]
    assert found == []
    assert {r["status"] for r in rows(database, "SELECT status FROM inbox_webhooks")} == {"erased"}


def test_a_second_request_leaves_nothing_either(database: Database) -> None:
    """Who is unknown by now asks again: the request itself is emptied as well."""
    erased(database)
    accept(database, told(event("customer.erased", hours(4), None, person=ADA)), "w10", 5)

    assert [at for at, row in everything(database).items() for word in PERSONAL if said(word, row)] == []


def test_the_planners_statistics_forget_them_too(database: Database) -> None:
    """PostgreSQL's quote common and bordering values of each column, and stay as they are where a table is empty."""
    erased(database, analysed=True)
    assert scrub(database)

    with database.reading() as connection:
        asked = "SELECT * FROM pg_stats WHERE schemaname = 'public'"
        told = "SELECT 1 WHERE 1 = 0" if database.is_sqlite else asked
        quoted = [str(row).lower() for row in connection.execute(text(told))]
    assert [row for row in quoted for word in PERSONAL if said(word, row)] == []
    assert database.is_sqlite or quoted


def test_an_erased_person_is_not_written_to(database: Database) -> None:
    """A touch is skipped, and the addresses stay on the never-send list as keyed hashes."""
    person = erased(database)

    asked = request(store_id="shop", person_ref=person, order_ref=ref("1"), **TRANSACTIONAL)
    with database.reading() as connection:
        addresses = addresses_of(connection, person)
        facts = FactsReader(SECRET).facts(connection, asked, hours(5), addresses)
    assert (addresses, facts.order.erased_at) == ({}, hours(2))
    assert isinstance(decide(asked, facts, hours(5)), Skip)
    kept = {(r["address_hash"], r["cause"]) for r in rows(database, "SELECT * FROM suppressions")}
    assert kept == {
        (address_hash(SECRET, channel, address), "erasure")
        for channel, address in ((Channel.EMAIL, "ada@example.com"), (Channel.SMS, str(ADA.phone)))
    }


def test_news_of_an_erased_persons_order_brings_nobody_back_and_a_new_order_a_new_person(
    database: Database,
) -> None:
    """The order stays with the erased; a later one of the same identities belongs to somebody new."""
    person = erased(database)
    take(database, whole(replace(order("1"), updated_at=hours(8), address=HOME)), "w11")
    assert [r["id"] for r in rows(database, "SELECT id FROM persons")] == [person]

    take(database, whole(order("2", placed=hours(9))), "w12")

    (held,) = rows(database, "SELECT person_id FROM orders WHERE id = :r", r=ref("2"))
    assert held["person_id"] != person


def test_the_erasure_of_somebody_unknown_empties_nobody_elses_webhooks(database: Database) -> None:
    """What waits for an order that is not here yet has no person, and is not theirs for that."""
    other = event("shipment.in_transit", hours(1), "7")
    with database.writing() as connection:
        accept_in(connection, SHOP, told(other), Raw(external_id="w1", body=b"{}"), hours(1))
    accept(database, told(event("customer.erased", hours(2), None, person=ADA)), "w2", 3)

    kept = {r["id"]: r["status"] for r in rows(database, "SELECT * FROM inbox_webhooks")}
    assert kept == {webhook_id(SHOP.id, "w1"): "read", webhook_id(SHOP.id, "w2"): "erased"}


def test_an_erasure_that_names_its_person_by_an_order_waits_for_it(database: Database) -> None:
    """Heard before the order, it erases whoever the order turns out to be of, the order's webhook included."""
    accept(database, told(event("customer.erased", hours(2), "1")), "w1", 3)
    accept(database, whole(replace(order("1"), address=HOME)), "w2", 4)

    assert [at for at, row in everything(database).items() for word in PERSONAL if said(word, row)] == []
