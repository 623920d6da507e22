"""A journey of the past carried on by this revision's code: rebuilt from its history, then run to its end in a world
made of that history, under a named assumption. What it asks for on the way is told as plain items, so that another
revision's can be laid beside them.

Temporal's replay compares the order of commands and their kinds. Here their content is compared too: an activity of
the past which this code asks for under another key takes over an answer that was another touch's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import WorkflowHistory

from doorstep import contracts
from doorstep.domain.outcomes import OutcomeKind
from doorstep.domain.touches import LedgerRow
from doorstep.errors import DoorstepError
from doorstep.ports import Renderer
from doorstep.rehearsal.comparing import Item, outcome
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.log import Entry, value
from doorstep.rehearsal.plan import HORIZON, Arrival, Assumption, run_on
from doorstep.rehearsal.premises import Asked, asked_of, premises
from doorstep.rehearsal.rebuild import CodeGone, rebuild
from doorstep.rehearsal.trouble import RehearsalError
from doorstep.rehearsal.world import World
from doorstep.touch.ledger import outcome_of
from doorstep.workflows import registry

ARRIVES_AFTER = timedelta(days=5)
"""When a parcel of which no carrier has said anything arrives, counted from the order."""
_KEYED = {contracts.OPEN_TICKET: "case", contracts.MOVE_POINTS: "points"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Why this code cannot carry it on. `file` and `line` as near as is known (empty and 0: not known); `command`:
    what was recorded there and what the code says instead; `at` (aware UTC): of virtual time, None where there is
    none."""

    what: str
    file: str = ""
    line: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """`past`: what the code asked for until the history's end; `ahead`: what would come. `ended`: the journey had
    ended by itself."""

    type: str
    broken: Broken | None = None
    ended: bool = False
    past: tuple[Item, ...] = ()
    ahead: tuple[Item, ...] = ()


def carry(history: WorkflowHistory, renderer: Renderer, assumption: Assumption) -> Carried:
    """The history's payloads must be opened. Raises `Unreadable` for what is no history."""
    type_ = history.events[0].workflow_execution_started_event_attributes.workflow_type.name
    asked = asked_of(history)
    try:
        carried, mixed_up = _carried(history, renderer, assumption, asked, traced=False)
        if mixed_up is None:
            return carried
        _, mixed_up = _carried(
            history, renderer, assumption, asked, traced=True
        )  # slower, and knows the lines
        return Carried(type=type_, broken=mixed_up)
    except CodeGone as error:
        return Carried(type=type_, broken=Broken(what=error.what))
    except RehearsalError as error:
        return Carried(type=type_, broken=_located(history, error))
    except DoorstepError as error:
        return Carried(type=type_, broken=Broken(what=f"{error.what} {error.mend}".strip()))


def _located(history: WorkflowHistory, error: RehearsalError) -> Broken:
    """The same once more, traced, where the first time did not know the line."""
    if not error.file:
        try:
            rebuild(history, registry.journeys(), traced=True).close()
        except RehearsalError as again:
            error = again if again.file else error
    return Broken(what=error.what, file=error.file, line=error.line, at=error.at)


def _carried(
    history: WorkflowHistory,
    renderer: Renderer,
    assumption: Assumption,
    asked: Mapping[str, Asked],
    *,
    traced: bool,
) -> tuple[Carried, Broken | None]:
    world = World(premises(history, asked), renderer)
    before = {key: row for rows in world.records.rows.values() for key, row in rows.items()}
    cases, points = set(world.records.tickets), set(world.records.points)
    with rebuild(history, registry.journeys(), activities=world.activities(), traced=traced) as engine:
        mixed_up = _mixed_up(engine.log, asked)
        past = _past(engine.log, renderer)
        ended = engine.done
        if not ended:
            _on(engine, world, assumption)
        ahead = [] if ended else [*_touches(world, before), *_others(world, cases, points), *_end(engine)]
    type_ = history.events[0].workflow_execution_started_event_attributes.workflow_type.name
    carried = Carried(type=type_, ended=ended, past=tuple(past), ahead=tuple(ahead))
    return carried, mixed_up


def _on(engine: Engine, world: World, assumption: Assumption) -> None:
    """To its end, or as far as anything happens by itself."""
    arrivals: list[Arrival] = []
    order = next((o for o in world.records.orders.values() if o.journey_id == engine.workflow_id), None)
    if order is not None and assumption is Assumption.ARRIVES and order.state.delivered_at is None:
        at = max(engine.now + timedelta(hours=1), (order.placed_at or engine.now) + ARRIVES_AFTER)
        under_way = [s.ref for s in order.state.active_shipments if s.delivered_at is None]
        arrivals = [Arrival(shipment=ref, at=at) for ref in under_way or ["shp_assumed"]]
    run_on(engine, world, engine.now + HORIZON, tuple(arrivals))


# --- the past, as this code says it ------------------------------------------------------------------------


