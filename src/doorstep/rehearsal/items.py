"""What a journey asks for as plain items: behind it, by what it asked; ahead of it, by what became of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from doorstep import contracts
from doorstep.domain.outcomes import OutcomeKind
from doorstep.domain.touches import LedgerRow
from doorstep.errors import DoorstepError
from doorstep.ports import Renderer
from doorstep.rehearsal._sdk.handing import payload
from doorstep.rehearsal.comparing import Item, outcome
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.log import Entry, value
from doorstep.rehearsal.wording import Words
from doorstep.rehearsal.world import World
from doorstep.touch.ledger import outcome_of

_KEYED = {contracts.OPEN_TICKET: "case", contracts.MOVE_POINTS: "points"}


def short(key: str) -> str:
    """A touch's key without its journey."""
    return key.partition(":")[2] or key


def past(log: Iterable[Entry], renderer: Renderer, locale: str, words: Words | None = None) -> list[Item]:
    """Every touch, case and movement of points that this code asked for, by what it asked. `words`: what a touch says;
    without them, and where they cannot be told, a digest of its template in the reader's `locale` stands for them."""
    found: dict[str, Item] = {}
    for entry in log:
        if entry.kind == "schedule_activity" and entry.name == contracts.TOUCH:
            told = None if words is None else words(payload(entry.told.arguments[0]))
            item = _requested(_argument(entry), renderer, locale, told)
            found[item.key] = item
        elif entry.kind == "schedule_activity" and entry.name in _KEYED:
            item = _asked_for(_KEYED[entry.name], _argument(entry))
            found[item.key] = item
        elif entry.kind == "schedule_local_activity" and entry.name.partition(" ")[0] == contracts.PROJECT:
            for record in _argument(entry).get("records", ()):
                item = _refused(record)
                found[item.key] = item
    return list(found.values())


def _argument(entry: Entry) -> Any:
    """What an activity was asked with, as its JSON says."""
    return value(payload(entry.told.arguments[0]))


def _requested(request: Mapping[str, Any], renderer: Renderer, locale: str, words: list[Any] | None) -> Item:
    template, channels = str(request["template"]), list(request["channels"])
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
        at=datetime.fromisoformat(request["due_at"]),
        done=True,
        outcome="asked for",
        said=_digest(words),
        told=" ".join([str(request["purpose"]), *map(str, channels), f"until {request['expires_at']}"]),
    )


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


def touches(world: World, before: Mapping[str, LedgerRow]) -> Iterable[Item]:
    """Every touch of which the ledger says something else than before, and what must be mended."""
    for rows in world.records.rows.values():
        for key, row in rows.items():
            if before.get(key) == row:
                continue
            ended = outcome_of(row)
            sent = ended.kind is OutcomeKind.SENT
            yield Item(
                key=f"touch {key}",
                kind="touch",
                name=short(key),
                at=row.accepted_at or row.decided_at or row.request.due_at,
                done=sent,
                outcome=outcome(ended.kind.value, ended.reason.value if ended.reason else ""),
                said=row.body_digest if sent else "",
                told=f"{row.request.purpose} {row.channel or '' if sent else ''}".strip(),
            )
    for trouble in world.troubles:
        told = f"{trouble.step}: {trouble.what}"
        yield Item(key=f"problem {told}", kind="problem", name=told, at=trouble.at, done=True)


def others(world: World, cases: set[str], points: set[str]) -> Iterable[Item]:
    """Cases and points whose keys were not there before."""
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


def end(engine: Engine) -> Iterable[Item]:
    """How the journey ends, if it does."""
    if engine.done:
        how = "failed" if engine.failure is not None else str(engine.result)
        yield Item(key="end", kind="end", name="the end", at=engine.now, done=True, outcome=how)
