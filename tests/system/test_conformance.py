"""The engine is believed because of this: every shipped scenario, on the real server in lock-step and in the engine,
compared by touch key, state, reason, channel, trace facts, body digest and time. Where two journeys of a person, or
two steps of one journey, are due in the same instant either order is accepted: on a server it is chance (a timer fires
as much late as the task that set it took)."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, select
from temporalio.service import RPCError
from theatre import Show, Theatre, open_theatre, soon

from doorstep.domain.messages import Channel
from doorstep.domain.touches import TouchRequest
from doorstep.models.care import PointsRow, TicketRow
from doorstep.models.content import links_of
from doorstep.models.journeys import JourneyRow
from doorstep.models.ledger import DecisionRow, LedgerRowModel
from doorstep.models.orders import OrderRow
from doorstep.models.tables import table
from doorstep.rehearsal import shelf
from doorstep.rehearsal.moments import first_day_of
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.telling import ADDRESSES
from doorstep.rehearsal.timeline import Kind, Timeline, Touch
from doorstep.templates.content import LinksContent
from doorstep.temporal_server import TemporalServer

pytestmark = pytest.mark.system

AT_ONCE = 4
"""Scenarios side by side: more of them only make each journey's clock lag behind what it is told."""
WITHIN = timedelta(seconds=2)
"""How far instants may differ on a machine that keeps up; what it lagged (`Show.lag`) comes on top."""
_LEDGER, _DECISIONS, _ORDERS = table(LedgerRowModel), table(DecisionRow), table(OrderRow)
_JOURNEYS, _POINTS, _TICKETS = table(JourneyRow), table(PointsRow), table(TicketRow)
Difference = str


@pytest.fixture
async def theatre(temporal_server: TemporalServer, migrated: str, tmp_path: Path) -> AsyncIterator[Theatre]:
    """A server, a worker and a database for every scenario."""
    shutil.copy(make_url(migrated).database or "", tmp_path / "doorstep.db")
    url = f"sqlite:///{tmp_path / 'doorstep.db'}"
    async with open_theatre(temporal_server.address, url, tmp_path / "data") as opened:
        yield opened


async def test_every_scenario_is_the_same_on_the_server_and_in_the_engine(theatre: Theatre) -> None:
    """What differs is played once more, alone: side by side, a busy machine lets a journey's clock lag."""
    names = sorted(shelf.files())
    assert len(names) >= 24
    places, begins = asyncio.Semaphore(AT_ONCE), soon()

    async def play(name: str) -> list[Difference]:
        scenario = shelf.load(name)
        async with places:
            show = theatre.show(scenario, first_day_of(begins, scenario.person.zone))
            try:
                await show.run()
            except (AssertionError, RPCError, TimeoutError) as error:  # it did not come to its end
                return [repr(error)]
        return await asyncio.to_thread(compared, show)

    async with (
        asyncio.TaskGroup() as shows
    ):  # one that fails ends the others, before what they share is closed
        found = {name: shows.create_task(play(name)) for name in names}
    differing = [name for name, differences in found.items() if differences.result()]
    again = {name: differences for name in differing if (differences := await play(name))}
    assert not again, "\n".join(f"{n}\n  " + "\n  ".join(ds) for n, ds in again.items())


def compared(show: Show) -> list[Difference]:
    """In what the two runs of a scenario differ."""
    with show.database.reading() as conn:
        mine = _LEDGER.c.store_id == show.scenario.shop.id
        rows = {row.key: row for row in conn.execute(select(_LEDGER).where(mine))}
        decisions: dict[str, list[Any]] = {}
        chosen = select(_DECISIONS).join(_LEDGER, _LEDGER.c.key == _DECISIONS.c.key).where(mine)
        for row in conn.execute(chosen.order_by(_DECISIONS.c.id)):
            decisions.setdefault(row.key, []).append(row)
        person = conn.execute(
            select(_ORDERS.c.person_id).where(_ORDERS.c.store_id == show.scenario.shop.id).limit(1)
        ).scalar_one()
        sums = _sums(conn, show)
    engine, other_way = (engine_timeline(show, person, later_first) for later_first in (False, True))
    told, as_well = ({touch.key: touch for touch in timeline.touches} for timeline in (engine, other_way))
    within = WITHIN + show.lag
    differences = [f"problem: {problem}" for problem in engine.problems + other_way.problems]
    differences += [f"only on the server: {key} ({rows[key].state})" for key in rows.keys() - told.keys()]
    differences += [f"only in the engine: {key} ({told[key].state})" for key in told.keys() - rows.keys()]
    for key in sorted(rows.keys() & told.keys()):
        row, decided = rows[key], decisions.get(key, [])
        either = [touch_differs(row, decided, ts[key], within) for ts in (told, as_well) if key in ts]
        if all(either):
            differences += [f"{told[key].name}: {d}" for d in either[0]]
    return differences + sums_differ(sums, engine)


