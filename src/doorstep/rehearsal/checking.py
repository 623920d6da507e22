"""What a scenario may say: names that exist, in places where they say something. `carried`: what its events carry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import date, datetime
from functools import lru_cache

from babel.core import get_global
from babel.numbers import get_territory_currencies

from doorstep.contracts import NEEDS_STEP, ActionKind
from doorstep.domain import codes
from doorstep.domain.events import event_class, known_types
from doorstep.domain.messages import Channel
from doorstep.errors import BadInput, ScenarioError, Unreadable, nearest
from doorstep.rehearsal.moments import After, Moment
from doorstep.rehearsal.scenario import (
    FIRST,
    PROVIDED,
    TEXTED,
    Entry,
    Failing,
    Goods,
    Ordered,
    Reported,
    Scenario,
    Steered,
    Told,
)
from doorstep.rehearsal.shop import Shop
from doorstep.sources.signed.details import is_parcel
from doorstep.sources.signed.outer import DERIVED
from doorstep.sources.values import YEARS

SOME_DAY = date(2026, 1, 1)


@contextmanager
def blaming(scenario: Scenario, entry: Entry | None = None) -> Iterator[None]:
    """Errors raised inside are told with the entry's file and line, or with the scenario's name."""
    try:
        yield
    except BadInput as error:
        raise ScenarioError(f"{scenario.where(entry)}: {error.what}", mend=error.mend) from None


def check_goods(goods: Sequence[Goods], shop: Shop) -> None:
    """What an order holds: something, and only what the shop sells. Raises `ScenarioError`."""
    refs = [one.product for one in goods]
    if not refs:
        raise ScenarioError("The order holds nothing.", mend="Name a product under 'lines'.")
    for n, ref in enumerate(refs):
        known_product(ref, shop)
        if ref in refs[:n]:
            count = sum(one.quantity for one in goods if one.product == ref)
            raise ScenarioError(f"'{ref}' stands twice in the order.", mend=f"Write '{count} {ref}'.")


def check_year(at: datetime) -> None:
    """That events are read which are told of that instant (aware UTC). Raises `ScenarioError`."""
    if at.year not in YEARS:
        raise ScenarioError(
            f"That would be on {at:%Y-%m-%d}, and no event is read that is so far away.",
            mend=f"Let everything happen from {YEARS[0]} to {YEARS[-1]}.",
        )


def check_heard(scenario: Scenario, placed_at: datetime) -> None:
    """That the first order, placed then (aware UTC), is not heard of before. Raises `ScenarioError`."""
    heard = scenario.heard
    if isinstance(heard, Moment) and heard.resolve(placed_at, scenario.person.zone) < placed_at:
        raise ScenarioError(
            f"The order is heard of ({heard}) before it is placed (day 0 {scenario.placed.at:%H:%M}).",
            mend=f"Write 'heard: day 0 {scenario.placed.at:%H:%M}' or later, such as 'day 3 10:00' or '+36h'.",
        )


def check_order_name(scenario: Scenario, number: int) -> None:
    """Which order an entry is about, and that a new one has a name of its own. Raises `ScenarioError` offering the
    nearest right name."""
    entry = scenario.timeline[number]
    if entry.order == FIRST and not isinstance(entry, Ordered):
        return
    earlier = (FIRST, *(e.order for e in scenario.timeline[:number] if isinstance(e, Ordered)))
    if isinstance(entry, Ordered) and entry.order in earlier:
        raise ScenarioError(f"Two orders are called '{entry.order}'.", mend="Write 'customer: orders NAME'.")
    if entry.order not in scenario.orders:
        raise ScenarioError(
            f"There is no order '{entry.order}'.{nearest(entry.order, scenario.orders)}",
            mend=f"There are: {', '.join(scenario.orders)}.",
        )


def check_type(entry: Entry) -> None:
    """That there is an event of that type. Raises `ScenarioError` offering the nearest right name."""
    if not isinstance(entry, Told):
        return
    if entry.event in _SAID_ELSEWHERE and not (entry.event == "order.placed" and entry.data):
        what, mend = _SAID_ELSEWHERE[entry.event]
        raise ScenarioError(what, mend=mend)
    try:
        event_class(entry.event)
    except Unreadable as error:
        known = ", ".join(one for one in known_types() if one not in DERIVED)
        raise ScenarioError(error.what, mend=f"There are: {known}.") from None


_SAID_ELSEWHERE = {
    "product.updated": (
        "A shop's products do not come in the timeline.",
        "They stand at the top: 'shop: {products: {tea: {title: Green tea}}}'.",
    ),
    "order.placed": (
        "'order.placed' needs the whole order in its 'data'.",
        "Where the same person orders again, write 'customer: orders NAME'.",
    ),
    "message.opened": ("What is opened the provider reports.", "Write 'customer: opens'."),
    "message.clicked": ("What is clicked the provider reports.", "Write 'customer: clicks'."),
}
"""Types that our API knows, and how a scenario says what they say. An order with all of its data may be told as one."""


def check_act(entry: Entry, shop: Shop) -> None:
    """That what a customer looks at or wants is in the shop. An event may tell of any product: what a shop gives up,
    its webhooks still speak of. Raises `ScenarioError` offering the nearest."""
    if not isinstance(entry, Told) or entry.event not in _WANTS:
        return
    products = (entry.subject,) if entry.event == "product.browsed" else entry.data["products"]
    if not any(products):
        raise ScenarioError("No product is named.", mend=f"Write 'customer: {_WANTS[entry.event]} PRODUCT'.")
    for ref in products:
        known_product(ref, shop)


_WANTS = {
    "product.browsed": "browses",
    "cart.updated": "fills the cart with",
    "subscription.started": "starts a subscription of",
}


def check_step(entry: Entry) -> None:
    """That an agent says which step, where one must be said: the API refuses it without. Raises `ScenarioError`."""
    if isinstance(entry, Steered) and entry.action in NEEDS_STEP and not entry.step:
        raise ScenarioError(
            f"'{entry.action}' needs a step.", mend="Name one, such as 'step: review-request'."
        )


def check_channel(entry: Entry) -> None:
    """That what a customer texts comes by SMS (it would stop another channel), and that a failing provider is there.
    Raises `ScenarioError`."""
    if isinstance(entry, Failing) and entry.channel not in PROVIDED:
        raise ScenarioError(
            f"A rehearsal has no provider for {entry.channel}.", mend=f"There are: {', '.join(PROVIDED)}."
        )
    if isinstance(entry, Reported) and entry.report in TEXTED and entry.channel is not Channel.SMS:
        raise ScenarioError(
            f"'{entry.report}' comes by sms, not by {entry.channel}.",
            mend="Leave 'channel' out. Somebody unsubscribes from a channel with an event, 'consent.withdrawn'.",
        )


def useless(entry: Entry, key: str) -> str:
    """Why that part of an entry can say nothing where it stands, or the empty string."""
    match key, entry:
        case "heard", Told() | Ordered() if isinstance(entry.at, After):
            return "'heard' cannot stand beside an 'at' that follows a touch: nobody knows yet when that is."
        case "parcel", Told() if not is_parcel(entry.event):
            return f"'{entry.event}' is about no parcel."
        case "subject", Told() if entry.parcel:
            return "'parcel' says already what it is about; 'subject' is not read beside it."
        case "step", Steered() if entry.action not in NEEDS_STEP:
            return f"'{entry.action}' is about the whole journey, not about a step."
        case "catch_up", Steered() if entry.action is not ActionKind.RESUME:
            return "'catch_up' says how 'resume' goes on, and nothing else."
        case "order", Failing():
            return "A provider fails for every order; 'order' is not read."
    return ""


def check_parts(entry: Entry) -> None:
    """That no part of an entry is given which can say nothing. Raises `ScenarioError`."""
    for one in fields(entry):
        why = useless(entry, one.name)
        if why and getattr(entry, one.name) != one.default:
            raise ScenarioError(why, mend=f"Leave '{one.name}' out.")


def known_product(ref: str, shop: Shop) -> None:
    """Raises `ScenarioError` for what the shop does not sell."""
    known = [product.ref for product in shop.catalogue]
    if ref not in known:
        raise ScenarioError(
            f"The shop has no product '{ref}'.{nearest(ref, known)}", mend=f"It has: {', '.join(known)}."
        )


def place(key: str, word: str) -> str:
    """A word of a person, a shop or an order as it is kept: the code of a zone, a locale or a country is one that there
    is, or nothing where nothing is known. Raises `BadInput` offering the nearest."""
    return _CODES[key](word) if key in _CODES and (word or key == "zone") else word


_CODES: dict[str, Callable[[str], str]] = {
    "zone": codes.zone_name,
    "locale": codes.locale_tag,
    "country": codes.country_code,
}


@lru_cache(maxsize=1)
def _currencies() -> frozenset[str]:
    countries = get_global("territory_currencies")
    return frozenset(code for one in countries for code in get_territory_currencies(one, *_IN_USE))


_IN_USE = (date(2025, 1, 1), SOME_DAY)
"""A currency of these days: that of a country which pays by it, neither the mark nor XXX."""


def check_currency(code: str) -> None:
    """That the code is one of ISO 4217. Raises `ScenarioError` offering the nearest."""
    if code not in (known := _currencies()):
        raise ScenarioError(
            f"'{code}' is no currency.{nearest(code.upper(), known)}",
            mend="Write its three capital letters (ISO 4217), such as EUR.",
        )
