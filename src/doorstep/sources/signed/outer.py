"""The outer parts of an event of the signed API: type, times, references, person. See `events` for the whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from doorstep.domain.events import Event, event_class
from doorstep.domain.values import value
from doorstep.errors import Unreadable, nearest
from doorstep.sources import person as contact
from doorstep.sources.draft import Draft
from doorstep.sources.sightings import Address, PersonSighting
from doorstep.sources.signed.money import within_reach
from doorstep.sources.values import instant, opaque_id, plain, text, word

TOP_LEVEL = frozenset({"type", "id", "occurred_at", "order", "person", "subject", "data"})
TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", re.ASCII)
#: what follows from other events and is never believed from outside, and what to send instead (empty: nothing)
DERIVED: Mapping[str, str] = {
    "order.shipped": "shipment.in_transit",
    "order.delivered": "shipment.delivered",
    "order.partly_delivered": "shipment.delivered",
    "customer.ordered_again": "order.placed",
    "message.opened": "",
    "message.clicked": "",
}
_AHEAD = timedelta(days=1)  # a wrong clock is forgiven; a wrong year would outrank every later event


@value(frozen=True, slots=True, kw_only=True)
class Told:
    """An event whose outer parts are read. `stated_at`: the sender said when."""

    name: str
    """Its type."""
    cls: type[Event]
    at: datetime
    stated_at: bool
    id: str | None
    order: str | None
    subject: str | None
    person: PersonSighting | None
    data: Mapping[str, Any]
    path: str
    unnamed: str
    """Stands for whose event it is where neither order nor person has an id: this place in this webhook."""


def read_outer(body: Mapping[str, Any], draft: Draft, default_at: datetime, path: str) -> Told:
    type_ = body.get("type")
    if not isinstance(type_, str) or len(type_) > 80 or not TYPE.fullmatch(type_):
        raise Unreadable("'type' is no dotted name.", mend="Use a type of the published schema.")
    for key in body:
        if key not in TOP_LEVEL:
            raise Unreadable(f"There is no field '{word(key)}'.{nearest(word(key), TOP_LEVEL)}")
    if type_ in DERIVED:
        instead = DERIVED[type_]
        mend = f"Send '{instead}'." if instead else "The message's provider tells it."
        raise Unreadable(f"'{type_}' follows from other events.", mend=mend)
    cls = event_class(type_)
    data = plain(within_reach(type_, body.get("data")) if body.get("data") is not None else {})
    if not isinstance(data, dict):
        raise Unreadable("'data' is no JSON object.")
    told = Told(
        name=type_,
        cls=cls,
        at=_when(body, default_at, draft),
        stated_at=body.get("occurred_at") is not None,
        id=_optional_id(body, "id"),
        order=_optional_id(body, "order"),
        subject=_optional_id(body, "subject"),
        person=read_person(body.get("person"), draft, path),
        data=data,
        path=path,
        unnamed=f"{draft.delivery}#{path}",
    )
    if told.order is None and not cls.about_person:
        raise Unreadable(f"'{type_}' names no order.", mend="Add 'order', the store's order id.")
    if told.order is None and told.person is None:
        raise Unreadable(f"'{type_}' names neither person nor order.", mend="Add 'person' or 'order'.")
    return told


def _optional_id(body: Mapping[str, Any], key: str) -> str | None:
    if body.get(key) is None:
        return None
    found = opaque_id(body[key])
    if found is None:
        raise Unreadable(f"'{key}' is no id.", mend="Use up to 128 letters, digits and ._:/#=- (no address).")
    return found


def _when(body: Mapping[str, Any], default_at: datetime, draft: Draft) -> datetime:
    if body.get("occurred_at") is None:
        return default_at
    at = instant(body["occurred_at"])
    if at is None:
        raise Unreadable("'occurred_at' is no instant.", mend="Use ISO 8601 with an offset.")
    if at > draft.context.received_at + _AHEAD:
        raise Unreadable("'occurred_at' lies in the future.", mend="Say when it happened, not when it will.")
    return at


def read_person(value: Any, draft: Draft, path: str, where: Address | None = None) -> PersonSighting | None:
    """The person, or None if nothing tells who it is. A malformed part is noted and left out."""
    if value is None:
        return None
    if not isinstance(value, dict):
        draft.problem(f"{path}.person: no JSON object.")
        return None
    country = contact.country_code(value.get("country")) or (where.country if where else "")
    address = Address(
        country=country,
        province=text(value.get("province"), 16).upper() or (where.province if where else ""),
    )
    read: dict[str, tuple[str, Callable[[Any], str | None]]] = {
        "external_id": ("id", opaque_id),
        "email": ("email", contact.email),
        "phone": ("phone", lambda v: contact.phone(v, country or draft.context.country)),
    }
    found: dict[str, str | None] = {}
    for ours, (key, reader) in read.items():
        found[ours] = None if value.get(key) is None else reader(value[key])
        if value.get(key) is not None and found[ours] is None:
            draft.problem(f"{path}.person.{key}: cannot be one.")
    sighting = contact.person(
        external_id=found["external_id"],
        email=found["email"],
        phone=found["phone"],
        first_name=text(value.get("first_name")),
        last_name=text(value.get("last_name")),
        locale=contact.locale(value.get("locale")),
        stated_zone=text(value.get("zone"), 64),
        address=address,
    )
    return sighting if sighting.identified else None
