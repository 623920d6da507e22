"""A journey of the past carried on by this revision's code: rebuilt from its history, then run to its end in a world
made of that history, under a named assumption. What it asks for on the way is told as plain items, so that another
revision's can be laid beside them.

Temporal's replay compares the order of commands and their kinds. Here their content is compared too: an activity of
the past which this code asks for under another key takes over an answer that was another touch's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio.client import WorkflowHistory

from doorstep.contracts import CLAIM_ACTION
from doorstep.converter import IN_PROCESS
from doorstep.errors import DoorstepError, Unreadable
from doorstep.ports import Renderer
from doorstep.rehearsal import items, taken_over
from doorstep.rehearsal.agreement import in_words, said_by
from doorstep.rehearsal.assuming import Arrival, Assumption, claims, resume, run_on
from doorstep.rehearsal.commanded import Command, commanded, place_in
from doorstep.rehearsal.comparing import Item
from doorstep.rehearsal.course import Course
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.log import Entry
from doorstep.rehearsal.plan import HORIZON
from doorstep.rehearsal.premises import Asked, asked_of, premises, start_of
from doorstep.rehearsal.rebuild import CodeGone, rebuild
from doorstep.rehearsal.taken_over import TakenOver, key_of
from doorstep.rehearsal.trouble import Place, RehearsalError, WorkflowTaskFailed
from doorstep.rehearsal.unchanged import unchanged_by_json
from doorstep.rehearsal.wording import Worded, words_in
from doorstep.rehearsal.world import World
from doorstep.workflows import registry

_RECORDED = re.compile(r"recorded was '(?P<command>[^']+)'")
_NOW = re.compile(r"now it says '(?P<command>[^']+)'")
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
    ended by itself; `resumed`: it was paused, and was resumed there. `commands`: all that its code commanded, where it
    was traced. `zone`: the customer's."""

    type: str
    zone: str = ""
    broken: Broken | None = None
    ended: bool = False
    resumed: bool = False
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
    worded: bool = False,
    resumed: bool = False,
    closely: bool = False,
) -> Carried:
    """The history's payloads must be opened. `sandboxed`: in the worker's sandbox, where clock, chance and I/O are
    errors. `worded`: messages are compared by the words that are read. `resumed`: one that is paused is resumed where
    its history ends. `closely`: with its phases, waits and end, and all of how it asks for each thing. Raises
    `Unreadable` for what is no history of a journey, or a torn one."""
    type_ = _type(history)
    asked = asked_of(history)
    try:
        # A file is named as somebody liked; the workflow's id is the journey's.
        history = WorkflowHistory(start_of(history).journey_id, history.events)
        how = {"sandboxed": sandboxed, "traced": traced, "worded": worded, "resumed": resumed}
        return _carried(history, renderer, assumption, asked, closely=closely, **how)
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
    """The same once more, traced, where the first time did not know the line; with the steps that were recorded and
    that are asked for now. Where an answer was taken over before, that is the cause, and the error came of it."""
    failed = isinstance(error, WorkflowTaskFailed)
    if failed or not error.file:
        try:
            rebuild(history, registry.journeys(), traced=True).close()
        except RehearsalError as again:
            error = again if again.file else error
    taken = taken_over.by_key(error.log, asked)
    if taken is not None:
        return _taken(history, taken)
    taken = taken_over.by_question(error.log, asked) if failed else None
    if taken is not None:
        return _taken(history, taken, error)
    file, line = error.file, error.line
    given = [e for e in error.log if e.place is not None and (e.place.file, e.place.line) == (file, line)]
    if given:
        file, line = place_of(history, given[-1]) or (file, line)
    what = error.what.replace(f" in {Place(error.file, error.line)},", f" in {Place(file, line)},")
    found = _RECORDED.search(error.what)
    recorded = found["command"] if found else ""
    return Broken(
        what=_with_steps(what, recorded, error.log, asked),
        file=file,
        line=line,
        at=error.at,
        recorded=recorded,
    )


def _with_steps(what: str, recorded: str, log: Sequence[Entry], asked: Mapping[str, Asked]) -> str:
    """With what the two activities are about, the recorded and the one asked for now."""
    held = asked.get(recorded.rpartition(" ")[2]) if recorded.startswith("schedule activity") else None
    if held is not None and held.key:
        what = what.replace(f"'{recorded}'", f"'{recorded}' ({items.short(held.key)})")
    found = _NOW.search(what)
    for entry in reversed(log if found else ()):
        said = said_by(entry)
        if said is not None and found is not None and in_words(said) == found["command"]:
            key = key_of(entry) if entry.kind == "schedule_activity" else ""
            return what.replace(found[0], f"{found[0]} ({items.short(key)})") if key else what
    return what


def _taken(history: WorkflowHistory, taken: TakenOver, came: RehearsalError | None = None) -> Broken:
    """`came`: what came of it."""
    place = taken.entry.place
    file, line = place_of(history, taken.entry) or (
        (place.file, place.line) if place is not None else ("", 0)
    )
    what = taken.what if came is None else f"{taken.what} Of that comes: {came.what}"
    return Broken(what=what, file=file, line=line, at=taken.entry.at)


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
    worded: bool,
    resumed: bool,
    closely: bool,
) -> Carried:
    renderer = Worded(renderer) if worded else renderer
    world = World(premises(history, asked), renderer)
    reader = next(iter(world.records.persons.values()))
    before = {key: row for rows in world.records.rows.values() for key, row in rows.items()}
    cases, points = set(world.records.tickets), set(world.records.points)
    with rebuild(
        history,
        registry.journeys(),
        activities={**world.activities(), CLAIM_ACTION: claims(world)},
        converter=IN_PROCESS,
        sandboxed=sandboxed,
        traced=traced,
        vouched=unchanged_by_json,
    ) as engine:
        taken = taken_over.by_key(engine.log, asked)
        if taken is not None:
            return Carried(type=_type(history), broken=_taken(history, taken))
        locale = reader.locale or world.records.shop.locale
        said = words_in(world, renderer) if worded else None
        behind = items.past(engine.log, renderer, locale, said, Course(_timers(history)) if closely else None)
        ended = engine.done
        behind += items.end(engine) if closely else ()
        was_paused = resumed and resume(engine)
        if not ended:
            _on(engine, world, assumption)
        ahead = (
            []
            if ended
            else [
                *items.touches(world, before, closely=closely),
                *items.others(world, cases, points, closely=closely),
                *items.end(engine),
            ]
        )
        given = commanded(engine.log, registry.journeys().get(_type(history))) if traced else ()
    return Carried(
        type=_type(history),
        zone=reader.zone,
        ended=ended,
        resumed=was_paused,
        past=tuple(behind),
        ahead=tuple(ahead),
        commands=tuple(given),
    )


def _timers(history: WorkflowHistory) -> frozenset[str]:
    """The ids of those that were set."""
    return frozenset(
        event.timer_started_event_attributes.timer_id
        for event in history.events
        if event.HasField("timer_started_event_attributes")
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
