"""Webhooks taken in together: the same rows and the same answers as one after the other, and a bad one spoils none."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import SQLModel

from databases import Postgres
from doorstep.domain.facts import PersonErased
from doorstep.domain.ids import shipment_ref
from doorstep.domain.messages import Channel
from doorstep.ingest import Accepted, Answer, Raw, Writer, persons
from doorstep.ingest import accept as alone
from doorstep.ingest.accept import accept_in, accept_together
from doorstep.ingest.inputs import Incoming
from doorstep.models import Database
from doorstep.models.migrate import upgrade
from doorstep.sources.base import Reading
from doorstep.sources.sightings import ConsentSighting, PersonSighting
from ingest.telling import (
    SHOP,
    Gate,
    event,
    hours,
    line,
    open_shop,
    order,
    rows,
    scan,
    told,
    until,
    value,
    whole,
)
from ingest.test_shuffles import STORY

accept_module = importlib.import_module("doorstep.ingest.accept")  # the package names a function so, too
BEA = PersonSighting(external_id="88", email="bea@example.com", first_name="Bea")
PARCEL = shipment_ref("shop", "fx")
AGREES = ConsentSighting(person=BEA, channel=Channel.EMAIL, granted=True, at=hours(1), source="shopify")
#: an exchange and its parcel, another person who agrees, is seen again and erased, and what cannot be placed
MORE: tuple[Reading, ...] = (
    whole(order("1001-X", lines=(line("x1", product="p9"),), placed=hours(100), exchange_of="1001")),
    told(event("shipment.delivered", hours(140), "1001-X", subject=PARCEL)),
    replace(whole(order("2001", person=BEA)), consents=(AGREES,)),
    whole(order("2001", person=replace(BEA, phone="+493023125009"), updated=hours(2)), edited=True),
    scan("in_transit", hours(8), "f2", "2001"),
    whole(order("2002", person=BEA, placed=hours(30))),
    told(event("consent.withdrawn", hours(31), None, person=BEA, data={"channel": "email", "purpose": "marketing"})),
    told(event("browse.viewed", hours(32), None, person=BEA, data={"product": "p1"})),
    told(event(PersonErased.type, hours(90), None, person=BEA)),
    scan("delivered", hours(95), "f2", "2001"),
    whole(order("2003", person=BEA, placed=hours(99))),
    told(event("order.refunded", hours(51), None, subject="r9", data={})),
)  # fmt: skip


def incoming(n: int, reading: Reading) -> Incoming:
    """As the API makes it."""
    events = tuple(replace(e, external_id=f"w{n}/{e.fact_key}") for e in reading.events)
    raw = Raw(external_id=f"w{n}", body=b"{}", topic="t", headers={"X-Topic": "t"})
    return Incoming(at=SHOP, reading=replace(reading, events=events), raw=raw, received_at=hours(200))


def after(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    groups: Sequence[Sequence[Incoming]],
    *,
    one_by_one: bool,
) -> tuple[list[Accepted], dict[str, list[str]]]:
    """The answers, and every row of every table, in an empty shop."""
    numbers = itertools.count()
    monkeypatch.setattr(persons, "draw", lambda kind: f"{kind}_{next(numbers)}")
    with database.writing() as connection:
        for table in reversed(_tables()):
            connection.execute(table.delete())
    open_shop(database)
    answers: list[Accepted] = []
    for group in groups:
        with database.writing() as conn:
            if one_by_one:
                answers += [accept_in(conn, i.at, i.reading, i.raw, i.received_at) for i in group]
            else:
                answers += accept_together(conn, group)
    return answers, {
        t.name: sorted(map(_shown, rows(database, f"SELECT * FROM {t.name}"))) for t in _tables()
    }


def _tables() -> list[Any]:
    return [t for t in SQLModel.metadata.sorted_tables if t.name != "audit"]  # which only grows


def _shown(row: Any) -> str:
    """Without counters: what was refused by a unique key has used one up."""
    return repr({k: v for k, v in row.items() if not (k == "id" and isinstance(v, int))})


@pytest.mark.parametrize("seed", range(5))
def test_together_they_leave_what_they_leave_one_after_the_other(
    database: Database, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Any order, repeats included, in groups of any size."""
    chosen = random.Random(seed)
    story = [incoming(n, reading) for n, reading in enumerate((*STORY, *MORE))]
    story += chosen.choices(story, k=6)
    if seed:
        chosen.shuffle(story)
    groups = []
    while story:
        size = chosen.choice((1, 3, 8, 30))
        groups.append(story[:size])
        del story[:size]

    answers, left = after(database, monkeypatch, groups, one_by_one=False)
    expected, held = after(database, monkeypatch, groups, one_by_one=True)

    assert answers == expected
    assert left == held
    assert {a.status for a in answers} == {Answer.ACCEPTED, Answer.DUPLICATE, Answer.QUARANTINED}


