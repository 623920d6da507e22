"""Words on consent: the latest said holds, however it was dated and whenever it came."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from sqlmodel import select

from doorstep.domain.messages import Channel, Purpose
from doorstep.models import Database
from doorstep.models.people import ConsentRow
from doorstep.models.reading.consents import latest_consent
from doorstep.privacy.export import export
from doorstep.sources.base import Reading
from doorstep.sources.sightings import ConsentSighting
from ingest.telling import ADA, event, hours, open_shop, order, rows, take, told, whole

WITHDRAWN = {"channel": "email", "purpose": "marketing"}


@pytest.fixture(autouse=True)
def _shop(database: Database) -> None:
    open_shop(database)


def shown(at: datetime, *, granted: bool = True, standing: bool = False) -> Reading:
    """An order that shows the person's choice."""
    seen = ConsentSighting(
        person=ADA, channel=Channel.EMAIL, granted=granted, at=at, source="shopify", standing=standing
    )
    return replace(whole(order("1")), consents=(seen,))


def agreed(database: Database) -> bool:
    person = rows(database, "SELECT id FROM persons")[0]["id"]
    with database.read() as session:
        held = latest_consent(session, person, Channel.EMAIL, Purpose.MARKETING)
    assert held is not None
    return held.granted


@pytest.mark.parametrize("repeated", [False, True])
def test_a_consent_dated_ahead_does_not_outrank_a_later_opt_out(database: Database, repeated: bool) -> None:
    """A grant dated years ahead loses to an opt-out heard after it, also when another order repeats it."""
    take(database, shown(hours(24 * 3650)), "w1", hours(1))
    out = event("consent.withdrawn", hours(2), None, person=ADA, data=WITHDRAWN)
    take(database, told(out), "w2", hours(2))
    if repeated:
        take(database, shown(hours(24 * 3650)), "w3", hours(3))

    assert not agreed(database)


@pytest.mark.parametrize("first", ["flag", "word"])
def test_a_flag_without_its_own_time_never_overrules_a_withdrawal(database: Database, first: str) -> None:
    """An undated flag seen after an explicit withdrawal changes nothing, in either order of arrival."""
    flag = (shown(hours(5), standing=True), "w1", hours(6))
    out = event("consent.withdrawn", hours(2), None, person=ADA, data=WITHDRAWN)
    word = (told(out), "w2", hours(6))
    for reading, name, at in (flag, word) if first == "flag" else (word, flag):
        take(database, reading, name, at)

    assert not agreed(database)


def test_a_flag_without_its_own_time_fills_a_gap(database: Database) -> None:
    """Where nothing was ever said, the flag that stands counts."""
    take(database, shown(hours(5), standing=True), "w1", hours(6))

    assert agreed(database)


@pytest.mark.parametrize("ahead", [0.05, 23.0])
def test_an_event_dated_ahead_does_not_outrank_a_later_opt_out(database: Database, ahead: float) -> None:
    """A shop that sends its local time as UTC grants hours ahead: whoever leaves the list meanwhile has left it."""
    take(database, whole(order("1")), "w1", hours(1))
    granted = event("consent.granted", hours(2 + ahead), None, person=ADA, data=WITHDRAWN)
    take(database, told(granted), "w2", hours(2))
    out = event("consent.withdrawn", hours(2.01), None, person=ADA, data=WITHDRAWN)
    take(database, told(out), "w3", hours(2.01))

    assert not agreed(database)


@pytest.mark.parametrize("standing", [False, True])
def test_a_consent_says_when_it_was_heard(database: Database, standing: bool) -> None:
    """Beside when it was said, which an undated one does not tell at all. Told again, the first time counts."""
    for name, at in (("w1", hours(6)), ("w2", hours(9))):
        take(database, shown(hours(5), standing=standing), name, at)

    assert heard_at(database) == [hours(6)]


def test_a_person_is_told_of_an_undated_consent_when_it_was_heard(database: Database) -> None:
    """And of no day in 1970."""
    take(database, shown(hours(5), standing=True), "w1", hours(6))
    person = rows(database, "SELECT id FROM persons")[0]["id"]
    with database.reading() as connection:
        told = export(connection, person, at=hours(7), secret=lambda: b"s")["holdings"]["consents"]

    assert [(one["at"], one["heard_at"]) for one in told] == [(None, hours(6).isoformat())]


def test_a_word_says_when_it_was_heard(database: Database) -> None:
    """A withdrawal that its store tells a day late."""
    take(database, whole(order("1")), "w1", hours(1))
    take(
        database,
        told(event("consent.withdrawn", hours(2), None, person=ADA, data=WITHDRAWN)),
        "w2",
        hours(26),
    )

    assert heard_at(database) == [hours(26)]


def heard_at(database: Database) -> list[datetime | None]:
    with database.read() as session:
        return [row.heard_at for row in session.execute(select(ConsentRow)).scalars()]
