"""A package for one store of the tests: a journey that writes by mail and by SMS, and one that hears what is opened."""

from __future__ import annotations

from doorstep import RoutingFacts, routing
from two_channels import heeding_v1, texting_v1

__all__ = ["heeding_v1", "texting_v1"]


@routing
def both(order: RoutingFacts) -> str | None:
    """Every order gets one of them while this package is loaded."""
    return "heeding" if "Books" in order.categories else "texting"
