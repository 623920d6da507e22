"""What a journey has heard: each fact once, in the order things happened, however its messages arrived.

Messages wait in `pending` until the settle window has passed; then `absorb` takes them in the order they
*happened*. The same set of messages therefore gives the same state, in any order and multiplicity.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from datetime import datetime

from doorstep.domain.events import Envelope, Event, parse
from doorstep.domain.orders import OrderState, derived
from doorstep.errors import Unreadable

_FIRST = ("order.placed", "order.updated", "shipment.created")
"""At the same instant: the order before its parcels, a parcel before its scans."""


def _when(envelope: Envelope) -> tuple[datetime, int, str, str]:
    rank = _FIRST.index(envelope.type) if envelope.type in _FIRST else len(_FIRST)
    return (envelope.occurred_at, rank, envelope.fact_key, envelope.id)


class Hearing:
    """The journey's memory of events. Pure: it never looks at a clock."""

    def __init__(self) -> None:
        self.order = OrderState()
        self.log: list[Event] = []
        """Every event taken, in the order it was taken."""
        self._told: list[Envelope] = []
        """The envelope of each, at the same position."""
        self.pending: list[Envelope] = []
        self._found: dict[type[Event], tuple[int, list[int]]] = {}
        """Event class → how far the log was looked through, and where it was found."""
        self._ids: set[str] = set()
        self._facts: set[str] = set()

    def receive(self, envelopes: Iterable[Envelope]) -> None:
        """Put new messages into `pending`; one heard before is dropped."""
        for envelope in envelopes:
            if envelope.id not in self._ids and envelope.fact_key not in self._facts:
                self._ids.add(envelope.id)
                self.pending.append(envelope)

    def absorb(self) -> list[Event]:
        """Take what is pending, oldest fact first, each fact once. Returns what is new, derived events
        (`order.delivered` …) included."""
        batch, self.pending = sorted(self.pending, key=_when), []
        news: list[Event] = []
        for envelope in batch:
            if envelope.fact_key not in self._facts:
                self._take(envelope, news)
        self.log.extend(news)
        return news

    def _take(self, envelope: Envelope, news: list[Event]) -> None:
        self._facts.add(envelope.fact_key)
        before = self.order
        try:
            self.order = before.apply(envelope)
        except Unreadable:
            # Ingest lets nothing unreadable through; an event class that shrank since then must not
            # stop a journey, so the message is remembered for what it is and tells the order nothing.
            self.order = before
        self._remember(envelope, news)
        for consequence in derived(before, self.order, envelope):
            if consequence.fact_key not in self._facts:
                self._facts.add(consequence.fact_key)
                self._remember(consequence, news)

    def _remember(self, envelope: Envelope, news: list[Event]) -> None:
        self._told.append(envelope)
        news.append(_typed(envelope))

    def find[E: Event](
        self, types: tuple[type[E], ...], where: Callable[[E], bool] | None = None, start: int = 0
    ) -> tuple[int, E] | None:
        """The first event taken at or after position `start` that is of one of the types and fits `where`."""
        places = self._places(types[0]) if len(types) == 1 else self._merged(types)
        for position in places[bisect_left(places, start) :] if start else places:
            for cls in types:
                if cls.matches(self.log[position].name):
                    heard = self._as(cls, position)
                    if heard is not None and (where is None or where(heard)):
                        return position, heard
        return None

    def finds(self, types: tuple[type[Event], ...], start: int = 0) -> Callable[[], bool]:
        """Whether `find` finds one, as a condition: looked for again only when something was heard."""
        log, looked, found = self.log, -1, False

        def condition() -> bool:
            nonlocal looked, found
            if not found and looked != len(log):
                looked = len(log)
                found = self.find(types, None, start) is not None
            return found

        return condition

    def _places(self, cls: type[Event]) -> list[int]:
        """Where events of that class stand in the log. Kept: conditions are asked many times in each task."""
        looked, found = self._found.get(cls, (0, []))
        if looked < len(self.log):
            found += [n for n in range(looked, len(self.log)) if cls.matches(self.log[n].name)]
            self._found[cls] = (len(self.log), found)
        return found

    def _merged(self, types: tuple[type[Event], ...]) -> list[int]:
        places: list[int] = []
        for cls in types:
            places += [n for n in self._places(cls) if n not in places]
        return sorted(places)

    def _as[E: Event](self, cls: type[E], position: int) -> E | None:
        """The event at that position as the asker's own class: a store's event class is another object in
        every run of the sandbox than the one that was registered."""
        heard = self.log[position]
        if isinstance(heard, cls):
            return heard
        try:
            return cls.read(self._told[position])
        except Unreadable:
            return None


def _typed(envelope: Envelope) -> Event:
    try:
        return parse(envelope)
    except Unreadable:
        return Event.read(envelope)
