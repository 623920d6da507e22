"""A journey of the past carried on by this revision's code: rebuilt from its history, then run to its end in a world
made of that history, under a named assumption. What it asks for on the way is told as plain items, so that another
revision's can be laid beside them.

Temporal's replay compares the order of commands and their kinds. Here their content is compared too: an activity of
the past which this code asks for under another key takes over an answer that was another touch's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio.client import WorkflowHistory

from doorstep.converter import IN_PROCESS
from doorstep.errors import DoorstepError, Unreadable
from doorstep.ports import Renderer
from doorstep.rehearsal import items
from doorstep.rehearsal._sdk.handing import payload
from doorstep.rehearsal.agreement import in_words, said_by
from doorstep.rehearsal.assuming import Arrival, Assumption, run_on
from doorstep.rehearsal.commanded import Command, commanded, place_in
from doorstep.rehearsal.comparing import Item
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.log import Entry, value
from doorstep.rehearsal.plan import HORIZON
from doorstep.rehearsal.premises import Asked, asked_of, premises, start_of
from doorstep.rehearsal.rebuild import CodeGone, rebuild
from doorstep.rehearsal.trouble import RehearsalError
from doorstep.rehearsal.unchanged import unchanged_by_json
from doorstep.rehearsal.world import World
from doorstep.workflows import registry

_RECORDED = re.compile(r"recorded was '(?P<command>[^']+)'")
ARRIVES_AFTER = timedelta(days=5)
"""When a parcel of which no carrier has said anything arrives, counted from the order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Why this code cannot carry it on. `file` and `line` as near as is known (empty and 0: not known); `at` (aware
    UTC): of virtual time, None where there is none."""

    what: str
    file: str = ""
    line: int = 0
    at: datetime | None = None
    recorded: str = ""
    """The command that was recorded there, as `where` finds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """`past`: what the code asked for until the history's end; `ahead`: what would come. `ended`: the journey had
    ended by itself. `commands`: all that its code commanded, where it was traced."""

    type: str
    broken: Broken | None = None
    ended: bool = False
    past: tuple[Item, ...] = ()
    ahead: tuple[Item, ...] = ()
    commands: tuple[Command, ...] = ()


def carry(
    history: WorkflowHistory,
    renderer: Renderer,
    assumption: Assumption,
    *,
    sandboxed: bool = False,
    traced: bool = False,
) -> Carried:
    """The history's payloads must be opened. `sandboxed`: in the worker's sandbox, where clock, chance and I/O are
    errors. Raises `Unreadable` for what is no history of a journey, or a torn one."""
    type_ = _type(history)
    asked = asked_of(history)
    try:
        # A file is named as somebody liked; the workflow's id is the journey's.
        history = WorkflowHistory(start_of(history).journey_id, history.events)
        return _carried(history, renderer, assumption, asked, sandboxed=sandboxed, traced=traced)
    except Unreadable:
        raise
    except CodeGone as error:
        return Carried(type=type_, broken=Broken(what=error.what))
    except RehearsalError as error:
        return Carried(type=type_, broken=_located(history, error, asked))
    except DoorstepError as error:
        return Carried(type=type_, broken=Broken(what=f"{error.what} {error.mend}".strip()))


def _type(history: WorkflowHistory) -> str:
    return history.events[0].workflow_execution_started_event_attributes.workflow_type.name


def _located(history: WorkflowHistory, error: RehearsalError, asked: Mapping[str, Asked]) -> Broken:
    """The same once more, traced, where the first time did not know the line; and the step that was recorded."""
    if not error.file:
        try:
            rebuild(history, registry.journeys(), traced=True).close()
        except RehearsalError as again:
            error = again if again.file else error
    found = _RECORDED.search(error.what)
    recorded = found["command"] if found else ""
    held = asked.get(recorded.rpartition(" ")[2]) if recorded.startswith("schedule activity") else None
    what = error.what
    if held is not None and held.key:
        what = what.replace(f"'{recorded}'", f"'{recorded}' ({items.short(held.key)})")
    file, line = error.file, error.line
    given = [e for e in error.log if e.place is not None and (e.place.file, e.place.line) == (file, line)]
    if given:
        file, line = place_of(history, given[-1]) or (file, line)
    return Broken(what=what, file=file, line=line, at=error.at, recorded=recorded)


