"""Events: what happened, as the outside world told us. The envelope is the wire form, the classes below
are what an author sees. Dotted names, past tense.

An envelope carries **no personal data**: `data` holds only the fields its class declares, and no class
declares a name, an address or free text (those stay in the database, found again by reference).

A store's own events are classes too::

    @event("warranty.registered")
    class WarrantyRegistered(Event):
        months: int = 12
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, Self

from doorstep.domain.event_fields import Reader, asked_for, reader
from doorstep.domain.values import value
from doorstep.errors import JourneyError, Unreadable, nearest


@value(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Envelope v1. `id` names the message and `fact_key` the fact it tells: two messages that tell the same
    thing share the fact key, and a journey hears a fact once. Instants are aware UTC. `occurred_at` is when
    it happened there; `received_at` when we heard. `subject` is what it is about (a shipment, a line, a
    touch key). `person_ref`/`order_ref` are opaque references."""

    id: str
    fact_key: str
    type: str
    occurred_at: datetime
    received_at: datetime
    connection: str
    order_ref: str | None = None
    person_ref: str | None = None
    subject: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of what an author waits for. `at` is when it happened (aware UTC), at the latest when we heard."""

    type: ClassVar[str] = ""
    about_person: ClassVar[bool] = False
    """True: goes to every open journey of the person, not to one order's."""
    _field_readers: ClassVar[tuple[tuple[str, Callable[[Any], Any]], ...]]
    _field_required: ClassVar[frozenset[str]]

    id: str
    fact_key: str
    at: datetime
    received_at: datetime
    subject: str | None = None
    name: str = ""
    """The envelope's own type; differs from the class's only for a family such as `shipment.*`."""

    @classmethod
    def matches(cls, type_: str) -> bool:
        """Whether an envelope of that type is one of these. `shipment.*` is a family; bare `Event` is all."""
        if cls.type.endswith("*"):
            return type_.startswith(cls.type[:-1]) and type_ in FAMILY_MEMBERS
        return not cls.type or cls.type == type_

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        """The envelope as this class. Raises `Unreadable`, naming the field, when data does not fit."""
        known: dict[str, Any] = {
            "id": envelope.id,
            "fact_key": envelope.fact_key,
            # A clock ahead of ours, or a zone misread by the carrier, must not put a message off.
            "at": min(envelope.occurred_at, envelope.received_at),
            "received_at": envelope.received_at,
            "subject": envelope.subject,
            "name": envelope.type,
        }
        data = envelope.data
        for name, read in _readers(cls):
            if name in data:
                try:
                    known[name] = read(data[name])
                except _UNREAD as error:
                    raise _unreadable(cls, envelope.type, name) from error
            elif name in _required(cls):
                raise Unreadable(
                    f"'{envelope.type}': data.{name} is missing.",
                    mend=f"Add data.{name}: {_asked_for(cls, name)}.",
                )
        return cls(**known)

    @classmethod
    def read_field(cls, type_: str, name: str, value: Any) -> Any:
        """One field of `data` by itself, as `read` reads it in an envelope of that type. Raises `Unreadable`."""
        try:
            return dict(_readers(cls))[name](value)
        except _UNREAD as error:
            raise _unreadable(cls, type_, name) from error


_UNREAD = (TypeError, ValueError, AttributeError, KeyError)
"""What a reader of a field raises."""


def _unreadable(cls: type[Event], type_: str, name: str) -> Unreadable:
    return Unreadable(f"'{type_}': data.{name} cannot be read.", mend=f"Send {_asked_for(cls, name)}.")


def _asked_for(cls: type[Event], name: str) -> str:
    return asked_for(typing.get_type_hints(cls)[name])


_BASE = frozenset({"id", "fact_key", "at", "received_at", "subject", "name"})


def _readers(cls: type[Event]) -> tuple[tuple[str, Reader], ...]:
    # Kept on the class itself: the sandbox makes a store's event classes anew for every run, and a table of
    # ours would keep each of them alive.
    if "_field_readers" not in cls.__dict__:
        hints = typing.get_type_hints(cls)
        cls._field_readers = tuple(
            (f.name, reader(hints[f.name])) for f in fields(cls) if f.name not in _BASE
        )
    return cls._field_readers


def _required(cls: type[Event]) -> frozenset[str]:
    if "_field_required" not in cls.__dict__:
        cls._field_required = frozenset(
            f.name
            for f in fields(cls)
            if f.name not in _BASE and f.default is MISSING and f.default_factory is MISSING
        )
    return cls._field_required


def declared(cls: type[Event], data: Mapping[str, Any]) -> dict[str, Any]:
    """Only the fields the class declares: what may travel on. Everything else stays in the raw webhook."""
    return {name: data[name] for name, _ in _readers(cls) if name in data}


_REGISTRY: dict[str, type[Event]] = {}


def event[E: Event](type_: str, *, about_person: bool = False) -> Callable[[type[E]], type[E]]:
    """Register a class as the events of a dotted type (or family, `shipment.*`). The first class of a name
    stays registered: the sandbox imports a store package again for every run.

    Raises `JourneyError` when another class has the type.
    """

    def register(cls: type[E]) -> type[E]:
        made = dataclass(frozen=True, kw_only=True)(cls)
        made.type = type_
        made.about_person = about_person
        _readers(made)  # an unreadable field type is an error here, not on the first webhook
        held = _REGISTRY.setdefault(type_, made)
        if (held.__module__, held.__qualname__) != (made.__module__, made.__qualname__):
            raise JourneyError(
                f"The event '{type_}' is declared twice: in {held.__module__} and in {made.__module__}.",
                mend="Give one of them another type.",
            )
        return made

    return register


def event_class(type_: str) -> type[Event]:
    """The class of an envelope's type. Raises `Unreadable` offering the nearest known name."""
    found = _REGISTRY.get(type_)
    if found is None:
        family = f"{type_.split('.', 1)[0]}.*"
        found = _REGISTRY.get(family)
        if found is None or not family_member(type_):
            raise Unreadable(
                f"There is no event type '{type_}'.{nearest(type_, known_types())}",
                mend="Use a type of the published schema, or register the class in your store package and redrive.",
            )
    return found


#: the exact members of registered families, filled where the family is defined
FAMILY_MEMBERS: set[str] = set()


def family_member(type_: str) -> bool:
    """Whether a family (`shipment.*`) really has this member."""
    return type_ in FAMILY_MEMBERS


def known_types() -> list[str]:
    """Every event type that can be read, sorted."""
    return sorted({t for t in _REGISTRY if not t.endswith("*")} | FAMILY_MEMBERS)


def parse(envelope: Envelope) -> Event:
    """The envelope as its typed event. Raises `Unreadable`."""
    return event_class(envelope.type).read(envelope)
