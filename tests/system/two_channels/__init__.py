"""A store's package whose journey writes by mail and by SMS, for one store of the tests."""

from __future__ import annotations

from doorstep.workflows.registry import RoutingFacts, routing
from two_channels import texting_v1

__all__ = ["texting_v1"]


@routing
def both(order: RoutingFacts) -> str | None:
    """Every order gets it while this package is loaded."""
    return "texting"
