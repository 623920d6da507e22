"""What a journey asks for as plain items: behind it, by what it asked; ahead of it, by what became of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from doorstep import contracts
from doorstep.domain.outcomes import OutcomeKind
from doorstep.domain.touches import LedgerRow
from doorstep.errors import DoorstepError
from doorstep.ports import Renderer
from doorstep.rehearsal._sdk.handing import payload
from doorstep.rehearsal.comparing import Item, outcome, points_told
from doorstep.rehearsal.course import Course
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.log import Entry, value
from doorstep.rehearsal.wording import Words
from doorstep.rehearsal.words import lasting
from doorstep.rehearsal.world import World
from doorstep.touch.ledger import outcome_of

_KEYED = {contracts.OPEN_TICKET: "case", contracts.MOVE_POINTS: "points"}


def short(key: str) -> str:
    """A touch's key without its journey."""
    return key.partition(":")[2] or key


def past(
    log: Iterable[Entry],
    renderer: Renderer,
    locale: str,
    words: Words | None = None,
    course: Course | None = None,
) -> list[Item]:
    """Every touch, case and movement of points that this code asked for, by what it asked. `words`: what a touch says;
    without them, and where they cannot be told, a digest of its template in the reader's `locale` stands for them.
    `course`: hears the log for what it makes of it; then advice is an item too, and all is told of how each thing is
    asked for."""
    closely = course is not None
    found: dict[str, Item] = {}
    for entry in log:
        if entry.kind == "schedule_activity" and entry.name == contracts.TOUCH:
            told = None if words is None else words(payload(entry.told.arguments[0]))
            item = _requested(_argument(entry), renderer, locale, told, closely=closely)
            found[item.key] = item
        elif entry.kind == "schedule_activity" and entry.name in _KEYED:
            item = _asked_for(_KEYED[entry.name], _argument(entry), closely=closely)
            found[item.key] = item
        elif entry.kind == "schedule_local_activity" and entry.name.partition(" ")[0] == contracts.PROJECT:
            projection = _argument(entry)
            for record in projection.get("records", ()):
                item = _refused(record)
                found[item.key] = item
            if course is not None:
                course.show(projection)
        elif course is not None and entry.kind == "start_timer":
            course.start(entry)
        elif closely and entry.kind == "schedule_activity":
            item = _advice(entry)
            found[item.key] = item
    return [*found.values(), *(course.items() if course is not None else ())]


def _argument(entry: Entry) -> Any:
    """What an activity was asked with, as its JSON says."""
    return value(payload(entry.told.arguments[0]))


def _requested(
    request: Mapping[str, Any], renderer: Renderer, locale: str, words: list[Any] | None, *, closely: bool
) -> Item:
    template, channels = str(request["template"]), list(request["channels"])
    due, expires = datetime.fromisoformat(request["due_at"]), request["expires_at"]
    how = " ".join([str(request["purpose"]), *map(str, channels)])
    words = words or [
        template,
        request["context"],
        request["items"],
        request["offered"],
        _digest_of(renderer, template, locale),
    ]
    return Item(
        key=f"touch {request['key']}",
        kind="touch",
        name=_name(request),
        at=due,
        done=True,
        outcome="asked for",
        said=_digest(words),
        told=_closely(
            how,
            useful_for=datetime.fromisoformat(expires) - due,
            priority=request["priority"],
            prompted=request["prompted"],
        )
        if closely
        else f"{how} until {expires}",
    )


def _closely(how: str, *, useful_for: timedelta, priority: int, prompted: bool) -> str:
    """How a touch is asked for. How long it is of use is told by itself: one that has moved has moved altogether."""
    caused = "prompted" if prompted else "not prompted"
    return f"{how}, useful for {lasting(useful_for, 4)}, priority {priority}, {caused}"


def _digest_of(renderer: Renderer, template: str, locale: str) -> list[str]:
    """Of every channel a template is written for."""
    digest = getattr(renderer, "template_digest", lambda *_, **__: "")
    try:
        return [
            str(digest(template, channel, locale=locale)) for channel in sorted(renderer.channels(template))
        ]
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


def _asked_for(kind: str, request: Mapping[str, Any], *, closely: bool) -> Item:
    at = datetime.fromisoformat(request["at"]).astimezone(UTC)
    usable = request.get("available_at") if closely else None
    return Item(
        key=f"{kind} {request['key']}",
        kind=kind,
        name=str(request["reason"]),
        at=at,
        done=True,
        told=str(request["priority"])
        if kind == "case"
        else points_told(f"{request['points']:+d}", at, datetime.fromisoformat(usable) if usable else None),
    )


def _advice(entry: Entry) -> Item:
    """A question without a key: its answer is the recorded one, for as many as were wanted then."""
    limit = _argument(entry).get("limit")
    return Item(
        key=f"advice {entry.told.activity_id}",
        kind="advice",
        name=entry.name.replace("_", " "),
        at=entry.at,
        done=True,
        told="" if limit is None else f"limit {limit}",
    )


def _name(request: Mapping[str, Any]) -> str:
    occurrence = str(request.get("occurrence") or "")
    return f"{request['step']}:{occurrence}" if occurrence else str(request["step"])


def _digest(words: Any) -> str:
    return hashlib.sha256(json.dumps(words, sort_keys=True, default=str).encode()).hexdigest()


# --- what comes --------------------------------------------------------------------------------------------


def touches(world: World, before: Mapping[str, LedgerRow], *, closely: bool = False) -> Iterable[Item]:
    """Every touch of which the ledger says something else than before, and what must be mended. `closely`: with all of
    how those are asked for that are sent."""
    for rows in world.records.rows.values():
        for key, row in rows.items():
            if before.get(key) == row:
                continue
            ended = outcome_of(row)
            sent = ended.kind is OutcomeKind.SENT
            asked = row.request
            how = f"{asked.purpose} {row.channel or '' if sent else ''}".strip()
            if closely and sent:
                useful = asked.expires_at - asked.due_at
                how = _closely(how, useful_for=useful, priority=asked.priority, prompted=asked.prompted)
            yield Item(
                key=f"touch {key}",
                kind="touch",
                name=short(key),
                at=row.accepted_at or row.decided_at or asked.due_at,
                done=sent,
                outcome=outcome(ended.kind.value, ended.reason.value if ended.reason else ""),
                said=row.body_digest if sent else "",
                told=how,
            )
    for trouble in world.troubles:
        told = f"{trouble.step}: {trouble.what}"
        yield Item(key=f"problem {told}", kind="problem", name=told, at=trouble.at, done=True)


def others(world: World, cases: set[str], points: set[str], *, closely: bool = False) -> Iterable[Item]:
    """Cases and points whose keys were not there before. `closely`: with when points become usable."""
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
            usable = moved.available_at if closely else None
            told = points_told(f"{moved.points:+d}", moved.at, usable)
            yield Item(
                key=f"points {key}", kind="points", name=moved.reason, at=moved.at, done=True, told=told
            )


def end(engine: Engine) -> Iterable[Item]:
    """How the journey ends, if it does."""
    if engine.done:
        if engine.ending is not None and engine.ending.kind == "terminated":
            how = "terminated"  # by whoever did; there is no result
        else:
            how = "failed" if engine.failure is not None else str(engine.result)
        yield Item(key="end", kind="end", name="the end", at=engine.now, done=True, outcome=how)
