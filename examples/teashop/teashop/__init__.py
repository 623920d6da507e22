"""The tea shop: one journey, and every order takes it."""

from doorstep import RoutingFacts, routing
from teashop import tea_v1

__all__ = ["tea_v1"]


@routing
def ours(order: RoutingFacts) -> str | None:
    """Tea for everybody; a test order of the shop's own people gets the standard journey."""
    return None if order.test else "tea"
