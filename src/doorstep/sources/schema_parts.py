"""Building blocks of the published schemas. They say what `values`, `person` and `signed` accept."""

from __future__ import annotations

from typing import Any

from doorstep.domain.messages import Channel, Purpose
from doorstep.sources.signed.events import TEXT_LENGTH, TEXT_PATTERN, WORD_PATTERN, WORDS

Schema = dict[str, Any]


def closed(properties: dict[str, Schema], required: list[str]) -> Schema:
    """An object with these members and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def opened(properties: dict[str, Schema], required: list[str]) -> Schema:
    """An object that may hold more; the rest is not read."""
    return {"type": "object", "properties": properties, "required": required}


def text_schema(name: str) -> Schema:
    """Text that travels: a word for some fields, short and without `@` for all."""
    if name in WORDS:
        return {"type": "string", "pattern": f"^$|{WORD_PATTERN}"}
    return {"type": "string", "maxLength": TEXT_LENGTH, "pattern": TEXT_PATTERN}


INSTANT: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*(Z|[+-]\d{2}:?\d{2})$",
    "description": "ISO 8601 with an offset",
}
ID: Schema = {
    "description": "up to 128 letters, digits and ._:/#=-, or a positive whole number; never an address",
    "anyOf": [
        {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._:/#=-]{0,127}$"},
        {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
    ],
}
_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": 1_000_000}
MINOR: Schema = {"type": "integer", "minimum": 0, "description": "minor units (cents)"}
_PRICE: Schema = {
    "type": "integer",
    "description": "of one piece, in minor units; less than nothing for what is taken off, such as a voucher",
}
_COUNTRY: Schema = {"type": "string", "pattern": "^[A-Za-z]{2}$", "description": "ISO 3166-1 alpha-2"}
_PROVINCE: Schema = {"type": "string", "maxLength": 16, "description": "ISO 3166-2, country part optional"}

LINE: Schema = closed(
    {
        "ref": _TEXT,
        "product_ref": _TEXT,
        "quantity": _COUNT,
        "current": _COUNT,
        "category": _TEXT,
        "price_minor": _PRICE,
        "requires_shipping": {"type": "boolean"},
    },
    ["ref", "product_ref", "quantity", "current"],
)
ORDER_LINES: Schema = {
    "type": "array",
    "minItems": 1,
    "maxItems": 1000,
    "items": opened(
        {
            "id": ID,
            "product": ID,
            "title": _TEXT,
            "variant": _TEXT,
            "sku": _TEXT,
            "category": {"type": "string", "maxLength": TEXT_LENGTH, "pattern": TEXT_PATTERN},
            "quantity": _COUNT,
            "current": {**_COUNT, "description": "what edits left of it; default: quantity"},
            "price_minor": _PRICE,
            "requires_shipping": {"type": "boolean", "default": True},
            "url": {"type": "string", "format": "uri"},
        },
        ["id", "quantity"],
    ),
}
PERSON: Schema = opened(
    {
        "id": ID,
        "email": {"type": "string", "format": "email"},
        "phone": {"type": "string", "description": "E.164, or national with a country"},
        "first_name": _TEXT,
        "last_name": _TEXT,
        "locale": _TEXT,
        "zone": {"type": "string", "description": "IANA name; else derived from address or phone"},
        "country": _COUNTRY,
        "province": _PROVINCE,
    },
    [],
) | {"anyOf": [{"required": ["id"]}, {"required": ["email"]}, {"required": ["phone"]}]}
ADDRESS: Schema = opened(
    {
        **dict.fromkeys(("name", "company", "address1", "address2", "city", "zip", "phone"), _TEXT),
        "province": _PROVINCE,
        "country": _COUNTRY,
    },
    [],
)
CONSENTS: Schema = {
    "type": "array",
    "items": opened(
        {
            "channel": {"enum": [str(c) for c in Channel]},
            "purpose": {"enum": [str(p) for p in Purpose]},
            "granted": {"type": "boolean"},
            "at": INSTANT,
        },
        ["channel", "granted"],
    ),
}
TRACKING: dict[str, Schema] = {
    "tracking_company": _TEXT,
    "tracking_number": _TEXT,
    "tracking_url": {"type": "string", "format": "uri"},
    "expected_at": INSTANT,
}
PRODUCT_DATA: Schema = opened(
    {
        "title": _TEXT,
        "category": {"type": "string", "maxLength": TEXT_LENGTH, "pattern": TEXT_PATTERN},
        "url": {"type": "string", "format": "uri"},
        "image_url": {"type": "string", "format": "uri"},
        "price_minor": MINOR,
        "currency": {"type": "string", "pattern": "^[A-Za-z]{3}$"},
        "replenish_days": {"type": "integer", "minimum": 1, "description": "how long one piece lasts"},
    },
    [],
)