async def told_together(writer: Writer, group: Sequence[Incoming]) -> list[Accepted | BaseException]:
    """Waiting at the same moment, so that they share a transaction."""
    gate = Gate()
    writer.submit(gate)
    await until(gate.reached)
    asked = [asyncio.create_task(writer.accept(i.at, i.reading, i.raw, i.received_at)) for i in group]
    await until(lambda: writer.waiting == len(group))
    gate.open()
    return await asyncio.gather(*asked, return_exceptions=True)


async def test_a_bad_webhook_in_a_group_spoils_none_of_the_others(database: Database) -> None:
    """The database refuses one's amount: its sender hears of it, the others are there, each with its own answer."""
    open_shop(database)
    good = [incoming(n, reading) for n, reading in enumerate(STORY[:6])]
    bad = incoming(99, whole(replace(order("6666"), total_minor=2**70)))
    same = incoming(0, STORY[0])
    writer = Writer(database).start()

    answers = await told_together(writer, [*good[:3], bad, *good[3:], same])
    writer.close()

    assert isinstance(answers[3], Exception)
    statuses = [a.status for a in answers if isinstance(a, Accepted)]
    assert statuses == [Answer.ACCEPTED] * 6 + [Answer.DUPLICATE]
    assert [a.events for a in answers if isinstance(a, Accepted)] == [1, 1, 1, 1, 1, 1, 0]
    assert len(rows(database, "SELECT * FROM inbox_webhooks")) == 6
    assert rows(database, "SELECT * FROM orders WHERE external_id = '6666'") == []
    (state,) = rows(database, "SELECT state FROM orders")
    assert value(state["state"])["shipments"]


async def test_an_ordinary_group_is_never_taken_apart(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_shop(database)
    writer = Writer(database).start()
    apart: list[int] = []
    commit = writer._commit
    monkeypatch.setattr(writer, "_commit", lambda group: apart.append(len(group)) or commit(group))

    answers = await told_together(writer, [incoming(n, reading) for n, reading in enumerate(STORY)])
    writer.close()

    assert {a.status for a in answers if isinstance(a, Accepted)} == {Answer.ACCEPTED}
    assert apart == [], "an ordinary group was taken apart"


async def test_what_another_process_wrote_meanwhile_is_seen_after_all(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group has looked and found nothing; then another process commits one of its webhooks. Nobody is told
    *accepted* of what was not stored for them."""
    url = postgres.create("doorstep_meanwhile")
    upgrade(url)
    database, other = Database(url), Database(url)
    open_shop(database)
    group = [incoming(n, reading) for n, reading in enumerate((STORY[0], STORY[3], MORE[2]))]
    look_up, met = accept_module.look_up, []

    def meanwhile(statements: Any, looked_for: Any) -> Any:
        found = look_up(statements, looked_for)
        if not met:
            met.append(alone(other, SHOP, group[2].reading, group[2].raw, hours(200)))
        return found

    monkeypatch.setattr(accept_module, "look_up", meanwhile)
    writer = Writer(database).start()
    answers = await told_together(writer, group)
    writer.close()
    count = {t: len(rows(database, f"SELECT * FROM {t}")) for t in ("inbox_webhooks", "journeys", "persons")}
    database.dispose()
    other.dispose()
    postgres.drop(url)

    assert [a.status for a in met] == [Answer.ACCEPTED]
    assert [a.status for a in answers if isinstance(a, Accepted)] == [
        Answer.ACCEPTED,
        Answer.ACCEPTED,
        Answer.DUPLICATE,
    ]
    assert count == {"inbox_webhooks": 3, "journeys": 2, "persons": 2}


def test_a_new_shops_tables_are_not_read_whole_when_they_have_grown(postgres: Postgres) -> None:
    """PostgreSQL keeps a statement's plan until the table is analysed, and of an empty table the cheapest is to read
    it whole. What looks things up for a group must not get such a plan."""
    url = postgres.create("doorstep_new_shop")
    upgrade(url)
    database = Database(url, pool_size=1)
    open_shop(database)
    read_whole = []
    for n in range(8):
        with database.writing() as connection:
            accept_together(connection, [incoming(n, whole(order(f"{n}"))), incoming(n + 100, told())])
            found = connection.exec_driver_sql(
                "SELECT relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0"
            )
            read_whole += found.scalars().all()
    database.dispose()
    postgres.drop(url)
    assert not read_whole
