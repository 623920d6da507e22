"""The search for personal data where none may be: Temporal's histories, log lines, addresses asked for, and what
is answered without anybody's name being asked for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from doorstep.codec import open_within
from doorstep.models.base import Database

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


def found_in(places: dict[str, str], words: Iterable[str]) -> list[str]:
    wanted = {word.lower() for word in words if word}
    return sorted(
        f"{name}: {word}" for name, told in places.items() for word in wanted if word in told.lower()
    )


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


def of_files(*folders: Path) -> dict[str, str]:
    """Every file below, byte for byte: databases with their free pages and logs of what is to be written, too."""
    return {
        str(path): path.read_bytes().decode("utf-8", "replace")
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    }
