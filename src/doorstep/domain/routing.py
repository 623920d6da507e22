"""What a store's routing may know of an order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingFacts:
    """What a routing function may decide on. No personal data."""

    store_id: str
    country: str
    currency: str
    total_minor: int
    categories: tuple[str, ...]
    first_order: bool
    vip: bool
    test: bool
