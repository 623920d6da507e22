"""Loyalty points and tiers. Pure: movements in, sums out; money in minor units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

#: ISO 4217 currencies whose minor unit is not a hundredth (those met in shops)
_DECIMALS = {
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One movement of points; negative takes back. Pending until `available_at` (None: at once)."""

    key: str
    points: int
    at: datetime
    available_at: datetime | None = None
    reverses: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What a person can use now, and what is still to come."""

    available: int = 0
    pending: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A standing, reached at so many points ever earned."""

    name: str
    from_points: int


TIERS = (
    Tier(name="member", from_points=0),
    Tier(name="silver", from_points=500),
    Tier(name="gold", from_points=1500),
)


def points_for(amount_minor: int, currency: str, *, per_unit: int = 1) -> int:
    """Points for an amount: `per_unit` for every whole unit of the currency, never below zero."""
    minor_per_unit: int = 10 ** _DECIMALS.get(currency.upper(), 2)
    return max(0, amount_minor) // minor_per_unit * per_unit


def movable(points: int, *, given: int, taken: int) -> int:
    """How many points a reversal really moves (zero or negative): asked for `points`, of a movement that
    gave `given` and of which `taken` were taken back before."""
    return -min(abs(points), max(0, given - taken))


def balance(movements: Iterable[Movement], at: datetime) -> Balance:
    """The sum of what happened up to `at`. Taking back a pending gift lessens what is pending."""
    known = [m for m in movements if m.at <= at]
    pending_keys = {m.key for m in known if m.available_at is not None and m.available_at > at}
    pending = sum(m.points for m in known if m.key in pending_keys or m.reverses in pending_keys)
    return Balance(available=sum(m.points for m in known) - pending, pending=pending)


def tier(earned: int, tiers: tuple[Tier, ...] = TIERS) -> Tier:
    """The highest tier that so many points ever earned (reversals deducted) reach."""
    reached = [t for t in tiers if earned >= t.from_points]
    return max(reached or tiers[:1], key=lambda t: t.from_points)
