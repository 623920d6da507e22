"""What else fits someone who bought this: the same category, a price they are used to, liked by others."""

from __future__ import annotations

import math
from collections.abc import Iterable

from doorstep.domain.values import value

#: a price is near while neither is more than this many times the other
NEAR = 2.5


@value(frozen=True, slots=True, kw_only=True)
class Bought:
    """A line the person keeps. `price_minor` 0: not known."""

    category: str
    price_minor: int = 0


@value(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A product of the same store. `buyers`: how many different persons bought it."""

    ref: str
    category: str
    price_minor: int = 0
    in_stock: bool = True
    buyers: int = 0


def recommend(
    bought: Iterable[Bought], candidates: Iterable[Candidate], owned: frozenset[str], limit: int
) -> tuple[str, ...]:
    """At most `limit` product refs, best first: in a category of the order, in stock, not owned, its price
    near what was paid in that category; the most bought first, of those the nearest in price, then by ref."""
    paid: dict[str, list[int]] = {}
    for line in bought:
        if line.category:
            paid.setdefault(_folded(line.category), []).append(line.price_minor)
    ranked: list[tuple[int, float, str]] = []
    for candidate in candidates:
        prices = paid.get(_folded(candidate.category))
        if prices is None or not candidate.in_stock or candidate.ref in owned:
            continue
        distance = min(_distance(candidate.price_minor, price) for price in prices)
        if distance <= math.log(NEAR):
            ranked.append((-candidate.buyers, distance, candidate.ref))
    return tuple(ref for _, _, ref in sorted(ranked)[: max(0, limit)])


def _folded(category: str) -> str:
    return category.strip().casefold()


def _distance(price: int, paid: int) -> float:
    """How far apart two prices are, as a ratio's logarithm; one that is not known is as far as is allowed."""
    return abs(math.log(price / paid)) if price > 0 and paid > 0 else math.log(NEAR)