def where(history: WorkflowHistory, recorded: str) -> tuple[str, int]:
    """File and line at which this code gave the command that was recorded; empty and 0 when it cannot tell. For the
    revision that still follows the history, where the other one says nothing any more."""
    history = WorkflowHistory(start_of(history).journey_id, history.events)
    try:
        with rebuild(history, registry.journeys(), traced=True) as engine:
            for entry in engine.log:
                said = said_by(entry)
                if said is not None and in_words(said) == recorded and entry.place is not None:
                    return place_of(history, entry) or (entry.place.file, entry.place.line)
    except DoorstepError:
        pass  # it does not follow the history either
    return "", 0


def _carried(
    history: WorkflowHistory,
    renderer: Renderer,
    assumption: Assumption,
    asked: Mapping[str, Asked],
    *,
    sandboxed: bool,
    traced: bool,
) -> Carried:
    world = World(premises(history, asked), renderer)
    reader = next(iter(world.records.persons.values()))
    before = {key: row for rows in world.records.rows.values() for key, row in rows.items()}
    cases, points = set(world.records.tickets), set(world.records.points)
    with rebuild(
        history,
        registry.journeys(),
        activities=world.activities(),
        converter=IN_PROCESS,
        sandboxed=sandboxed,
        traced=traced,
        vouched=unchanged_by_json,
    ) as engine:
        mixed_up = _mixed_up(history, engine.log, asked)
        if mixed_up is not None:
            return Carried(type=_type(history), broken=mixed_up)
        behind = items.past(engine.log, renderer, reader.locale or world.records.shop.locale)
        ended = engine.done
        if not ended:
            _on(engine, world, assumption)
        ahead = (
            []
            if ended
            else [*items.touches(world, before), *items.others(world, cases, points), *items.end(engine)]
        )
        given = commanded(engine.log, registry.journeys().get(_type(history))) if traced else ()
    return Carried(
        type=_type(history), ended=ended, past=tuple(behind), ahead=tuple(ahead), commands=tuple(given)
    )


def _on(engine: Engine, world: World, assumption: Assumption) -> None:
    """To its end, or as far as anything happens by itself."""
    arrivals: list[Arrival] = []
    order = next((o for o in world.records.orders.values() if o.journey_id == engine.workflow_id), None)
    if order is not None and assumption is Assumption.ARRIVES and order.state.delivered_at is None:
        at = max(engine.now + timedelta(hours=1), (order.placed_at or engine.now) + ARRIVES_AFTER)
        under_way = [s.ref for s in order.state.active_shipments if s.delivered_at is None]
        arrivals = [Arrival(shipment=ref, at=at) for ref in under_way or ["shp_assumed"]]
    run_on(engine, world, engine.now + HORIZON, tuple(arrivals))


def place_of(history: WorkflowHistory, entry: Entry) -> tuple[str, int] | None:
    """File and line of a command in the author's code (`place_in`)."""
    return place_in(registry.journeys().get(_type(history)), entry)


# --- the past, as this code says it ------------------------------------------------------------------------


def _mixed_up(history: WorkflowHistory, log: Iterable[Entry], asked: Mapping[str, Asked]) -> Broken | None:
    """The first activity of the past that this code asks for under another key than was recorded."""
    for entry in log:
        if entry.kind != "schedule_activity":
            continue
        command = entry.told
        held = asked.get(command.activity_id)
        said = value(payload(command.arguments[0])) if command.arguments else None
        key = str(said.get("key", "")) if isinstance(said, dict) else ""
        if held is None or held.type != entry.name or not held.key or held.key == key:
            continue
        file, line = place_of(history, entry) or ("", 0)
        return Broken(
            what=f"The code goes another way than the history, and Temporal's replay does not see it: recorded was "
            f"'{entry.name} {items.short(held.key)}', now it says '{entry.name} {items.short(key)}', "
            f"which would take over the other's answer.",
            file=file,
            line=line,
            at=entry.at,
        )
    return None
