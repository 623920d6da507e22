"""What an event of a scenario carries, as the production reader reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from doorstep.domain.events import declared, event_class
from doorstep.errors import DoorstepError, ScenarioError, nearest
from doorstep.rehearsal.checking import check_currency
from doorstep.rehearsal.scenario import Entry, Goods, Ordered, Scenario, Told
from doorstep.rehearsal.shapes import Misfit, misfit
from doorstep.rehearsal.telling import CONNECTION, Teller
from doorstep.sources import schema
from doorstep.sources.base import Reading, SourceContext
from doorstep.sources.draft import Draft
from doorstep.sources.signed.events import check_member as check_read
from doorstep.sources.signed.events import read_event
from doorstep.sources.signed.money import CURRENCIES
from doorstep.sources.values import count, currency, items

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


def some_teller(scenario: Scenario) -> Teller:
    """Of the scenario, as if it began at some time: for what does not hang on when."""
    return Teller(scenario, _SOME_TIME)


def check_value(teller: Teller, entry: Entry, key: str) -> None:
    """As `value_amiss`. Raises `ScenarioError`."""
    if (found := value_amiss(teller, entry, key)) is not None:
        raise ScenarioError(found.what, mend=found.mend)


def value_amiss(teller: Teller, entry: Entry, key: str) -> Misfit | None:
    """What under that key of an event's data cannot be read, as a store sends it; None where all can."""
    if not isinstance(entry, Told):
        return None
    value = teller.value(entry.data[key])
    if key not in declared(event_class(entry.event), entry.data):
        known = schema.members(entry.event)
        return misfit(known[key], value, (key,)) if key in known else None
    try:
        check_read(entry.event, key, value)
        if (entry.event, key) in CURRENCIES and value:
            check_currency(currency(value))
    except DoorstepError as error:
        return Misfit((key,), error.what, f"{error.mend}{_MOMENTS if 'a moment' in error.mend else ''}")
    return None


_MOMENTS = " A scenario's own moments will do as well: 'day 5 18:00', '+30h'."


def check_data(scenario: Scenario, entry: Entry | None) -> None:
    """What an event or an order (None: the first) carries, as the production reader reads it.
    Raises `ScenarioError`."""
    teller = some_teller(scenario)
    match entry:
        case None:
            readable(teller.first(), scenario, _SOME_TIME)
        case Ordered():
            readable(teller.ordered(entry, _SOME_TIME), scenario, _SOME_TIME)
        case Told():
            readable(teller.told(entry, _SOME_TIME, 1), scenario, _SOME_TIME + _LATER)
            check_lines(scenario, entry)


def check_lines(scenario: Scenario, entry: Entry) -> None:
    """As `lines_amiss`. Raises `ScenarioError`."""
    if (found := lines_amiss(scenario, entry)) is not None:
        raise ScenarioError(found.what, mend=found.mend)


def lines_amiss(scenario: Scenario, entry: Entry) -> Misfit | None:
    """What of the lines that an event names the order does not have: the line (with the nearest), or so many pieces of
    it as are refunded or go back. A store's webhook that says so is taken all the same: what is true of an order then
    is that nothing of the line remains."""
    if not isinstance(entry, Told) or not (named := _named_lines(entry.data)):
        return None
    lines, told = _lines_of(scenario, entry.order), Counter[str]()
    for n, (ref, pieces) in named:
        if ref not in lines:
            return Misfit(
                ("lines", n),
                f"The order has no line '{ref}'.{nearest(str(ref), lines)}",
                f"It has: {', '.join(lines)}.",
            )
        if not isinstance(pieces, int | float) or isinstance(pieces, bool):
            continue
        if pieces < 1:
            return Misfit(("lines", n), f"{pieces} pieces of '{ref}' are none.", f"Write [{ref}, 1].")
        told[ref] += int(pieces)
        if told[ref] > lines[ref] and entry.event.startswith(_BACK):
            what = f"The order has {lines[ref]} of '{ref}', and {told[ref]} cannot go back."
            return Misfit(("lines", n), what, f"Write [{ref}, {lines[ref]}].")
    return None


_BACK = ("order.refunded", "return.")


def _lines_of(scenario: Scenario, order: str) -> dict[str, int]:
    """The lines of an order with their pieces, each as many as are ever told of: an edit may come late or early."""
    found = Counter({goods.product: goods.quantity for goods in _goods_of(scenario, order)})
    for entry in scenario.timeline:
        if (
            isinstance(entry, Told)
            and entry.order == order
            and entry.event in ("order.placed", "order.updated")
        ):
            for line in items(entry.data.get("lines")):
                ref, pieces = str(line.get("id")), count(line.get("quantity")) or 0
                found[ref] = max(found[ref], pieces)
    return dict(found)


def _goods_of(scenario: Scenario, order: str) -> tuple[Goods, ...]:
    for entry in scenario.timeline:
        if isinstance(entry, Ordered) and entry.order == order:
            return entry.bought.goods
    return scenario.bought.goods


def _named_lines(data: Any) -> list[tuple[int, Sequence[Any]]]:
    """Pairs of a line and its pieces, each with its place in the list."""
    told = data.get("lines", ())
    pairs = enumerate(told) if isinstance(told, list | tuple) else ()
    return [(n, pair) for n, pair in pairs if isinstance(pair, list | tuple) and len(pair) == 2]


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
