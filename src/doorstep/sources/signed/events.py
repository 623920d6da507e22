"""One event of the signed API.

`type` is required; `id` is the sender's own (the same on every try: it makes the event count once in this
connection); `occurred_at` defaults to the webhook's timestamp; `order` is the store's order id; `person` is
`{id, email, phone, first_name, last_name, locale, zone, country, province}`, all optional; `subject` is what it
is about (a parcel, refund, return, product, ticket); `data` holds what the type declares.

Whatever else stands in `data` (a review's text) is kept in the stored webhook and travels nowhere. Text that does
travel is short (80 characters) and holds no `@`; ids hold letters, digits and `._:/#=-`. A part that breaks this
is left out and noted; a required one refuses the event.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from doorstep.domain.events import Envelope, declared, event_class
from doorstep.domain.ids import digest
from doorstep.domain.values import replace
from doorstep.errors import Unreadable
from doorstep.sources import person as contact
from doorstep.sources.draft import Draft
from doorstep.sources.signed import details
from doorstep.sources.signed.money import check_money, is_money, read_money
from doorstep.sources.signed.outer import Told, read_outer
from doorstep.sources.signed.pieces import pieces_back
from doorstep.sources.values import instant, opaque_id, plain, stamp

#: words, not prose: these fields never hold blanks
WORDS = frozenset({"reason", "kind", "substatus", "channel", "purpose", "currency", "zone"})
WORD_PATTERN = r"^[\w.:/+-]{1,64}$"
TEXT_PATTERN = r"^[^@\r\n]*$"
TEXT_LENGTH = 80
BOUNDS: Mapping[tuple[str, str], tuple[int, int]] = {("review.submitted", "rating"): (1, 5)}


def read_event(body: Mapping[str, Any], draft: Draft, default_at: datetime, path: str) -> None:
    """Adds one event to the draft, or the problem why not. Never raises."""
    try:
        if body.get("type") == "product.updated":
            details.product(opaque_id(body.get("subject")), plain(body.get("data")), draft, f"{path}.data")
            return
        told = read_outer(body, draft, default_at, path)
        _HANDLERS.get(told.name, _shipment if details.is_parcel(told.name) else _other)(told, draft)
    except Unreadable as refused:
        draft.problem(f"{path}: {refused.what} {refused.mend}".strip())
    except (ValueError, RecursionError):
        draft.problem(f"{path}.data: a number out of range, or too deep.")


# --- data ------------------------------------------------------------------------------------------


def clean_data(told: Told, draft: Draft) -> dict[str, Any]:
    """What the class declares, of the right types, free of prose. Raises `Unreadable` where that leaves a
    required field out, or a type is wrong."""
    return _clean(told, draft)[0]


def _clean(told: Told, draft: Draft) -> tuple[dict[str, Any], dict[str, Any]]:
    """As `clean_data`; and, for the fact's key, the same with its sums and pieces as its sender said them. What is made
    of those may change from release to release; a refund that is sent again must not become a second one for that."""
    given = declared(told.cls, told.data)
    said = {name: value for name, value in given.items() if _travels(name, value)}
    money = {name: value for name, value in given.items() if is_money(told.name, name)}
    for name in [n for n in given if n not in said and n not in money]:
        draft.problem(f"{told.path}.data.{name}: free text does not travel; left out.")
    data = read_money(told.name, said | money, draft, told.path)
    data = pieces_back(told.name, data, draft, told.path)
    event = told.cls.read(
        Envelope(
            id="",
            fact_key="",
            type=told.name,
            occurred_at=told.at,
            received_at=draft.context.received_at,
            connection="",
            subject=told.subject,
            data=data,
        )
    )
    data = {name: _within(told.name, name, value, getattr(event, name)) for name, value in data.items()}
    stamped = {name: value for name, value in data.items() if isinstance(getattr(event, name), datetime)}
    return data, said | stamped


def check_member(type_: str, name: str, value: Any) -> None:
    """That one declared member of a type's `data`, by itself, is read and travels. Raises `Unreadable`; of a webhook a
    text that does not travel is left out instead."""
    _within(type_, name, value, event_class(type_).read_field(type_, name, value))
    check_money(type_, name, value)
    if not _travels(name, value):
        asked = "one word of letters, digits and .:/+-_" if name in WORDS else "one short line without @"
        raise Unreadable(
            f"'{type_}': data.{name} is free text, which does not travel.", mend=f"Send {asked}."
        )


def _within(type_: str, name: str, value: Any, read: Any) -> Any:
    """The value as it goes on. Raises `Unreadable` for one that was `read` and cannot be."""
    if isinstance(read, datetime):
        at = instant(value)
        if at is None:
            raise Unreadable(f"data.{name} is no instant of this century.")
        return stamp(at)
    low, high = BOUNDS.get((type_, name), (None, None))
    if low is not None and high is not None and not low <= read <= high:
        raise Unreadable(
            f"data.{name} is not between {low} and {high}.", mend=f"Send a number from {low} to {high}."
        )
    return value


def _travels(name: str, value: Any) -> bool:
    if isinstance(value, str):
        if name in WORDS:
            return not value or re.fullmatch(WORD_PATTERN, value, re.ASCII) is not None
        return len(value) <= TEXT_LENGTH and re.fullmatch(TEXT_PATTERN, value) is not None
    if isinstance(value, list):
        return len(value) <= 1000 and all(_travels("", v) for v in value)
    return not isinstance(value, dict)


def fact_key(told: Told, data: Mapping[str, Any]) -> str:
    """The fact of an event that has no key of its own in `keys`: who or what, when, and what was said; by the
    sender's id where nobody said when, or about an unnamed person (an address must not be hashed into a key)."""
    whose = told.order or (told.person.external_id if told.person else None) or told.unnamed
    if told.id and (not told.stated_at or whose == told.unnamed):
        return f"{told.name}:{told.id}"
    said = digest(json.dumps(data, sort_keys=True, default=str), length=10)
    return ":".join((told.name, whose, told.subject or "", stamp(told.at), said))


