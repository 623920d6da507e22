"""What comes out of JSON as it went in, and need not go through it between a journey and the world of its rehearsal."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from doorstep.contracts import Projection
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.outcomes import Outcome
from doorstep.domain.touches import TouchRequest

_TEXT, _TUPLE, _CHANNEL = {str}, {tuple}, {Channel}
_OTHERS = (Purpose, int, bool)


def unchanged_by_json(value: Any) -> bool:
    """Whether a value comes out of JSON as it went in. Outcomes and projections do: our own code makes them, of texts,
    numbers, instants and words of ours. A touch does when its author gave everything in the types that are declared."""
    kind = value.__class__
    if kind is Projection:
        return not value.records
    return value is None or kind is Outcome or (kind is TouchRequest and _as_declared(value))


def _as_declared(touch: TouchRequest) -> bool:
    """JSON makes a tuple of a list, a text of a number, an offset of a zone; a context it may change in any way."""
    given = (touch.channels, touch.items, touch.offered)
    return (
        not touch.context
        and {type(touch.step), type(touch.occurrence), type(touch.template)} == _TEXT
        and {*map(type, given)} == _TUPLE
        and {*map(type, touch.channels)} == _CHANNEL
        and {*map(type, (*touch.items, *touch.offered))} <= _TEXT
        and (type(touch.purpose), type(touch.priority), type(touch.prompted)) == _OTHERS
        and _steady(touch.due_at)
        and _steady(touch.expires_at)
    )


def _steady(at: datetime) -> bool:
    """Whether its offset is the same all year: with a zone's, a day later may be another hour."""
    return at.__class__ is datetime and at.tzinfo.__class__ is not ZoneInfo
