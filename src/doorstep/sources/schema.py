"""The published JSON Schemas (draft 2020-12), made from the registered event classes, so that they cannot fall
behind them: envelope v1 as Doorstep passes events on, and what the signed API accepts. A store package's own
events are in them as soon as it is imported."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from doorstep.domain.events import Event, event_class, known_types
from doorstep.sources.schema_parts import (
    ADDRESS,
    CONSENTS,
    ID,
    INSTANT,
    LINE,
    MINOR,
    ORDER_LINES,
    PERSON,
    PRODUCT_DATA,
    TRACKING,
    Schema,
    closed,
    text_schema,
)
from doorstep.sources.signed.adapter import MAX_EVENTS
from doorstep.sources.signed.details import is_parcel
from doorstep.sources.signed.events import BOUNDS
from doorstep.sources.signed.money import AMOUNTS, CURRENCIES
from doorstep.sources.signed.outer import DERIVED

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_BASE = frozenset(f.name for f in dataclasses.fields(Event))


def of_hint(hint: Any, name: str = "") -> Schema:
    """The schema of an event field's type."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return {"anyOf": [of_hint(a, name) for a in typing.get_args(hint)]}
    if typing.get_origin(hint) is tuple:
        parts = typing.get_args(hint)
        if len(parts) == 2 and parts[1] is Ellipsis:
            return {"type": "array", "items": of_hint(parts[0]), "maxItems": 1000}
        n = len(parts)
        made = [of_hint(p) for p in parts]
        return {"type": "array", "prefixItems": made, "items": False, "minItems": n, "maxItems": n}
    simple: dict[Any, Schema] = {
        str: text_schema(name),
        int: {"type": "integer"},
        float: {"type": "number"},
        bool: {"type": "boolean"},
        datetime: INSTANT,
        types.NoneType: {"type": "null"},
    }
    return simple[hint]


def data_schema(type_: str) -> Schema:
    """What an event of that type carries in `data`, and nothing else."""
    cls = event_class(type_)
    hints = typing.get_type_hints(cls)
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for field in dataclasses.fields(cls):
        if field.name in _BASE:
            continue
        properties[field.name] = of_hint(hints[field.name], field.name)
        if (type_, field.name) in BOUNDS:
            low, high = BOUNDS[type_, field.name]
            properties[field.name] |= {"minimum": low, "maximum": high}
        if (type_, field.name) in AMOUNTS:
            properties[field.name] = MINOR
        if (type_, field.name) in CURRENCIES:
            properties[field.name] = {"type": "string", "pattern": "^([A-Za-z]{3})?$"}
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            required.append(field.name)
    if type_ in ("order.placed", "order.updated"):
        properties["lines"] = {"type": "array", "items": LINE}
    return closed(properties, required)


def envelope_schema() -> Schema:
    """Envelope v1: one branch for each event type."""
    opaque: Schema = {"type": "string", "minLength": 1}
    maybe: Schema = {"type": ["string", "null"]}
    common: dict[str, Schema] = {
        "id": opaque,
        "fact_key": opaque,
        "occurred_at": INSTANT,
        "received_at": INSTANT,
        "connection": {"type": "string"},
        "order_ref": {"type": ["string", "null"], "pattern": "^ord_"},
        "person_ref": maybe,
        "subject": maybe,
    }
    required = ["id", "fact_key", "type", "occurred_at", "received_at", "connection", "data"]
    branches = [
        closed({**common, "type": {"const": type_}, "data": data_schema(type_)}, required)
        for type_ in known_types()
    ]
    return {
        "$schema": DIALECT,
        "$id": "urn:doorstep:envelope:v1",
        "title": "Doorstep event envelope v1",
        "description": "No personal data: references are opaque, `data` holds only what the type declares.",
        "oneOf": branches,
    }


def signed_event_schema() -> Schema:
    """What a POST to the signed API may hold: one event, or a batch."""
    event: Schema = {
        "oneOf": [_signed(type_) for type_ in known_types() if type_ not in DERIVED] + [_product_updated()]
    }
    batch = closed(
        {
            "events": {
                "type": "array",
                "items": {"$ref": "#/$defs/event"},
                "minItems": 1,
                "maxItems": MAX_EVENTS,
            }
        },
        ["events"],
    )
    return {
        "$schema": DIALECT,
        "$id": "urn:doorstep:signed-events:v1",
        "title": "Doorstep signed event API",
        "description": "Sign with Standard Webhooks 1.0. `occurred_at` defaults to `webhook-timestamp`.",
        "oneOf": [{"$ref": "#/$defs/event"}, batch],
        "$defs": {"event": event},
    }


def _signed(type_: str) -> Schema:
    cls = event_class(type_)
    data = dict(data_schema(type_))
    properties: dict[str, Schema] = dict(data["properties"])
    required: list[str] = list(data["required"])
    if type_ == "order.placed":
        properties |= {
            "number": {"type": "string", "maxLength": 64},
            "locale": {"type": "string"},
            "test": {"type": "boolean"},
            "shipping_address": ADDRESS,
            "consents": CONSENTS,
            "status_url": {"type": "string", "format": "uri"},
            "exchange_of": ID,
        }
        properties["total_minor"] = {"type": "integer", "minimum": 0}
        properties["currency"] = {"type": "string", "pattern": "^[A-Za-z]{3}$"}
        required += ["currency", "lines"]
    elif type_ == "order.updated":
        required.append("lines")
    if type_ in ("order.placed", "order.updated"):
        properties["lines"] = ORDER_LINES
    if is_parcel(type_):
        properties = TRACKING | properties
    # Open: further members (a review's text) stay in the stored webhook.
    body: Schema = {"type": "object", "properties": properties, "required": required}
    outer = ["type", *([] if cls.about_person else ["order"]), *(["data"] if required else [])]
    made = closed(_outer(type_, body), outer)
    if cls.about_person:
        made["anyOf"] = [{"required": ["order"]}, {"required": ["person"]}]
    return made


@lru_cache(maxsize=256)
def members(type_: str) -> Mapping[str, Schema]:
    """The members of an event's `data` that somebody reads, sorted; whatever else stands there is kept with the webhook
    and travels nowhere. Raises `Unreadable` for an unknown type."""
    return dict(sorted(_signed(type_)["properties"]["data"]["properties"].items()))


def _outer(type_: str, data: Schema) -> dict[str, Schema]:
    return {
        "type": {"const": type_},
        "id": ID,
        "occurred_at": INSTANT,
        "order": ID,
        "person": PERSON,
        "subject": ID,
        "data": data,
    }


def _product_updated() -> Schema:
    return closed(_outer("product.updated", PRODUCT_DATA), ["type", "subject", "data"])