def _add(told: Told, draft: Draft, key: str, data: Mapping[str, Any], subject: str | None) -> None:
    draft.event(
        told.name,
        key,
        told.at,
        order=told.order,
        subject=subject,
        data=data,
        person=told.person,
        external_id=told.id,
    )


def _other(told: Told, draft: Draft) -> None:
    data, said = _clean(told, draft)
    key = details.own_key(told.name, told.order, told.subject, said) or fact_key(told, said)
    _add(told, draft, key, data, told.subject)


def _shipment(told: Told, draft: Draft) -> None:
    data = clean_data(told, draft)
    # the order's only parcel needs no id of its own
    parcel = told.subject or told.order or ""
    key = details.shipment(parcel, told.name, told.order, told.at, data, told.data, draft)
    _add(told, draft, key, data, draft.shipment_ref(parcel))


def _order(told: Told, draft: Draft) -> None:
    clean = clean_data(told, draft)
    where = details.address(told.data.get("shipping_address"), draft.context.country)
    person = told.person
    if where.country and person is not None and person.zone_from not in ("stated", "address"):
        person = contact.at_address(person, where)
    sighting = details.order(told.name, told.order or "", told.at, told.data, where, person, draft, told.path)
    key, data = details.order_fact(told.name, sighting, clean)
    draft.event(told.name, key, told.at, order=told.order, data=data, person=person, external_id=told.id)


def _consent(told: Told, draft: Draft) -> None:
    data = clean_data(told, draft)
    details.consent(told.name == "consent.granted", data, told.person, told.at, draft)
    _add(told, draft, fact_key(told, data), data, told.subject)


def _zone(told: Told, draft: Draft) -> None:
    data = clean_data(told, draft)
    details.require_zone(data)
    if told.person is not None:
        told = replace(told, person=replace(told.person, zone=data["zone"], zone_from="stated"))
    _add(told, draft, fact_key(told, data), data, told.subject)


_HANDLERS: Mapping[str, Callable[[Told, Draft], None]] = {
    "order.placed": _order,
    "order.updated": _order,
    "consent.granted": _consent,
    "consent.withdrawn": _consent,
    "customer.zone_changed": _zone,
}