def engine_timeline(show: Show, person: str, later_first: bool) -> Timeline:
    """The same scenario in the engine, of the same person and with the links of this installation."""
    settings = show.theatre.settings

    def links(request: TouchRequest, channel: Channel) -> LinksContent:
        to = ADDRESSES.get(channel)
        return links_of(request, channel, settings.secret_key(), settings.links_url, to)

    return rehearse(
        "standard",
        show.scenario,
        first_day=show.first_day,
        links=links,
        person_ref=person,
        later_first=later_first,
    )


def touch_differs(row: Any, decisions: list[Any], touch: Touch, within: timedelta) -> list[Difference]:
    """One touch by the server's ledger row and decisions, and by the engine's timeline."""
    pairs = {
        "state": (row.state, touch.state),
        "reason": (row.reason or "", touch.reason),
        "channel": (row.channel or "", touch.channel),
        "body": (row.body_digest, touch.body_digest),
        "template": (row.template_digest, touch.template_digest),
    }
    found = [f"{what}: {a!r} on the server, {b!r} in the engine" for what, (a, b) in pairs.items() if a != b]
    at = row.accepted_at or row.decided_at or row.due_at
    for what, server, engine in (("time", at, touch.at), ("due", row.due_at, touch.due_at)):
        if abs(server - engine) > within:
            found.append(f"{what}: {server} on the server, {engine} in the engine")
    waits = [(d.reason, d.until) for d in decisions if d.verdict == "defer"]
    waited = [(d.reason, d.until) for d in touch.deferrals]
    if not alike(waits, waited, within):
        found.append(f"deferrals: {waits} on the server, {waited} in the engine")
    server_trace = (
        [(r["rule"], r["verdict"], slots(r["facts"])) for r in decisions[-1].trace] if decisions else []
    )
    engine_trace = [(r.rule, r.verdict.value, slots(r.facts)) for r in touch.trace]
    if not alike(server_trace, engine_trace, within):
        apart = [(a, b) for a, b in zip(server_trace, engine_trace, strict=False) if not alike(a, b, within)]
        found.append(f"trace: {apart or (server_trace, engine_trace)}")
    return found


def slots(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the frequency rule read, whoever of two asked first that woke in the same instant: the higher rank has the
    slot either way, and is counted as waiting for it or as having taken it."""
    if "waiting_ahead" not in facts:
        return facts
    caps = [
        {name: cap[name] for name in ("limit", "window_hours", "allowed", "free_at")}
        | {"filled": cap["used"] + cap["ahead"]}
        for cap in facts["caps"]
    ]
    return {name: value for name, value in facts.items() if name not in ("caps", "waiting_ahead")} | {
        "caps": caps
    }


def alike(a: Any, b: Any, within: timedelta) -> bool:
    """Equal, where instants (also as text) may differ by `within`."""
    if isinstance(a, str) and isinstance(b, str) and a != b:
        a, b = _instant(a), _instant(b)
    if isinstance(a, datetime) and isinstance(b, datetime):
        return abs(a - b) <= within
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(alike(a[k], b[k], within) for k in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(alike(x, y, within) for x, y in zip(a, b, strict=True))
    return (bool(a == b) and a is not None) or a is b


def _instant(text: str) -> datetime | str:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


def _sums(conn: Any, show: Show) -> dict[str, Any]:
    shop = show.scenario.shop.id
    points = conn.execute(select(_POINTS.c.points, _POINTS.c.reason).where(_POINTS.c.store_id == shop)).all()
    tickets = conn.execute(select(_TICKETS.c.reason).where(_TICKETS.c.store_id == shop)).all()
    ends = conn.execute(select(_JOURNEYS.c.id, _JOURNEYS.c.outcome).where(_JOURNEYS.c.store_id == shop)).all()
    return {
        "points": sorted((f"{p.points:+d}", p.reason) for p in points if p.points),
        "tickets": sorted(t.reason for t in tickets),
        "outcomes": {e.id: e.outcome for e in ends},
    }


def sums_differ(sums: dict[str, Any], engine: Timeline) -> list[Difference]:
    """Points, cases for support, and how the journeys ended."""
    told = {
        "points": sorted((e.what, e.detail) for e in engine.events if e.kind is Kind.POINTS),
        "tickets": sorted(e.what for e in engine.events if e.kind is Kind.TICKET),
        "outcomes": sorted(engine.outcomes.values()),
    }
    sums = sums | {"outcomes": sorted(sums["outcomes"].values())}
    return [f"{k}: {sums[k]} on the server, {told[k]} in the engine" for k in told if sums[k] != told[k]]
