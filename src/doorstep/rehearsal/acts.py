"""What a customer does, in a few words of a scenario file, as the entry it means.

`customer: rates 2` is `event: review.submitted` with `data: {rating: 2}`; the table below is all there is to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from doorstep.domain.messages import Channel
from doorstep.errors import ScenarioError, nearest
from doorstep.rehearsal.scenario import Entry, Report, Reported, Told, usual_channel

Common = dict[str, Any]
"""`at`, `order` and `line` of the entry."""


def _rates(word: str, common: Common) -> Entry:
    if word not in ("1", "2", "3", "4", "5"):
        raise ScenarioError(f"A rating is 1 to 5, not '{word}'.", mend="Write 'customer: rates 4'.")
    return Told(event="review.submitted", data={"rating": int(word)}, **common)


def _plain(event: str) -> Callable[[str, Common], Entry]:
    def made(word: str, common: Common) -> Entry:
        if word:
            raise ScenarioError(f"'{word}' is one word too many.", mend="Leave it out.")
        return Told(event=event, **common)

    return made


def _about(event: str) -> Callable[[str, Common], Entry]:
    """The word is the subject."""
    return lambda word, common: Told(event=event, subject=word, **common)


def _products(event: str) -> Callable[[str, Common], Entry]:
    return lambda word, common: Told(event=event, data={"products": word.split()}, **common)


def _lines(event: str) -> Callable[[str, Common], Entry]:
    """The words are lines of the order, each with its pieces before it where there are several (`2 fern`); none: all
    that is said elsewhere."""

    def made(word: str, common: Common) -> Entry:
        lines: list[list[str | int]] = []
        pieces, words = 1, word.split()
        for n, one in enumerate(words, 1):
            if re.fullmatch(r"\d{1,5}", one, re.ASCII) and n < len(words):
                pieces = int(one)
                continue
            lines.append([one, pieces])
            pieces = 1
        return Told(event=event, data={"lines": lines}, **common)

    return made


def _consent(event: str) -> Callable[[str, Common], Entry]:
    def made(word: str, common: Common) -> Entry:
        return Told(event=event, data={"channel": _channel(word).value}, **common)

    return made


def _report(report: Report) -> Callable[[str, Common], Entry]:
    def made(word: str, common: Common) -> Entry:
        return Reported(report=report, channel=_channel(word, usual_channel(report)), **common)

    return made


def _channel(word: str, default: Channel = Channel.EMAIL) -> Channel:
    if not word:
        return default
    if word not in tuple(Channel):
        raise ScenarioError(
            f"There is no channel '{word}'.{nearest(word, Channel)}", mend=f"There are: {', '.join(Channel)}."
        )
    return Channel(word)


ACTS: dict[str, Callable[[str, Common], Entry]] = {
    "rates": _rates,
    "opens": _report(Report.OPENED),
    "clicks": _report(Report.CLICKED),
    "bounces": _report(Report.BOUNCED),
    "reports spam": _report(Report.SPAM),
    "texts STOP": _report(Report.STOPPED),
    "texts START": _report(Report.STARTED),
    "unsubscribes": _consent("consent.withdrawn"),
    "subscribes": _consent("consent.granted"),
    "complains": _plain("complaint.opened"),
    "is satisfied": _plain("complaint.resolved"),
    "cancels": _plain("order.cancelled"),
    "asks to return": _lines("return.requested"),
    "keeps it after all": _plain("return.cancelled"),
    "browses": _about("product.browsed"),
    "fills the cart with": _products("cart.updated"),
    "starts a subscription of": _products("subscription.started"),
    "scans the insert": _plain("insert.scanned"),
    "shares a photo": _plain("content.shared"),
    "asks to be erased": _plain("customer.erased"),
}


def act(text: str, common: Common) -> Entry:
    """The entry that a customer's act means. Raises `ScenarioError` offering the nearest act."""
    for name in sorted(ACTS, key=len, reverse=True):
        if text == name or text.startswith(f"{name} "):
            return ACTS[name](text[len(name) :].strip(), common)
    raise ScenarioError(
        f"No customer does '{text}' here.{nearest(text, ACTS)}", mend=f"They can: {', '.join(ACTS)}."
    )
