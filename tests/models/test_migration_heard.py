"""Migration 0007 on a database that is in use: what is known of when the rows from before were heard, and that the
release before goes on writing. On both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.engine import Row

from doorstep.models.base import Database
from doorstep.models.migrate import check, config, head, upgrade
from doorstep.models.people import ConsentRow, PersonRow, SuppressionRow
from doorstep.models.stores import StoreRow
from doorstep.models.tables import table
from shop import NOON

CONSENTS, SUPPRESSIONS = table(ConsentRow), table(SuppressionRow)
UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
CONSENT = {"store_id": "shop", "person_id": "ada", "purpose": "marketing", "granted": True, "source": "shop"}
BOUNCE = {"store_id": "shop", "channel": "email", "address_hash": "h", "cause": "bounce"}


@pytest.fixture
def before(empty_url: str) -> Iterator[Database]:
    """A database of the release before, with a person in it who agreed by mail, undated, and by text, dated."""
    database = Database(empty_url)
    with database.writing() as connection:
        to("0006", connection)
        connection.execute(insert(table(StoreRow)).values(id="shop", name="Shop", created_at=NOON))
        person = {"id": "ada", "store_id": "shop", "created_at": NOON, "updated_at": NOON + timedelta(days=3)}
        connection.execute(insert(table(PersonRow)).values(person))
        old_release_writes(connection)
    yield database
    database.dispose()


def to(revision: str, connection: Connection) -> None:
    settings = config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, revision)


def old_release_writes(connection: Connection) -> None:
    """As it does, without the column."""
    connection.execute(insert(CONSENTS).values(**CONSENT, channel="email", at=UNDATED))
    connection.execute(insert(CONSENTS).values(**CONSENT, channel="sms", at=NOON + timedelta(days=1)))
    connection.execute(insert(SUPPRESSIONS).values(**BOUNCE, since=NOON + timedelta(days=2)))


def kept(connection: Connection) -> list[Row[tuple[str, datetime, datetime | None]]]:
    columns = CONSENTS.c
    return list(
        connection.execute(select(columns.channel, columns.at, columns.heard_at).order_by(columns.channel))
    )


def test_rows_from_before_were_heard_when_they_were_said_or_with_their_person(
    before: Database, empty_url: str
) -> None:
    """An undated consent was heard when its person first was; for the others nothing better is known than what they
    say, and empty says that."""
    assert upgrade(empty_url) == head()
    with before.reading() as connection:
        assert kept(connection) == [("email", UNDATED, NOON), ("sms", NOON + timedelta(days=1), None)]
        [bounced] = connection.execute(select(SUPPRESSIONS))
        assert (bounced.since, bounced.heard_at) == (NOON + timedelta(days=2), None)
    assert check(empty_url) == []


def test_the_release_before_goes_on_writing(before: Database, empty_url: str) -> None:
    """Consents and bounces without the column, as it knows them."""
    upgrade(empty_url)
    with before.writing() as connection:
        connection.execute(delete(CONSENTS))
        connection.execute(delete(SUPPRESSIONS))
        old_release_writes(connection)
        assert [row.heard_at for row in kept(connection)] == [None, None]


def test_it_can_be_taken_back(before: Database, empty_url: str) -> None:
    """And made again: nothing else is touched."""
    upgrade(empty_url)
    with before.writing() as connection:
        settings = config()
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0006")
    assert upgrade(empty_url) == head()
    assert check(empty_url) == []
