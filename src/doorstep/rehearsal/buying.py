"""Who buys what and where, in a scenario's file: its person, its shop, its orders."""

from __future__ import annotations

import re
from typing import Any

from doorstep.domain.messages import Channel
from doorstep.policies.reading import policy_of
from doorstep.rehearsal import checking, identifiers
from doorstep.rehearsal.marks import Spot
from doorstep.rehearsal.scenario import Bought, Goods, Person
from doorstep.rehearsal.shop import DEFAULT_SHOP, Product, Shop

MOST = 10_000
"""Pieces of one product in an order."""
_PERSON = ("ref", "first_name", "locale", "zone", "country", "reach", "consents", "suppressed")
_SHOP = ("name", "zone", "locale", "country", "currency", "policy", "products")
_PRODUCT = ("title", "category", "price_minor", "replenish_days")
ORDER = ("lines", "gift", "country")


def person(spot: Spot) -> Person:
    """The customer. Raises `ScenarioError`, as the others here."""
    told: dict[str, Any] = {}
    parts = spot.known(_PERSON)
    for key, part in parts.items():
        if key in ("reach", "consents", "suppressed"):
            told[key] = tuple(item.one_of(Channel) for item in part.items())
        else:
            told[key] = _word(key, part)
    if "ref" in parts:
        with parts["ref"].here():
            identifiers.check_id(told["ref"], "'ref'", "ref:")
    return Person(**told)


def shop(spot: Spot) -> Shop:
    """The shop a scenario brings; without `products` it sells what the invented one does."""
    parts = spot.known(_SHOP)
    told: dict[str, Any] = {
        key: _word(key, part) for key, part in parts.items() if key not in ("policy", "products")
    }
    if "currency" in parts:
        with parts["currency"].here():
            checking.check_currency(told["currency"])
    if "policy" in parts:
        with parts["policy"].here():
            told["policy"] = policy_of({k: spot.value() for k, spot in parts["policy"].fields().items()})
    if "products" in parts:
        for name in parts["products"].names():
            with name.here():
                identifiers.check_id(name.text(), "The product")
        told["catalogue"] = tuple(_product(ref, part) for ref, part in parts["products"].fields().items())
        if not told["catalogue"]:
            parts["products"].refuse("a shop that sells nothing has no orders.", "Write 'tea: {title: Tea}'.")
    return Shop(**{"catalogue": DEFAULT_SHOP.catalogue, **told})


def _word(key: str, spot: Spot) -> str:
    """A text; of a zone, a locale or a country one that there is."""
    with spot.here():
        return checking.place(key, spot.text())


def _product(ref: str, spot: Spot) -> Product:
    parts = spot.known(_PRODUCT, needed={"title": "Green tea"})
    days = parts["replenish_days"].number(1, 3650) if "replenish_days" in parts else None
    return Product(
        ref=ref,
        title=parts["title"].text(),
        category=parts["category"].text() if "category" in parts else "",
        price_minor=parts["price_minor"].number(0, 10**9) if "price_minor" in parts else 1000,
        replenish_days=days,
    )


def bought(parts: dict[str, Spot], shop: Shop) -> Bought:
    """What an order holds."""
    told: dict[str, Any] = {}
    if "lines" in parts:
        told["goods"] = tuple(_goods(item, shop) for item in parts["lines"].items())
        with parts["lines"].here():
            checking.check_goods(told["goods"], shop)
    if "gift" in parts:
        told["gift"] = parts["gift"].truth()
    if "country" in parts:
        told["country"] = _word("country", parts["country"])
    return Bought(**told)


def _goods(spot: Spot, shop: Shop) -> Goods:
    """`fern`, or `2 fern`."""
    if not spot.text("Write each line as 'fern' or '2 fern'."):
        spot.refuse(
            f"{spot.what} names nothing.", f"Write 'lines: [fern, 2 leaf-food]', or leave {spot.what} out."
        )
    count, _, ref = spot.text().rpartition(" ")
    if count and not re.fullmatch(r"\d+", count, re.ASCII):
        spot.refuse(f"'{spot.text()}' is no line.", "Write 'fern' or '2 fern'.")
    if count and not (len(count) < 18 and 1 <= int(count) <= MOST):
        spot.refuse(f"'{spot.text()}' is no line.", f"Give a whole number of pieces from 1 to {MOST}.")
    with spot.here():
        checking.known_product(ref, shop)
    return Goods(product=ref, quantity=int(count or 1))
