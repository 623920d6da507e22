"""The Store port over SQL: the person's lock, the facts, the ledger and its decisions, the never-send list."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Dialect, and_, bindparam, case, func, insert, or_, select
from sqlalchemy.engine import Connection

from doorstep.domain.customers import Facts, SuppressionCause
from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import Decision
from doorstep.domain.touches import LedgerRow, TouchRequest
from doorstep.models.addresses import address_hash
from doorstep.models.base import Database
from doorstep.models.content import content_of
from doorstep.models.facts import LOCK, FactsReader, addresses_of
from doorstep.models.forgotten import person_forgotten
from doorstep.models.ledger import DecisionRow, LedgerRowModel
from doorstep.models.ledger_rows import decision_values, ledger_row, ledger_values
from doorstep.models.people import SuppressionRow
from doorstep.models.prepared import Prepared, prepared
from doorstep.models.tables import insert_into, table

_ledger, _decisions = table(LedgerRowModel), table(DecisionRow)
_suppressions = table(SuppressionRow)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

#: transactions of one touch write and read these again and again
_TOUCH = prepared(select(_ledger).where(_ledger.c.key == bindparam("touch_key")))
_DECIDED = Prepared(
    lambda _dialect: insert(_decisions).inline(),
    columns=[column.name for column in _decisions.c if column.name != "id"],
)


_PLACE = ["store_id", "channel", "address_hash", "cause"]


def _upsert(dialect: Dialect) -> Any:
    statement = insert_into(dialect, _ledger)
    kept = {"key", "created_at"}
    changes = {c.name: statement.excluded[c.name] for c in _ledger.c if c.name not in kept}
    return statement.on_conflict_do_update(index_elements=["key"], set_=changes)


def _remember(dialect: Dialect) -> Any:
    statement = insert_into(dialect, _suppressions)
    later = statement.excluded.since > _suppressions.c.since
    held = func.coalesce(_suppressions.c.heard_at, _suppressions.c.since)
    not_lifted_since = or_(
        _suppressions.c.lifted_at.is_(None), _suppressions.c.lifted_at <= statement.excluded.since
    )
    return statement.on_conflict_do_update(
        index_elements=_PLACE,
        set_={
            "since": statement.excluded.since,
            "lifted_at": None,
            "heard_at": case((_suppressions.c.lifted_at.is_(None), held), else_=statement.excluded.heard_at),
        },
        where=and_(later, not_lifted_since),
    )


def _lift(dialect: Dialect) -> Any:
    """A lifting that comes before what it lifts leaves a row that was never in force."""
    statement = insert_into(dialect, _suppressions)
    return statement.on_conflict_do_update(
        index_elements=_PLACE,
        set_={"lifted_at": statement.excluded.lifted_at},
        where=and_(
            _suppressions.c.since < statement.excluded.lifted_at,
            or_(
                _suppressions.c.lifted_at.is_(None),
                _suppressions.c.lifted_at < statement.excluded.lifted_at,
            ),
        ),
    )


_SAVE = Prepared(_upsert, columns=[column.name for column in _ledger.c])


class SqlTx:
    """One transaction under a person's lock: `ports.Tx`."""

    def __init__(self, connection: Connection, reader: FactsReader, secret: bytes, person_ref: str) -> None:
        self._connection = connection
        self._reader = reader
        self._secret = secret
        self._person = person_ref
        self._addresses: dict[Channel, str] | None = None

    def facts(self, request: TouchRequest, at: datetime) -> Facts:
        """Everything the gate reads. Raises `NotFound` for an unknown person."""
        return self._reader.facts(self._connection, request, at, self._reached())

    def touch(self, key: str) -> LedgerRow | None:
        """The ledger row of that key."""
        found = _TOUCH.first(self._connection, {"touch_key": key})
        return None if found is None else ledger_row(found._asdict())

    def save(self, row: LedgerRow) -> None:
        """Insert or replace the ledger row. Of a person who was erased while the provider's call was out only what
        became of it is kept: the provider's log knows the address by its own id."""
        if row.provider_message_id and person_forgotten(self._connection, self._person):
            row = replace(row, provider_message_id="")
        _SAVE.run(self._connection, ledger_values(row))

    def decided(self, row: LedgerRow, decision: Decision, at: datetime) -> None:
        """Append the decision and its trace."""
        _DECIDED.run(self._connection, decision_values(row, decision, at))

    def address(self, request: TouchRequest, channel: Channel) -> str | None:
        """Where to reach the person on that channel (personal data)."""
        return self._reached().get(channel)

    def suppress(
        self, request: TouchRequest, channel: Channel, cause: SuppressionCause, at: datetime
    ) -> None:
        """The current address on that channel goes on the never-send list; without one there is nothing
        to remember. A suppression that was lifted holds again, from now."""
        address = self._reached().get(channel)
        if address is not None:
            suppress(self._connection, self._secret, request.store_id, channel, address, cause, at)

    def _reached(self) -> dict[Channel, str]:
        if self._addresses is None:
            self._addresses = addresses_of(self._connection, self._person)
        return self._addresses


