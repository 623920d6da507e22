"""Limits said in words:

    at most 2 sms in 1 day
    never review-request after return.received
    never marketing before order.delivered

What is counted or forbidden is a step, a channel, a purpose, `promotion` or `message`; what it may not come after or
before is a step or an event.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from doorstep.domain.events import FAMILY_MEMBERS, event_class
from doorstep.domain.messages import Channel
from doorstep.errors import BadInput, Unreadable
from doorstep.rehearsal.limits.built_in import promotions
from doorstep.rehearsal.limits.registry import Breach, Limit
from doorstep.rehearsal.scenario import Scenario
from doorstep.rehearsal.timeline import Kind, Timeline, Touch

FORMS = (
    "'at most 2 sms in 1 day', 'never review-request after return.received' "
    "or 'never marketing before order.delivered'"
)
KINDS = ("marketing", "promotion", "transactional", "message", *(channel.value for channel in Channel))
_WORD = r"[a-z][\w.-]*"
_AT_MOST = re.compile(
    rf"at most (\d{{1,6}}) ({_WORD})(?: touch(?:es)?| messages?)? in (?:any )?(\d{{1,5}}) (day|hour|week)s?"
)
_NEVER = re.compile(rf"never ({_WORD}) (after|before) ({_WORD})")
_UNITS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}


def read(text: str) -> Limit | None:
    """The limit those words say, or None where they have neither form. Raises `BadInput` for an unknown event."""
    words = " ".join(text.lower().split()).rstrip(".")
    if found := _AT_MOST.fullmatch(words):
        window = int(found[3]) * _UNITS[found[4]]
        return _at_most(words, int(found[1]), _singular(found[2]), window)
    if found := _NEVER.fullmatch(words):
        what, side, other = _singular(found[1]), found[2], found[3]
        if "." in other:
            _known_event(other)
        return _never(words, what, other, before=side == "before")
    return None


def named(text: str) -> tuple[str, ...]:
    """The steps that a limit's words name: what is neither a kind of message nor an event."""
    words = " ".join(text.lower().split())
    if found := _AT_MOST.fullmatch(words):
        names: tuple[str, ...] = (found[2],)
    else:
        found = _NEVER.fullmatch(words)
        names = (found[1], found[3]) if found else ()
    return tuple(n for n in names if _singular(n) not in KINDS and "." not in n)


def _singular(word: str) -> str:
    return word[:-1] if word[:-1] in KINDS else {"touches": "message"}.get(word, word)


def _known_event(type_: str) -> None:
    if type_ in FAMILY_MEMBERS:
        return
    try:
        event_class(type_)
    except Unreadable as error:
        raise BadInput(error.what, mend="A limit names a type as scenarios tell it.") from None


def _those(what: str) -> Callable[[Timeline], list[Touch]]:
    """The messages a word means, of those that a provider took."""

    def those(timeline: Timeline) -> list[Touch]:
        if what in ("marketing", "promotion"):
            return list(promotions(timeline))
        return [t for t in timeline.sent if what in ("message", t.purpose, t.channel, t.step, t.name)]

    return those


def _at_most(name: str, most: int, what: str, window: timedelta) -> Limit:
    those = _those(what)

    def check(timeline: Timeline, scenario: Scenario) -> Iterable[Breach]:
        touches = those(timeline)
        for first, last in zip(touches, touches[most:], strict=False):
            if last.at - first.at < window:
                part = touches[touches.index(first) : touches.index(last) + 1]
                told = ", ".join(f"{t.name} (day {timeline.day(t.at)})" for t in part)
                yield Breach(limit=name, what=f"{len(part)} in {last.at - first.at}: {told}.", at=last.at)
                return

    return Limit(name=name, check=check)


def _never(name: str, what: str, other: str, *, before: bool) -> Limit:
    """`after`: of the order it is about; what is of the person counts for every order."""
    those = _those(what)

    def check(timeline: Timeline, scenario: Scenario) -> Iterable[Breach]:
        for touch in those(timeline):
            moments = list(_moments(timeline, other, touch.order))
            if any(touch.at < at for at in moments) if before else any(at < touch.at for at in moments):
                side = "before" if before else "after"
                at = f"{min(moments):%Y-%m-%d %H:%M}"
                told = f"{touch.name} went on {touch.at:%Y-%m-%d %H:%M} UTC, {side} {other} ({at})."
                yield Breach(limit=name, what=told, about=touch.step, at=touch.at)

    return Limit(name=name, check=check)


def _moments(timeline: Timeline, other: str, order: str) -> Iterable[datetime]:
    if "." not in other:
        yield from (t.at for t in timeline.sent if t.order == order and other in (t.step, t.name))
        return
    cls = event_class(other)
    for event in timeline.events:
        told = event.kind in (Kind.EVENT, Kind.ORDER) and event.what == other
        if told and (cls.about_person or event.order == order):
            yield event.at
