"""A store package with a mistake: orders that hold thorns get a journey whose code raises."""

from __future__ import annotations

from doorstep import RoutingFacts, routing
from stuck_shop import thorny as thorny


@routing
def ours(order: RoutingFacts) -> str | None:
    """Thorns are stuck."""
    return "thorny" if "Thorns" in order.categories else None
