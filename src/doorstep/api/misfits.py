"""What does not fit in a request, field by field, with the form that would. Nothing of what was sent is repeated."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from doorstep.errors import nearest

MOMENT = "2026-03-31T10:00:00Z"
_OR_ZONED = "or 2026-03-31T12:00:00+02:00 (in an address: %2B for +)"
_MOMENTS = frozenset({"timezone_aware", "datetime_parsing", "datetime_from_date_parsing", "datetime_type"})
_NO_JOURNEY = (
    "A journey is named by its jny_… or its order's ord_…; by an order's number, an address or a name look it up with "
    "POST /journeys/search."
)
_CHOICES = frozenset({"enum", "literal_error"})


def told(item: Mapping[str, Any]) -> str:
    """What is wrong with one field of a refused request, and what may stand there."""
    if (*item["loc"],) == ("path", "ref"):
        return _NO_JOURNEY
    if item["type"] in _MOMENTS:
        return f"Give a moment such as {MOMENT} (UTC) {_OR_ZONED}."
    if item["type"] in _CHOICES:
        known = re.findall(r"'([^']*)'", str(item.get("ctx", {}).get("expected", "")))
        near = nearest(str(item.get("input", ""))[:60], known).strip()
        return f"{near} There are: {', '.join(known)}.".strip()
    return str(item["msg"])


def nearest_route(path: str, known: Iterable[str], verbs: Iterable[str]) -> str:
    """` Did you mean '/journeys/{ref}/plan'?` for an address that there is none of, with nothing of the address but
    what the routes say themselves; or the empty string. `verbs`: what `{verb}` may be, wherever it stands."""
    asked = path.split("/")
    routes = [r.replace("{verb}", verb) for r in known for verb in (verbs if "{verb}" in r else ("",))]
    found: dict[str, str] = {}
    for route in sorted(
        routes, key=lambda r: r.count("{")
    ):  # what is said outright before what anything fits
        parts = route.split("/")
        if len(parts) == len(asked):
            parts = [a if part.startswith("{") else part for part, a in zip(parts, asked, strict=True)]
        found.setdefault("/".join(parts), route)
    close = difflib.get_close_matches(path, sorted(found), n=1, cutoff=0.6)
    return f" Did you mean '{found[close[0]]}'?" if close else ""
