"""What a journey has heard: each fact once, in the order things happened, however its messages arrived.

Messages wait in `pending` until the settle window has passed; then `absorb` takes them in the order they
*happened*. The same set of messages therefore gives the same state, in any order and multiplicity.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from doorstep.domain import facts
from doorstep.domain.events import Envelope, Event, event_class, known_types, parse
from doorstep.domain.orders import OrderState, derived
from doorstep.errors import JourneyError, Unreadable, nearest

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
        self._found: dict[type[Event], list[tuple[int, Any]]] = {}
        """Event class that was asked for → where in the log its events stand, and each as that class."""
        self._followed: list[tuple[tuple[type[Event], ...], deque[Any]]] = []
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
        batch = sorted(self.pending, key=_when)
        self.pending.clear()
        news: list[Event] = []
        for envelope in batch:
            if envelope.fact_key not in self._facts:
                self._take(envelope, news)
        known = len(self.log)
        self.log.extend(news)
        for position in range(known, len(self.log)):
            self._tell(position)
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

    def _tell(self, position: int) -> None:
        """Those who asked for it are told of an event."""
        for cls, found in self._found.items():
            if (heard := self._as(cls, position)) is not None:
                found.append((position, heard))
        for types, coming in self._followed:
            if (heard := self._first(types, position)) is not None:
                coming.append(heard)

    def find[E: Event](
        self, types: tuple[type[E], ...], where: Callable[[E], bool] | None = None
    ) -> E | None:
        """The first event that is of one of the types and fits `where`."""
        if len(types) == 1:
            found = self._of(types[0])
        else:
            found = sorted([one for cls in types for one in self._of(cls)], key=itemgetter(0))
        for _, heard in found:
            if where is None or where(heard):
                return heard
        return None

    def all[E: Event](self, cls: type[E]) -> list[E]:
        """Every such event."""
        return [heard for _, heard in self._of(cls)]

    def signs(self, types: tuple[type[Event], ...]) -> Sequence[list[Any]]:
        """Lists of which one is not empty any more as soon as `find` finds one. Conditions are asked many times in each
        task: whether a list is empty is asked without Python."""
        return [self._of(cls) for cls in types]

    def follow[E: Event](self, types: tuple[type[E], ...]) -> deque[E]:
        """Every such event, once, past ones first; what is heard later is added. Whoever asks takes them out."""
        if not all(hasattr(cls, "matches") for cls in types):
            raise no_event(types)
        each = (self._first(types, position) for position in range(len(self.log)))
        coming = deque(heard for heard in each if heard is not None)
        self._followed.append((types, coming))
        return coming

    def _of[E: Event](self, cls: type[E]) -> list[tuple[int, E]]:
        found = self._found.get(cls)
        if found is None:
            if not hasattr(cls, "matches"):
                raise no_event((cls,))
            each = ((position, self._as(cls, position)) for position in range(len(self.log)))
            found = self._found[cls] = [one for one in each if one[1] is not None]
        return found

    def _first[E: Event](self, types: tuple[type[E], ...], position: int) -> E | None:
        return next((heard for cls in types if (heard := self._as(cls, position)) is not None), None)

    def _as[E: Event](self, cls: type[E], position: int) -> E | None:
        """The event at that position as the asker's own class, if it is one: a store's event class is another object
        in every run of the sandbox than the one that was registered."""
        heard = self.log[position]
        if not cls.matches(heard.name):
            return None
        if isinstance(heard, cls):
            return heard
        try:
            return cls.read(self._told[position])
        except Unreadable:
            return None


def no_event(asked: Iterable[Any]) -> JourneyError:
    """The error for asking for what is no class of events, offering the nearest one."""
    wrong = next((one for one in asked if not hasattr(one, "matches")), None)
    if not isinstance(wrong, str):
        said = wrong.__name__ if isinstance(wrong, type) else f"A value of type {type(wrong).__name__}"
        return JourneyError(f"{said} is no event.", mend="Give the event's class, such as Delivered.")
    known = {type_: _called(type_) for type_ in known_types()}
    meant = known.get(wrong) or (wrong if wrong in known.values() else "")
    near = "" if meant else nearest(wrong, [*known, *known.values()])
    return JourneyError(
        f"'{wrong:.40}' is a text, no event.{near}", mend=f"Give the event's class{meant and f', {meant}'}."
    )


def _called(type_: str) -> str:
    """How authors call the class of a type: of one parcel's news the order's, where there is one."""
    wholes = f"order.{type_.removeprefix('shipment.')}"
    cls = event_class(wholes if wholes in known_types() else type_)
    return {facts.OrderShipped: "Shipped", facts.OrderDelivered: "Delivered"}.get(cls, cls.__name__)


def _typed(envelope: Envelope) -> Event:
    try:
        return parse(envelope)
    except Unreadable:
        return Event.read(envelope)