def suppress(
    connection: Connection,
    secret: bytes,
    store_id: str,
    channel: Channel,
    address: str,
    cause: SuppressionCause,
    at: datetime,
    *,
    heard_at: datetime | None = None,
) -> None:
    """Put an address on a store's never-send list, as a keyed hash. Told twice it is there once; told late, a
    lifting (`lift`) after `at` stands. `since` becomes the last time it was told, so any order gives the same.
    `heard_at`: when we heard of it, where that is not `at`."""
    hashed = address_hash(secret, channel, address)
    suppress_hash(connection, store_id, channel, hashed, cause, at, heard_at=heard_at)


def suppress_hash(
    connection: Connection,
    store_id: str,
    channel: Channel,
    hashed: str,
    cause: SuppressionCause,
    at: datetime,
    *,
    heard_at: datetime | None = None,
) -> None:
    """`suppress` of an address of which only the hash (`address_hash`) is known."""
    row = {**_place(store_id, channel, hashed, cause), "since": at, "lifted_at": None}
    connection.execute(_remember(connection.dialect), {**row, "heard_at": heard_at or at})


def lift(
    connection: Connection,
    secret: bytes,
    store_id: str,
    channel: Channel,
    address: str,
    cause: SuppressionCause,
    at: datetime,
) -> bool:
    """Take an address off the never-send list, as far as it stood there for that cause before `at`; whether it did.
    At one instant the suppression wins."""
    place = _place(store_id, channel, address_hash(secret, channel, address), cause)
    rows = _suppressions.c
    held = connection.execute(
        select(rows.id).where(
            *(rows[name] == value for name, value in place.items()), rows.lifted_at.is_(None), rows.since < at
        )
    ).first()
    connection.execute(_lift(connection.dialect), {**place, "since": _NEVER, "lifted_at": at})
    return held is not None


def _place(store_id: str, channel: Channel, hashed: str, cause: SuppressionCause) -> dict[str, Any]:
    return {
        "store_id": store_id,
        "channel": channel.value,
        "address_hash": hashed,
        "cause": cause.value,
    }


class SqlStore:
    """`ports.Store` over one database. `secret` is the installation's own key (keyed hashes, signed links);
    `base_url` is where the customer's browser finds our pages."""

    def __init__(self, database: Database, *, secret: bytes, base_url: str = "http://127.0.0.1:8080") -> None:
        self._database = database
        self._secret = secret
        self._base_url = base_url
        self._reader = FactsReader(secret)

    @contextmanager
    def locked(self, store_id: str, person_ref: str) -> Iterator[SqlTx]:
        """A transaction under that person's lock. On PostgreSQL others of the same person wait at the row;
        on SQLite every writer waits, and the transaction sees whatever was committed before its turn."""
        with self._database.writing() as connection:
            if not self._database.is_sqlite:
                LOCK.first(connection, {"person": person_ref})
            yield SqlTx(connection, self._reader, self._secret, person_ref)

    def content(self, request: TouchRequest, channel: Channel, at: datetime) -> dict[str, Any]:
        """What a template may say (`templates.content.Content`): personal data, for the message only.
        Raises `NotFound` when person or order are not there."""
        with self._database.reading() as connection:
            content = content_of(connection, request, channel, secret=self._secret, base_url=self._base_url)
        return dict(content)
