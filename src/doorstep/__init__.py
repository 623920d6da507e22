"""Doorstep: what happens between an order and its ninetieth day, as plain Python on Temporal.

What an author of journeys imports; nothing heavy stands behind it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from doorstep.domain.events import Event, event
    from doorstep.domain.facts import (
        CartUpdated,
        ComplaintOpened,
        ComplaintResolved,
        ConsentGranted,
        ConsentWithdrawn,
        ContentShared,
        Delivered,
        InsertScanned,
        MessageClicked,
        MessageOpened,
        OrderCancelled,
        OrderDelivered,
        OrderedAgain,
        OrderPartlyDelivered,
        OrderPlaced,
        OrderRefunded,
        OrderShipped,
        OrderUpdated,
        ProductBrowsed,
        ReturnApproved,
        ReturnCancelled,
        ReturnReceived,
        ReturnRequested,
        ReviewSubmitted,
        ShipmentCreated,
        ShipmentScanned,
        Shipped,
        SubscriptionStarted,
        SurveyAnswered,
    )
    from doorstep.domain.messages import Channel, Purpose
    from doorstep.domain.outcomes import Outcome, OutcomeKind, SkipReason
    from doorstep.domain.routing import RoutingFacts
    from doorstep.domain.shipments import ShipmentStatus
    from doorstep.rehearsal.limits.registry import limit
    from doorstep.workflows.journey import Journey
    from doorstep.workflows.patches import declare_patch
    from doorstep.workflows.registry import journey, routing

__all__ = [
    "CartUpdated",
    "Channel",
    "ComplaintOpened",
    "ComplaintResolved",
    "ConsentGranted",
    "ConsentWithdrawn",
    "ContentShared",
    "Delivered",
    "Event",
    "InsertScanned",
    "Journey",
    "MessageClicked",
    "MessageOpened",
    "OrderCancelled",
    "OrderDelivered",
    "OrderPartlyDelivered",
    "OrderPlaced",
    "OrderRefunded",
    "OrderShipped",
    "OrderUpdated",
    "OrderedAgain",
    "Outcome",
    "OutcomeKind",
    "ProductBrowsed",
    "Purpose",
    "ReturnApproved",
    "ReturnCancelled",
    "ReturnReceived",
    "ReturnRequested",
    "ReviewSubmitted",
    "RoutingFacts",
    "ShipmentCreated",
    "ShipmentScanned",
    "ShipmentStatus",
    "Shipped",
    "SkipReason",
    "SubscriptionStarted",
    "SurveyAnswered",
    "declare_patch",
    "event",
    "journey",
    "limit",
    "routing",
]

_HOMES = {
    "doorstep.domain.events": ["Event", "event"],
    "doorstep.domain.facts": [
        "CartUpdated",
        "ComplaintOpened",
        "ComplaintResolved",
        "ConsentGranted",
        "ConsentWithdrawn",
        "ContentShared",
        "Delivered",
        "InsertScanned",
        "MessageClicked",
        "MessageOpened",
        "OrderCancelled",
        "OrderDelivered",
        "OrderPartlyDelivered",
        "OrderPlaced",
        "OrderRefunded",
        "OrderShipped",
        "OrderUpdated",
        "OrderedAgain",
        "ProductBrowsed",
        "ReturnApproved",
        "ReturnCancelled",
        "ReturnReceived",
        "ReturnRequested",
        "ReviewSubmitted",
        "ShipmentCreated",
        "ShipmentScanned",
        "Shipped",
        "SubscriptionStarted",
        "SurveyAnswered",
    ],
    "doorstep.domain.messages": ["Channel", "Purpose"],
    "doorstep.domain.outcomes": ["Outcome", "OutcomeKind", "SkipReason"],
    "doorstep.domain.routing": ["RoutingFacts"],
    "doorstep.domain.shipments": ["ShipmentStatus"],
    "doorstep.rehearsal.limits.registry": ["limit"],
    "doorstep.workflows.journey": ["Journey"],
    "doorstep.workflows.patches": ["declare_patch"],
    "doorstep.workflows.registry": ["journey", "routing"],
}


def __getattr__(name: str) -> Any:
    # Found when asked for: `doorstep status` shall not wait for the workflow engine to load.
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'doorstep' has no attribute '{name}'")
