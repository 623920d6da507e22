"""Limits said in words:

    at most 2 sms in 1 day
    never review-request after return.received
    never marketing before shipment.delivered

What is counted or forbidden is a step, a channel, a purpose, `promotion` or `message`; what it may not come after or
before is a step or an event.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from doorstep.domain.events import FAMILY_MEMBERS, event_class, known_types
from doorstep.domain.messages import Channel
from doorstep.errors import BadInput, Unreadable
from doorstep.rehearsal.limits.built_in import promotions
from doorstep.rehearsal.limits.registry import Breach, Limit
from doorstep.rehearsal.scenario import Scenario
from doorstep.rehearsal.timeline import Kind, Timeline, Touch
from doorstep.rehearsal.words import lasting, of_touch
from doorstep.sources.signed.outer import DERIVED

FORMS = (
    "'at most 2 sms in 1 day', 'never review-request after return.received' "
    "or 'never marketing before shipment.delivered'"
)
KINDS = ("marketing", "promotion", "transactional", "message", *(channel.value for channel in Channel))
_PLURALS = {f"{kind}s": kind for kind in KINDS if not kind.endswith("s")} | {"touches": "message"}
_WORD = r"[a-z0-9][\w.-]*"
_AT_MOST = re.compile(
    rf"at most (\d{{1,6}}) ({_WORD})(?: touch(?:es)?| messages?)? in (?:any )?(\d{{1,5}}) (day|hour|week)s?",
    re.IGNORECASE,
)
_NEVER = re.compile(rf"never ({_WORD}) (after|before) ({_WORD})", re.IGNORECASE)
_UNITS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}


def read(text: str) -> Limit | None:
    """The limit those words say, or None where they have neither form. Raises `BadInput` for an unknown event, and for
    a word of one kind where another belongs."""
    words = " ".join(text.split()).rstrip(".")
    if found := _AT_MOST.fullmatch(words):
        what, window = _word(found[2]), int(found[3]) * _UNITS[found[4].lower()]
        _counted(what, f"at most {found[1]} … in {found[3]} {found[4].lower()}{'s' * (found[3] != '1')}")
        if not window:
            raise BadInput(f"'{words}' is about no time at all.", mend="Give at least 1 hour.")
        return _at_most(_plain(words, found[2], what), int(found[1]), what, window)
    if found := _NEVER.fullmatch(words):
        what, side, other = _word(found[1]), found[2].lower(), _word(found[3])
        _counted(what, f"never … {side} {other}")
        _followed(other, f"never {what} {side} …")
        name = f"never {_plain(found[1], found[1], what)} {side} {other}"
        return _never(name, what, other, before=side == "before")
    return None


def named(text: str) -> tuple[str, ...]:
    """The steps that a limit's words name: what is neither a kind of message nor an event."""
    words = " ".join(text.split()).rstrip(".")
    if found := _AT_MOST.fullmatch(words):
        return tuple(n for n in (_word(found[2]),) if n not in KINDS)
    if found := _NEVER.fullmatch(words):
        steps = (_word(found[1]), "" if "." in found[3] else _word(found[3]))
        return tuple(n for n in steps if n and n not in KINDS)
    return ()


def _word(word: str) -> str:
    """A kind or an event in small letters, a kind in the singular; a step as it is written."""
    low = word.lower()
    if low in _PLURALS or low in KINDS:
        return _PLURALS.get(low, low)
    return low if low in known_types() else word


def _plain(words: str, word: str, what: str) -> str:
    """The limit's name: its words in small letters, but for a step's."""
    return " ".join(w if w == word and what == word else w.lower() for w in words.split())


def _counted(what: str, where: str) -> None:
    """Raises `BadInput` unless the word can be that of messages."""
    if what in known_types():
        raise BadInput(
            f"In '{where}' something that is sent must stand, and '{what}' is an event, which comes in.",
            mend=f"Name a step, such as 'review-request', or one of: {', '.join(KINDS)}.",
        )


def _followed(other: str, where: str) -> None:
    """Raises `BadInput` unless the word can be that of one thing which happens: a step's or a known event's."""
    if other in KINDS:
        kind = "a channel" if other in tuple(Channel) else "a kind of message"
        raise BadInput(
            f"In '{where}' a step or an event must stand, and '{other}' is {kind}.",
            mend=f"Name one, such as 'order-confirmation' or 'order.refunded'; or count: 'at most 1 {other} in 1 day'.",
        )
    if "." in other:
        _known_event(other)


def _known_event(type_: str) -> None:
    """Raises `BadInput` for an event that there is none of, or that a timeline does not show: nothing would ever come
    before or after it."""
    if type_ in DERIVED:
        instead = DERIVED[type_]
        raise BadInput(
            f"'{type_}' follows from other events, and a limit sees what was told.",
            mend=f"Write '{instead}'." if instead else "Say it with an @limit function of the timeline.",
        )
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
                told = ", ".join(f"{of_touch(timeline, t)} (day {timeline.day(t.at)})" for t in part)
                how = f" in {lasting(last.at - first.at)}" if last.at > first.at else " at once" * (most > 0)
                yield Breach(limit=name, what=f"{len(part)}{how}: {told}.", at=last.at)
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
                told = f"{of_touch(timeline, touch)} went on {touch.at:%Y-%m-%d %H:%M} UTC, {side} {other} ({at})."
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
