"""What an earlier release left: its database, on SQLite as it was recorded or its rows on PostgreSQL, and Temporal's
file with journeys that are open."""

from __future__ import annotations

import json
import lzma
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from shopkeeper import CLARA, IDA, JONAS, Order
from sqlalchemy import MetaData, Table, create_engine, func, insert, select
from standing import CLOSING, FRESH, LOST, MOVING, OVER, PARTLY, PAUSED, SELLING

from doorstep.models.migrate import config

RELEASES = sorted((Path(__file__).parent / "left_by").glob("*/about.json"))
WHOSE = {
    SELLING: IDA,
    PAUSED: JONAS,
    OVER: CLARA,
    LOST: CLARA,
    PARTLY: JONAS,
    CLOSING: CLARA,
    MOVING: IDA,
    FRESH: JONAS,
}
Rows = dict[str, list[dict[str, Any]]]
"""Table → its rows, each column by name."""


class Left:
    """One release's, unpacked into `folder`. `url` is its database's; `rows` what it held when it was recorded."""

    def __init__(self, about: Path, folder: Path) -> None:
        self.about: dict[str, Any] = json.loads(about.read_text())
        self.folder, self.url = folder, f"sqlite:///{folder / 'doorstep.db'}"
        (folder / "temporal").mkdir()
        for name in ("doorstep.db", "temporal/temporal.db"):
            packed = about.parent / f"{Path(name).name}.xz"
            (folder / name).write_bytes(lzma.decompress(packed.read_bytes()))
        self.rows = contents(self.url)

    def move_to(self, url: str) -> None:
        """The same rows in an empty PostgreSQL, in the tables that the release's own migrations make there."""
        made = create_engine(url)
        with made.begin() as connection:
            settings = config()
            settings.attributes["connection"] = connection
            command.upgrade(settings, self.about["revision"])
        known = MetaData()
        known.reflect(made)
        with made.begin() as connection:
            for table in known.sorted_tables:
                if self.rows[table.name] and table.name != "alembic_version":
                    connection.execute(insert(table), self.rows[table.name])
                for name in _counted(table):
                    # as a database that gave these numbers itself would stand
                    last = select(func.coalesce(func.max(table.c[name]), 0) + 1).scalar_subquery()
                    sequence = func.pg_get_serial_sequence(f'"{table.name}"', name)
                    connection.execute(select(func.setval(sequence, last, False)))
        made.dispose()
        self.url = url

    def order(self, number: int) -> Order:
        placed = datetime.fromisoformat(self.about["placed"][str(number)])
        return Order(id=number, customer=WHOSE[number], placed=placed)


def _counted(table: Table) -> list[str]:
    return [c.name for c in table.columns if c.server_default is not None and c.primary_key]


def contents(url: str) -> Rows:
    """Every row of every table, as the driver gives it; instants are aware UTC on both databases."""
    engine, known = create_engine(url), MetaData()
    known.reflect(engine)
    with engine.connect() as connection:
        found = {
            name: [
                {column: _aware(value) for column, value in row._mapping.items()}
                for row in connection.execute(select(table))
            ]
            for name, table in known.tables.items()
        }
    engine.dispose()
    return found


def _aware(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
