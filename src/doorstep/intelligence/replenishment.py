"""When does what they bought run out? The merchant's own word first, else how soon others bought it again."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from statistics import fmean

from doorstep.domain.values import value

#: a merchant knows their product, not how much of it this person uses
MERCHANT_CONFIDENCE = 0.8
#: fewer persons than this say nothing about anybody else
LEAST_PERSONS = 2
#: how soon evidence convinces: so many persons give half of the confidence there is to have
HALFWAY = 3.0
#: what others seem to use up sooner was ordered in two parts or for somebody else: a reminder, some days before, would
#: be due before the thing had come
SOONEST = timedelta(days=7)


@value(frozen=True, slots=True, kw_only=True)
class Reorder:
    """Somebody bought a product and, `days` later, again; the first time it was `pieces`."""

    person_ref: str
    days: float
    pieces: int


@value(frozen=True, slots=True, kw_only=True)
class Habit:
    """How soon a product is bought again: `days` per piece, the mean over so many `persons`; how sure (0–1)."""

    days: float
    persons: int
    confidence: float


@value(frozen=True, slots=True, kw_only=True)
class InUse:
    """A product the person keeps `pieces` of, in use since `since` (aware UTC)."""

    product_ref: str
    pieces: int
    since: datetime
    replenish_days: int | None = None
    """The merchant's word on how long one piece lasts."""
    habit: Habit | None = None
    """How soon others bought it again."""


@value(frozen=True, slots=True, kw_only=True)
class Prediction:
    """When it runs out (aware UTC), how sure we are (0–1), and what that stands on: `merchant` or
    `reorders:<persons>`."""

    product_ref: str
    at: datetime
    confidence: float
    basis: str


def habit_of(reorders: Iterable[Reorder]) -> Habit | None:
    """What these have in common; None of fewer than `LEAST_PERSONS` persons."""
    rates = _days_per_piece(reorders)
    if len(rates) < LEAST_PERSONS:
        return None
    mean = fmean(rates)
    return Habit(days=mean, persons=len(rates), confidence=_confidence(rates, mean))


def predict(products: Iterable[InUse]) -> tuple[Prediction, ...]:
    """One prediction per product of which something is known, soonest first; the others are left out."""
    made = [p for p in map(_predict, products) if p is not None]
    return tuple(sorted(made, key=lambda p: (p.at, p.product_ref)))


def _predict(product: InUse) -> Prediction | None:
    if product.pieces <= 0:
        return None
    if product.replenish_days is not None and product.replenish_days > 0:
        return _prediction(product, float(product.replenish_days), MERCHANT_CONFIDENCE, "merchant")
    if (habit := product.habit) is None or timedelta(days=habit.days * product.pieces) < SOONEST:
        return None
    return _prediction(product, habit.days, habit.confidence, f"reorders:{habit.persons}")


def _prediction(product: InUse, days_each: float, confidence: float, basis: str) -> Prediction:
    lasts = timedelta(days=days_each * product.pieces)
    return Prediction(
        product_ref=product.product_ref, at=product.since + lasts, confidence=confidence, basis=basis
    )


def _days_per_piece(reorders: Iterable[Reorder]) -> list[float]:
    """One rate per person, so that one who buys every week does not speak for everybody."""
    each: dict[str, list[float]] = {}
    for reorder in reorders:
        if reorder.days > 0 and reorder.pieces > 0:
            each.setdefault(reorder.person_ref, []).append(reorder.days / reorder.pieces)
    return [fmean(each[person]) for person in sorted(each)]


def _confidence(rates: list[float], mean: float) -> float:
    """Grows with the number of persons, falls with how much they differ."""
    spread = math.sqrt(fmean((rate - mean) ** 2 for rate in rates)) / mean
    return round(len(rates) / (len(rates) + HALFWAY) / (1 + spread), 3)