def _mixed_up(log: Iterable[Entry], asked: Mapping[str, Asked]) -> Broken | None:
    """The first activity of the past that this code asks for under another key than was recorded."""
    for entry in log:
        if entry.kind != "schedule_activity":
            continue
        message: Any = entry.message
        held = asked.get(message.activity_id)
        said = value(message.arguments[0]) if message.arguments else None
        key = str(said.get("key", "")) if isinstance(said, dict) else ""
        if held is None or held.type != entry.name or not held.key or held.key == key:
            continue
        return Broken(
            what=f"The code goes another way than the history, and Temporal's replay does not see it: recorded was "
            f"'{entry.name} {_short(held.key)}', now it says '{entry.name} {_short(key)}', which would take over "
            f"the other's answer.",
            file=entry.place.file if entry.place else "",
            line=entry.place.line if entry.place else 0,
            at=entry.at,
        )
    return None


def _short(key: str) -> str:
    """A touch's key without its journey."""
    return key.partition(":")[2] or key


def _past(log: Iterable[Entry], renderer: Renderer) -> list[Item]:
    """Every touch, case and movement of points that this code asked for, by what it asked."""
    found: dict[str, Item] = {}
    for entry in log:
        message: Any = entry.message
        if entry.kind == "schedule_activity" and entry.name == contracts.TOUCH:
            item = _requested(value(message.arguments[0]), renderer)
            found[item.key] = item
        elif entry.kind == "schedule_activity" and entry.name in _KEYED:
            item = _asked_for(_KEYED[entry.name], value(message.arguments[0]))
            found[item.key] = item
        elif entry.kind == "schedule_local_activity" and entry.name.partition(" ")[0] == contracts.PROJECT:
            for record in value(message.arguments[0]).get("records", ()):
                item = _refused(record)
                found[item.key] = item
    return list(found.values())


def _requested(request: Mapping[str, Any], renderer: Renderer) -> Item:
    template, channels = str(request["template"]), list(request["channels"])
    words = [
        template,
        request["context"],
        request["items"],
        request["offered"],
        _digest_of(renderer, template),
    ]
    return Item(
        key=f"touch {request['key']}",
        kind="touch",
        name=_name(request),
        at=datetime.fromisoformat(request["due_at"]),
        done=True,
        outcome="asked for",
        said=_digest(words),
        told=" ".join([str(request["purpose"]), *map(str, channels), f"until {request['expires_at']}"]),
    )


def _digest_of(renderer: Renderer, template: str) -> list[str]:
    """Of every channel a template is written for."""
    digest = getattr(renderer, "template_digest", lambda *_: "")
    try:
        return [str(digest(template, channel)) for channel in sorted(renderer.channels(template))]
    except DoorstepError as error:
        return [error.what]


def _refused(record: Mapping[str, Any]) -> Item:
    """A step that the journey itself ended."""
    request, ended = record["request"], record["outcome"]
    return Item(
        key=f"touch {request['key']}",
        kind="touch",
        name=_name(request),
        at=datetime.fromisoformat(request["due_at"]),
        done=False,
        outcome=outcome(str(ended["kind"]), str(ended.get("reason") or "")),
    )


def _asked_for(kind: str, request: Mapping[str, Any]) -> Item:
    return Item(
        key=f"{kind} {request['key']}",
        kind=kind,
        name=str(request["reason"]),
        at=datetime.fromisoformat(request["at"]).astimezone(UTC),
        done=True,
        told=str(request["priority"] if kind == "case" else f"{request['points']:+d}"),
    )


def _name(request: Mapping[str, Any]) -> str:
    occurrence = str(request.get("occurrence") or "")
    return f"{request['step']}:{occurrence}" if occurrence else str(request["step"])


def _digest(words: Any) -> str:
    return hashlib.sha256(json.dumps(words, sort_keys=True, default=str).encode()).hexdigest()


# --- what comes --------------------------------------------------------------------------------------------


def _touches(world: World, before: Mapping[str, LedgerRow]) -> Iterable[Item]:
    for rows in world.records.rows.values():
        for key, row in rows.items():
            if before.get(key) == row:
                continue
            ended = outcome_of(row)
            sent = ended.kind is OutcomeKind.SENT
            yield Item(
                key=f"touch {key}",
                kind="touch",
                name=_short(key),
                at=row.accepted_at or row.decided_at or row.request.due_at,
                done=sent,
                outcome=outcome(ended.kind.value, ended.reason.value if ended.reason else ""),
                said=row.body_digest if sent else "",
                told=f"{row.request.purpose} {row.channel or '' if sent else ''}".strip(),
            )
    for trouble in world.troubles:
        told = f"{trouble.step}: {trouble.what}"
        yield Item(key=f"problem {told}", kind="problem", name=told, at=trouble.at, done=True)


def _others(world: World, cases: set[str], points: set[str]) -> Iterable[Item]:
    for key, ticket in world.records.tickets.items():
        if key not in cases:
            yield Item(
                key=f"case {key}",
                kind="case",
                name=ticket.reason,
                at=ticket.at,
                done=True,
                told=ticket.priority,
            )
    for key, moved in world.records.points.items():
        if key not in points and moved.points:
            told = f"{moved.points:+d}"
            yield Item(
                key=f"points {key}", kind="points", name=moved.reason, at=moved.at, done=True, told=told
            )


def _end(engine: Engine) -> Iterable[Item]:
    if engine.done:
        how = "failed" if engine.failure is not None else str(engine.result)
        yield Item(key="end", kind="end", name="the end", at=engine.now, done=True, outcome=how)
