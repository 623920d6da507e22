"""What comes out of JSON as it went in, and need not go through it between a journey and the world of its rehearsal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

from pydantic_core import TzInfo

from doorstep.contracts import AdviceRequest, PointsRequest, Projection, RunOut
from doorstep.domain.events import Envelope
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.outcomes import Outcome
from doorstep.domain.touches import TouchRequest
from doorstep.domain.values import replace

_TEXT, _TUPLE, _CHANNEL, _RUN_OUT = {str}, {tuple}, {Channel}, {RunOut}
_OTHERS = (Purpose, int, bool)
_ZERO, _MINUTE = TzInfo(0), timedelta(minutes=1)
_DEEPEST, _LARGEST = 16, 2**63


def unchanged_by_json(value: Any) -> Any:
    """The value as it comes out of JSON, where that is known; `NotImplemented` where it is not. An outcome comes out as
    it went in: our own code makes it, of texts, instants and words of ours. What a journey asks and is told does when
    what others gave is of the very types that are declared. Of what could be changed afterwards it is a copy."""
    asked = _ASKED.get(value.__class__)
    if asked is not None:
        return asked(value)
    return value if value is None or value.__class__ in _PLAIN else NotImplemented


def _touch(touch: TouchRequest) -> Any:
    """JSON makes a tuple of a list, a text of a number, an offset of a zone."""
    items, offered, context = touch.items, touch.offered, touch.context
    if not (
        {type(touch.channels), type(items), type(offered)} == _TUPLE
        and {*map(type, touch.channels)} == _CHANNEL
        and (type(touch.purpose), type(touch.priority), type(touch.prompted)) == _OTHERS
        and _texts((touch.step, touch.occurrence, touch.template, *items, *offered))
        and _steady(touch.due_at)
        and _steady(touch.expires_at)
    ):
        return NotImplemented
    if context.__class__ is not dict:
        return NotImplemented
    copy = _copy(context) if context else {}
    return NotImplemented if copy is NotImplemented else replace(touch, context=copy)


def _told(events: list[Any]) -> Any:
    """Envelopes, as a journey hears them."""
    copies = [_envelope(one) if one.__class__ is Envelope else NotImplemented for one in events]
    return NotImplemented if NotImplemented in copies else copies


def _envelope(event: Envelope) -> Any:
    told = [one for one in (event.order_ref, event.person_ref, event.subject) if one is not None]
    data = _copy(event.data) if event.data.__class__ is dict else NotImplemented
    if (
        data is NotImplemented
        or not _texts((event.id, event.fact_key, event.type, event.connection, *told))
        or not _steady(event.occurred_at)
        or not _steady(event.received_at)
    ):
        return NotImplemented
    return replace(
        event, data=data, occurred_at=_read(event.occurred_at), received_at=_read(event.received_at)
    )


def _read(at: datetime) -> datetime:
    """That instant as it is read out of JSON: its zone is another object, though not another zone."""
    return at.replace(tzinfo=_ZERO, fold=0) if at.tzinfo is UTC else at


def _copy(value: Any, deep: int = 0) -> Any:
    """A copy of what JSON has; `NotImplemented` of what holds anything else, or is so deep or so large that JSON might
    refuse it. Texts beyond ASCII are left to JSON, which refuses halves of characters."""
    kind = value.__class__
    if kind is str:
        return value if value.isascii() else NotImplemented
    if kind is dict and deep < _DEEPEST:
        copy = {key: _copy(one, deep + 1) for key, one in value.items()}
        plain = _texts(copy.keys()) and NotImplemented not in copy.values()
        return copy if plain else NotImplemented
    if kind is list and deep < _DEEPEST:
        copies = [_copy(one, deep + 1) for one in value]
        return NotImplemented if NotImplemented in copies else copies
    if kind is float:
        return value if isfinite(value) else NotImplemented
    if kind is int:
        return _number(value)
    return value if value is None or kind is bool else NotImplemented


def _projection(told: Projection) -> Any:
    """Phases, causes, outcomes and what is waited for are named by the author."""
    waits = told.waits
    plain = (
        not told.records
        and not told.actions
        and _texts((told.phase, told.outcome, told.exit_cause, *[w.name for w in waits]))
        and _texts([w.occurrence for w in waits])
        and all(w.until is None or _steady(w.until) for w in waits)
    )
    return told if plain else NotImplemented


def _advice(asked: AdviceRequest) -> Any:
    plain = type(asked.limit) is int and _texts(_whose(asked)) and _steady(asked.as_of)
    return asked if plain else NotImplemented


def _points(asked: PointsRequest) -> Any:
    plain = (
        type(asked.points) is int
        and _texts((asked.key, asked.reason, asked.reverses, *_whose(asked)))
        and _steady(asked.at)
        and (asked.available_at is None or _steady(asked.available_at))
    )
    return asked if plain else NotImplemented


def _whose(asked: AdviceRequest | PointsRequest) -> tuple[str, ...]:
    return asked.journey_id, asked.store_id, asked.order_ref, asked.person_ref


def _number(answer: int) -> Any:
    return answer if -_LARGEST < answer < _LARGEST else NotImplemented


def _answer(answer: tuple[Any, ...]) -> Any:
    """References, or what runs out when."""
    kinds = {*map(type, answer)}
    plain = all(map(_runs_out, answer)) if kinds == _RUN_OUT else kinds <= _TEXT and "".join(answer).isascii()
    return answer if plain else NotImplemented


def _runs_out(told: RunOut) -> bool:
    sure = told.confidence
    known = sure.__class__ is float and isfinite(sure)
    return known and _texts((told.product_ref, told.basis)) and _steady(told.at)


def _texts(given: Collection[str]) -> bool:
    """Texts and nothing derived from them; in ASCII, since JSON refuses halves of characters."""
    return {*map(type, given)} <= _TEXT and "".join(given).isascii()


def _steady(at: datetime) -> bool:
    """Whether it is in UTC, or in the offset that JSON left it in: with a zone's, a day later may be another hour, and
    JSON knows no seconds of an offset."""
    if at.__class__ is not datetime:
        return False
    return at.tzinfo is UTC or (at.tzinfo.__class__ is TzInfo and not (at.utcoffset() or _MINUTE) % _MINUTE)


_PLAIN = frozenset({Outcome})
_ASKED: Mapping[type[Any], Callable[[Any], Any]] = {
    TouchRequest: _touch,
    Projection: _projection,
    AdviceRequest: _advice,
    PointsRequest: _points,
    tuple: _answer,
    int: _number,
    list: _told,
}
