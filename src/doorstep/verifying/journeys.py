"""The histories that are verified: of live journeys through the gateway, or a folder of files. Payloads are opened
here, in memory; what lies sealed on disk or in Temporal stays so."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from temporalio.api.history.v1 import History
from temporalio.client import WorkflowHistory

from doorstep import contracts, gateway
from doorstep.codec import CannotOpen, open_within
from doorstep.converter import data_converter
from doorstep.domain.ids import fraction
from doorstep.errors import BadInput, NotFound, Unreadable, nearest
from doorstep.models.base import Database
from doorstep.models.journeys import JourneyRow, JourneyStatus
from doorstep.models.ledger import LedgerRowModel
from doorstep.models.tables import table
from doorstep.rehearsal.rebuild import from_file
from doorstep.settings import Settings
from doorstep.verifying.wholeness import Unread, ensure_whole

AT_ONCE = 8
ENDED, START = "ended", "the start"
NAMED = 5
_JOURNEYS, _LEDGER = table(JourneyRow), table(LedgerRowModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One journey to verify. `step`: the last touch it asked for, or `ended`; `history`: base64 of Temporal's protobuf,
    opened."""

    id: str
    type: str
    step: str
    history: str


def sampled(journeys: Iterable[tuple[str, str, str]], most: int | None) -> list[str]:
    """Ids of (id, type, step), at most that many of each type and step; the same ones each time. None: all."""
    taken: Counter[tuple[str, str]] = Counter()
    chosen = []
    for id_, type_, step in sorted(journeys, key=lambda j: fraction(j[0])):
        taken[type_, step] += 1
        if most is None or taken[type_, step] <= most:
            chosen.append(id_)
    return chosen


# --- a folder ---------------------------------------------------------------------------------------------


def in_folder(folder: Path, settings: Settings, most: int | None) -> list[Recorded | Unread]:
    """Of every .json file below a folder; last those that cannot be read. Each goes by its path there without `.json`:
    files in different folders may have one name. Raises `BadInput`, and `Unreadable` when none can be read."""
    if not folder.is_dir():
        raise _no_folder(folder)
    files = sorted(folder.rglob("*.json"))
    if not files:
        raise BadInput(
            f"There are no histories in {folder}.",
            mend="Record some: `doorstep versions record FOLDER --live`.",
        )
    told: dict[str, Recorded] = {}
    unread: list[Unread] = []
    for file in files:
        name = _name(file, folder)
        try:
            told[name] = recorded(name, _opened(from_file(file), settings))
        except (Unreadable, CannotOpen) as error:
            unread.append(Unread(name, error))
    if not told:
        raise unread[0].alone()
    chosen = sampled(((r.id, r.type, r.step) for r in told.values()), most)
    return [*(told[name] for name in sorted(chosen)), *unread]


def passed_over(folder: Path) -> list[str]:
    """What lies below a folder of histories and is not looked at: their names, the first few."""
    others = [
        file.relative_to(folder).as_posix()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.suffix != ".json" and not file.name.startswith(".")
    ]
    return [*others[:NAMED], *([f"and {len(others) - NAMED} more"] if len(others) > NAMED else [])]


def _no_folder(folder: Path) -> BadInput:
    if folder.exists():
        return BadInput(f"{folder} is no folder.", mend="Give the folder that the histories lie in.")
    beside = [p.name for p in folder.parent.iterdir() if p.is_dir()] if folder.parent.is_dir() else []
    return BadInput(
        f"There is no folder {folder}.{nearest(folder.name, beside)}",
        mend="Record histories into it: `doorstep versions record FOLDER --live`.",
    )


def _name(file: Path, folder: Path) -> str:
    return file.relative_to(folder).with_suffix("").as_posix()


def _opened(history: WorkflowHistory, settings: Settings) -> WorkflowHistory:
    codec = data_converter(settings).payload_codec
    assert codec is not None, "the codec is always there"

    async def opened() -> None:
        for event in history.events:
            await open_within(event, codec)

    asyncio.run(opened())
    return history


def recorded(name: str, history: WorkflowHistory) -> Recorded:
    """A history with its payloads opened, ready to be asked about. Raises `Unreadable` for a torn or foreign one."""
    ensure_whole(history)
    started = history.events[0].workflow_execution_started_event_attributes
    return Recorded(
        id=name,
        type=started.workflow_type.name,
        step=_step(history),
        history=base64.b64encode(History(events=history.events).SerializeToString()).decode(),
    )


def _step(history: WorkflowHistory) -> str:
    if "workflow_execution_completed" in (history.events[-1].WhichOneof("attributes") or ""):
        return ENDED
    for event in reversed(history.events):
        told = event.activity_task_scheduled_event_attributes
        if told.activity_type.name == contracts.TOUCH:
            asked = json.loads(told.input.payloads[0].data) if told.input.payloads else None
            return str(asked.get("step", "")) if isinstance(asked, dict) else ""
    return START


# --- an installation --------------------------------------------------------------------------------------


def on_server(
    settings: Settings, database: Database, most: int | None, *, ended: bool
) -> tuple[list[str], Iterator[Recorded | Unread]]:
    """The ids of the live journeys of this installation, and their histories as they come; those that have ended too
    when asked (kept ones where Temporal has let go of them). Raises `NotFound` when there is none."""
    chosen = sampled(_standing(database, ended=ended), most)
    if not chosen:
        raise NotFound("There is no journey to verify.", mend="`--histories FOLDER` verifies recorded ones.")
    return chosen, _fetched(settings, database, chosen)


def _standing(database: Database, *, ended: bool) -> list[tuple[str, str, str]]:
    """Of each journey the step that its history will tell: what it asked for last, as `_step`."""
    last = (
        select(_LEDGER.c.step)
        .where(_LEDGER.c.journey_id == _JOURNEYS.c.id)
        .order_by(_LEDGER.c.created_at.desc(), _LEDGER.c.due_at.desc(), _LEDGER.c.key)
        .limit(1)
        .scalar_subquery()
    )
    rows = select(_JOURNEYS.c.id, _JOURNEYS.c.type, _JOURNEYS.c.status, last.label("step"))
    wanted = [JourneyStatus.OPEN.value, *([JourneyStatus.CLOSED.value] if ended else [])]
    with database.reading() as connection:
        found = connection.execute(rows.where(_JOURNEYS.c.status.in_(wanted), _JOURNEYS.c.type != "")).all()
    return [
        (r.id, r.type, ENDED if r.status == JourneyStatus.CLOSED.value else r.step or START) for r in found
    ]


def _fetched(settings: Settings, database: Database, ids: Sequence[str]) -> Iterator[Recorded | Unread]:
    with asyncio.Runner() as runner:
        door = runner.run(_door(settings, database))
        for begin in range(0, len(ids), AT_ONCE * 4):
            yield from runner.run(_some(door, ids[begin : begin + AT_ONCE * 4]))


async def _door(settings: Settings, database: Database) -> gateway.Gateway:
    return gateway.Gateway(await gateway.connect(settings), database, settings)


async def _some(door: gateway.Gateway, ids: Sequence[str]) -> list[Recorded | Unread]:
    at_most = asyncio.Semaphore(AT_ONCE)

    async def one(id_: str) -> Recorded | Unread | None:
        async with at_most:
            try:
                return recorded(id_, await door.history(id_))
            except NotFound:
                return None  # ended and forgotten meanwhile
            except (Unreadable, CannotOpen) as error:
                return Unread(id_, error)

    found = await asyncio.gather(*(one(id_) for id_ in ids))
    return [r for r in found if r is not None]
