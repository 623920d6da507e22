"""The timeline of what was played, from the world's records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from doorstep.domain.messages import Message
from doorstep.domain.outcomes import Defer
from doorstep.domain.touches import LedgerRow
from doorstep.rehearsal.naming import naming
from doorstep.rehearsal.playing import Play
from doorstep.rehearsal.standing import waits_for
from doorstep.rehearsal.timeline import Deferral, Happening, Kind, Timeline, Touch, as_it_came
from doorstep.rehearsal.trouble import Place
from doorstep.rehearsal.world import Trouble


def written(play: Play, journey: str, elapsed_ms: float) -> Timeline:
    """The timeline of what was played."""
    world, scenario = play.world, play.scenario
    touches = sorted(_touches(play), key=as_it_came)
    events = sorted([*play.happened, *_recorded(play)], key=as_it_came)
    outcomes, problems = {}, list(play.problems)
    for name in scenario.orders:
        row = world.records.journeys.get(play.teller.journey_id(name))
        outcomes[name] = row.outcome if row is not None else ""
        if row is not None and row.status != "closed" and not play.problems:
            engine = play.engines.get(play.teller.journey_id(name))
            waits = waits_for(engine.stands() if engine is not None else (), [w.name for w in row.waits])
            problems.append(f"{name}: the journey never ends; it waits for {waits}.")
    problems += [f"{trouble.step}: {trouble.what}{_named(play, trouble)}" for trouble in world.troubles]
    ends = max([play.placed, *(t.at for t in touches), *(h.at for h in events)])
    return Timeline(
        scenario=scenario.name,
        about=scenario.about,
        journey=journey,
        zone=scenario.person.zone,
        placed_at=play.placed,
        ends_at=ends,
        touches=tuple(touches),
        events=tuple(events),
        outcomes=outcomes,
        problems=tuple(dict.fromkeys(problems)),
        lacks=tuple(play.lacks),
        elapsed_ms=elapsed_ms,
    )


def _named(play: Play, trouble: Trouble) -> str:
    """Where the journey names a template that there is not; of a template that cannot be filled in its own line is
    told."""
    if not trouble.what.startswith(f"There is no template '{trouble.template}'"):
        return ""
    found = naming(play.journey, trouble.template)
    return f" It is named in {Place(*found)}." if found else ""


def _touches(play: Play) -> Iterable[Touch]:
    records = play.world.records
    asked: dict[str, list[Any]] = {}
    for number, (row, decision, at) in enumerate(records.decisions):
        asked.setdefault(row.request.key, []).append((decision, at, number))
    words = {message.key: message for message in play.world.sent}
    taken = Counter([message.key for message in play.world.sent])
    for row in records.rows.get(play.person.ref, {}).values():
        key = row.request.key
        yield _touch(play, row, asked.get(key, []), words.get(key), taken[key])


def _touch(play: Play, row: LedgerRow, asked: list[Any], message: Message | None, taken: int) -> Touch:
    request = row.request
    return Touch(
        at=row.accepted_at or row.decided_at or request.due_at,
        order=play.names.get(request.journey_id, ""),
        key=request.key,
        step=request.step,
        occurrence=request.occurrence,
        purpose=str(request.purpose),
        state=str(row.state),
        due_at=request.due_at,
        reason=str(row.reason or ""),
        detail=row.detail,
        channel=str(row.channel or ""),
        template=request.template,
        template_digest=row.template_digest,
        body_digest=row.body_digest,
        promotes=bool(request.offered or {"offer", "reward"} & request.context.keys()),
        taken=taken,
        subject=message.rendered.subject if message else "",
        text=message.rendered.text if message else "",
        deferrals=tuple(
            [
                Deferral(at=at, until=d.until, reason=d.reason.value)
                for d, at, _ in asked
                if isinstance(d, Defer)
            ]
        ),
        trace=asked[-1][0].trace if asked else (),
        handed_at=row.sending_at if row.accepted_at and row.sending_at != row.accepted_at else None,
        number=asked[-1][2] if asked else 0,
    )


def _recorded(play: Play) -> Iterable[Happening]:
    """Phases, cases, points and ends, as the records keep them."""
    records = play.world.records
    for journey in records.journeys.values():
        order = play.names.get(journey.id, "")
        for at, phase, number in journey.phases:
            end = journey.outcome if phase == "closed" else ""
            kind = Kind.END if phase == "closed" else Kind.PHASE
            yield Happening(at=at, kind=kind, what=end or phase, order=order, number=number)
    for ticket in records.tickets.values():
        order = _order_named(play, ticket.order_ref)
        yield Happening(
            at=ticket.at,
            kind=Kind.TICKET,
            what=ticket.reason,
            order=order,
            detail=ticket.priority,
            number=ticket.number,
        )
    for moved in records.points.values():
        if moved.points:
            order = _order_named(play, moved.order_ref)
            told = f"{moved.points:+d}"
            yield Happening(
                at=moved.at,
                kind=Kind.POINTS,
                what=told,
                order=order,
                detail=moved.reason,
                usable_at=moved.available_at,
                number=moved.number,
            )


def _order_named(play: Play, order_ref: str) -> str:
    order = play.world.records.orders.get(order_ref)
    return order.external_id if order is not None else ""
