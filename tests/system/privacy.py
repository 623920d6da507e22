"""The search for personal data where none may be: Temporal's histories, log lines, addresses asked for, and what
is answered without anybody's name being asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, select, text
from temporalio.client import Client
from temporalio.converter import PayloadCodec
from temporalio.service import RPCError, RPCStatusCode

from doorstep.codec import open_within
from doorstep.gateway.archive import unpacked
from doorstep.models.archive import HistoryArchiveRow
from doorstep.models.base import Database
from doorstep.models.tables import table

if TYPE_CHECKING:
    from house import House

PAGES = ("/healthz", "/readyz", "/journeys", "/metrics")
"""Answers that a machine reads, with no customer in them."""


async def histories(
    client: Client, workflows: Iterable[str], may_be_forgotten: bool = False
) -> dict[str, str]:
    """Every event of every workflow as text, payloads opened: sealed ones with the client's own keys.
    `may_be_forgotten`: in a house that lived long ago, Temporal's retention has passed for some that had closed."""
    found = {}
    codec = client.data_converter.payload_codec
    for workflow in workflows:
        try:
            history = await client.get_workflow_handle(workflow).fetch_history()
        except RPCError as error:
            if may_be_forgotten and error.status is RPCStatusCode.NOT_FOUND:
                continue
            raise
        for event in history.events if codec is not None else ():
            await open_within(event, codec)
        found[f"history of {workflow}"] = "\n".join(_opened(event) for event in history.events)
    return found


def _opened(event: object) -> str:
    """An event's fields, strings and bytes alike as the text they hold: as bytes on the wire they stand there
    unescaped, payloads included."""
    return event.SerializeToString().decode("utf-8", "replace")  # type: ignore[attr-defined,no-any-return]


async def outside(house: House) -> dict[str, str]:
    """Everything that leaves the database other than as a message or an answer to support."""
    workflows = [w.id async for w in house.client.list_workflows("")]
    listed = (await house.get("/journeys", limit=100))["journeys"]
    known = {row["id"] for row in listed if row["status"] != "pending"} | set(workflows)
    found = await histories(house.client, sorted(known), house.taken_over)
    found["log"] = house.log.getvalue()
    found["addresses asked for"] = "\n".join(house.asked)
    for page in PAGES:
        found[page] = (await house.http.get(page)).text
    return found


async def leaks(house: House) -> list[str]:
    """Where a customer's personal data stands, as `where: what`."""
    return found_in(await outside(house), house.personal)


def found_in(places: Mapping[str, str | bytes], words: Iterable[str]) -> list[str]:
    """Case aside, as `place: word`. Files are searched as the bytes they are."""
    wanted = {word.lower() for word in words if word}
    hits = []
    for name, told in places.items():
        low = told.lower()
        hits += [
            f"{name}: {word}"
            for word in wanted
            if (word in low if isinstance(low, str) else word.encode() in low)
        ]
    return sorted(hits)


def of_database(database: Database) -> dict[str, str]:
    """Every column of every table's rows as text."""
    with database.reading() as connection:
        return {
            name: "\n".join(
                " ".join(_text(value) for value in row)
                for row in connection.execute(text(f'SELECT * FROM "{name}"'))
            )
            for name in inspect(connection).get_table_names()
        }


def _text(value: object) -> str:
    return bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)


def of_statistics(database: Database) -> dict[str, str]:
    """What PostgreSQL's planner remembers of columns: their common and bordering values."""
    asked = (
        "SELECT tablename || '.' || attname, concat(most_common_vals, histogram_bounds, most_common_elems)"
        " FROM pg_stats WHERE schemaname = current_schema()"
    )
    with database.reading() as connection:
        return {f"statistics of {name}": told for name, told in connection.execute(text(asked))}


async def of_archive(database: Database, codec: PayloadCodec | None) -> dict[str, str]:
    """Histories that are kept: in their rows they are compressed, and sealed ones are opened here."""
    with database.reading() as connection:
        rows = connection.execute(select(table(HistoryArchiveRow))).all()
    found = {}
    for row in rows:
        history = unpacked(HistoryArchiveRow(**row._mapping))
        assert history is not None
        for event in history.events if codec is not None else ():
            await open_within(event, codec)
        found[f"kept history of {row.journey_id}"] = "\n".join(_opened(event) for event in history.events)
    return found


def of_files(*folders: Path) -> dict[str, bytes]:
    """Every file below, byte for byte: databases with their free pages and logs of what is to be written, too."""
    return {
        str(path): path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()
    }
