"""What comes out of JSON as it went in, and need not go through it between a journey and the world of its rehearsal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic_core import TzInfo

from doorstep.contracts import Projection
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.outcomes import Outcome
from doorstep.domain.touches import TouchRequest

_TEXT, _TUPLE, _CHANNEL = {str}, {tuple}, {Channel}
_OTHERS = (Purpose, int, bool)


def unchanged_by_json(value: Any) -> bool:
    """Whether a value comes out of JSON as it went in. An outcome does: our own code makes it, of texts, instants and
    words of ours. A projection and a touch do when what their author gave is of the very types that are declared."""
    kind = value.__class__
    if kind is TouchRequest:
        return _touch(value)
    if kind is Projection:
        return _projection(value)
    return value is None or kind is Outcome


def _touch(touch: TouchRequest) -> bool:
    """JSON makes a tuple of a list, a text of a number, an offset of a zone; a context it may change in any way."""
    items, offered = touch.items, touch.offered
    return (
        not touch.context
        and {type(touch.channels), type(items), type(offered)} == _TUPLE
        and {*map(type, touch.channels)} == _CHANNEL
        and (type(touch.purpose), type(touch.priority), type(touch.prompted)) == _OTHERS
        and _texts((touch.step, touch.occurrence, touch.template, *items, *offered))
        and _steady(touch.due_at)
        and _steady(touch.expires_at)
    )


def _projection(told: Projection) -> bool:
    """Phases, causes, outcomes and what is waited for are named by the author."""
    waits = told.waits
    return (
        not told.records
        and not told.actions
        and _texts((told.phase, told.outcome, told.exit_cause, *[w.name for w in waits]))
        and _texts([w.occurrence for w in waits])
        and all(w.until is None or _steady(w.until) for w in waits)
    )


def _texts(given: Sequence[str]) -> bool:
    """Texts and nothing derived from them; in ASCII, since JSON refuses halves of characters."""
    return {*map(type, given)} <= _TEXT and "".join(given).isascii()


def _steady(at: datetime) -> bool:
    """Whether it is in UTC, or in the offset that JSON left it in: with a zone's, a day later may be another hour."""
    return at.__class__ is datetime and (at.tzinfo is UTC or at.tzinfo.__class__ is TzInfo)
