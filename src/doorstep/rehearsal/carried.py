"""What an event of a scenario carries, as the production reader reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from doorstep.domain.events import declared, event_class
from doorstep.errors import ScenarioError, Unreadable, nearest
from doorstep.rehearsal.scenario import Entry, Goods, Ordered, Scenario, Told
from doorstep.rehearsal.telling import CONNECTION, Teller
from doorstep.sources import schema
from doorstep.sources.base import Reading, SourceContext
from doorstep.sources.draft import Draft
from doorstep.sources.signed.events import check_member as check_read
from doorstep.sources.signed.events import read_event

_SOME_TIME = datetime(2026, 1, 1, 10, tzinfo=UTC)
PROSE = "text"
"""A review's or a complaint's own words: kept with the webhook, read by no journey."""
_LATER = timedelta(days=4000)


def members(event: str) -> tuple[str, ...]:
    """What the data of an event of that type may hold: what is read, and a text, which goes no further. Production lets
    more pass, since senders send more; in a scenario it is a slip. Empty: whatever a store's own event, which declares
    nothing, is told with."""
    read = schema.members(event)
    if not read and not event_class(event).__module__.startswith("doorstep.domain"):
        return ()
    return (*read, PROSE)


def check_member(entry: Entry, key: str) -> None:
    """That somebody reads what an event's data holds under that key. Raises `ScenarioError` offering the nearest."""
    if not isinstance(entry, Told):
        return
    known = members(entry.event)
    if known and key not in known:
        raise ScenarioError(
            f"'{entry.event}' carries no '{key}' that anybody reads.{nearest(key, known)}",
            mend=f"There are: {', '.join(known)}.",
        )


def check_value(scenario: Scenario, entry: Entry, key: str) -> None:
    """That what stands under that key of an event's data can be read. Raises `ScenarioError` saying what can."""
    if not isinstance(entry, Told) or key not in declared(event_class(entry.event), entry.data):
        return
    try:
        check_read(entry.event, key, Teller(scenario, _SOME_TIME).value(entry.data[key]))
    except Unreadable as error:
        here = _MOMENTS if "a moment" in error.mend else ""
        raise ScenarioError(error.what, mend=f"{error.mend}{here}") from None


_MOMENTS = " A scenario's own moments will do as well: 'day 5 18:00', '+30h'."


def check_data(scenario: Scenario, entry: Entry | None) -> None:
    """What an event or an order (None: the first) carries, as the production reader reads it.
    Raises `ScenarioError`."""
    teller = Teller(scenario, _SOME_TIME)
    match entry:
        case None:
            readable(teller.first(), scenario, _SOME_TIME)
        case Ordered():
            readable(teller.ordered(entry, _SOME_TIME), scenario, _SOME_TIME)
        case Told():
            readable(teller.told(entry, _SOME_TIME, 1), scenario, _SOME_TIME + _LATER)
            check_lines(scenario, entry)


def check_lines(scenario: Scenario, entry: Entry) -> None:
    """That the order has the lines which an event names, and of each at least a piece. Raises `ScenarioError` offering
    the nearest."""
    named = _named_lines(entry.data) if isinstance(entry, Told) else []
    lines = {goods.product for goods in _lines_of(scenario, entry.order)} if named else set()
    for ref, pieces in named:
        if ref not in lines:
            raise ScenarioError(f"The order has no line '{ref}'.{nearest(str(ref), lines)}")
        if isinstance(pieces, int | float) and pieces < 1:
            raise ScenarioError(f"{pieces} pieces of '{ref}' are none.", mend=f"Write [{ref}, 1].")


def _lines_of(scenario: Scenario, order: str) -> tuple[Goods, ...]:
    for entry in scenario.timeline:
        if isinstance(entry, Ordered) and entry.order == order:
            return entry.bought.goods
    return scenario.bought.goods


def _named_lines(data: Any) -> list[tuple[Any, Any]]:
    return [
        (pair[0], pair[1])
        for pair in data.get("lines", ())
        if isinstance(pair, list | tuple) and len(pair) == 2
    ]


def read(body: dict[str, Any], scenario: Scenario, received_at: datetime) -> Reading:
    """What the production reader makes of a body of the signed API, one event or a batch."""
    context = SourceContext(
        connection_id=CONNECTION,
        store_id=scenario.shop.id,
        received_at=received_at,
        currency=scenario.shop.currency,
        country=scenario.shop.country,
    )
    draft = Draft(context=context, delivery=str(body.get("id", "batch")))
    for one in body.get("events", (body,)):
        read_event(one, draft, received_at, "event")
    return draft.reading()


def readable(body: dict[str, Any], scenario: Scenario, received_at: datetime) -> Reading:
    """As `read`, of a body that can be read. Raises `ScenarioError` for any other."""
    reading = read(body, scenario, received_at)
    if reading.problems:
        raise ScenarioError(reading.problems[0].removeprefix("event: "))
    return reading
