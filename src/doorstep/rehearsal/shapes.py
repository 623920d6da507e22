"""What stands in an event's data beside the fields of its class (lines of an order, an address, a parcel's tracking),
held against the published schema. Production reads of such parts what it can and lets the rest be; in a scenario
whatever nobody reads is a slip, and is told with its place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from doorstep.errors import nearest

Schema = Mapping[str, Any]
Path = tuple[str | int, ...]


class Misfit(NamedTuple):
    """What does not fit, where it stands (keys and numbers in lists), and how to mend it."""

    path: Path
    what: str
    mend: str


def misfit(schema: Schema, value: Any, path: Path) -> Misfit | None:
    """The first part of a value that its schema does not have; None where all of it fits. Of the schema's words those
    are known that `sources.schema` uses."""
    if "anyOf" in schema:
        fits = any(misfit(one, value, path) is None for one in schema["anyOf"])
        return None if fits else _not(schema, path)
    if not _is(schema.get("type"), value):
        return _not(schema, path)
    if isinstance(value, Mapping):
        return _of_mapping(schema, value, path)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _of_list(schema, value, path)
    return None if _fits(schema, value) else _not(schema, path, value)


_KINDS: dict[str, type[Any] | tuple[type[Any], ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": (list, tuple),
    "object": Mapping,
}


def _is(kind: str | None, value: Any) -> bool:
    if kind is None:
        return True
    return isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _fits(schema: Schema, value: Any) -> bool:
    """A text or a number."""
    if isinstance(value, str):
        fits = len(value) <= schema.get("maxLength", len(value))
        fits = fits and re.search(schema.get("pattern", ""), value, re.ASCII) is not None
        fits = fits and (schema.get("format") != "uri" or re.match(r"https?://\S+$", value) is not None)
        return fits and ("enum" not in schema or value in schema["enum"])
    return schema.get("minimum", value) <= value <= schema.get("maximum", value)  # type: ignore[no-any-return]


def _of_mapping(schema: Schema, value: Mapping[str, Any], path: Path) -> Misfit | None:
    known = schema.get("properties", {})
    for key, part in value.items():
        if key not in known:
            what = f"{said(path)} carries no '{key}' that anybody reads.{nearest(key, known)}"
            return Misfit((*path, key), what, f"There are: {', '.join(known)}.")
        if (found := misfit(known[key], part, (*path, key))) is not None:
            return found
    for key in schema.get("required", ()):
        if key not in value:
            return Misfit(path, f"{said((*path, key))} is missing.", f"Add {asked_for(known[key])}.")
    return None


def _of_list(schema: Schema, value: Sequence[Any], path: Path) -> Misfit | None:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        return _not(schema, path)
    for n, part in enumerate(value):
        if (found := misfit(schema["items"], part, (*path, n))) is not None:
            return found
    return None


def said(path: Path) -> str:
    """`data.lines[0].quantity`."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return f"data{''.join(parts)}"


def _not(schema: Schema, path: Path, value: Any = "") -> Misfit:
    near = nearest(str(value), schema["enum"]) if "enum" in schema else ""
    return Misfit(path, f"{said(path)} cannot be read.{near}", f"Give {asked_for(schema)}.")


def asked_for(schema: Schema) -> str:
    """What may stand there, in words."""
    more = f" ({schema['description']})" if "description" in schema else ""
    match schema:
        case {"enum": known}:
            return f"one of {', '.join(known)}"
        case {"format": "date-time"}:
            return "a moment with its zone, such as 2026-11-28T08:00:00+01:00"
        case {"format": "uri"}:
            return "an address on the web, such as https://shop.example/orders/1"
        case {"anyOf": _, "description": words}:
            return f"an id: {words}"
        case {"type": "integer", "minimum": low, "maximum": high}:
            return f"a whole number from {low} to {high}{more}"
        case {"type": "integer", "minimum": low}:
            return f"a whole number from {low}{more}"
        case {"type": "integer"}:
            return f"a whole number{more}"
        case {"type": "boolean"}:
            return "true or false"
        case {"type": "array", "items": {"properties": known}}:
            one = "one or more mappings" if schema.get("minItems") else "mappings"
            return f"a list of {one}, with {', '.join(known)}"
        case {"type": "object", "properties": known}:
            return f"a mapping with {', '.join(known)}"
        case {"maxLength": most}:
            return f"a text of at most {most} characters{more}"
    return f"a text{more}"
