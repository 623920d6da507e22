"""Doorstep: what happens between an order and its ninetieth day, as plain Python on Temporal.

What an author of journeys imports; nothing heavy stands behind it.
"""

from __future__ import annotations

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
from doorstep.domain.shipments import ShipmentStatus
from doorstep.workflows.journey import Journey
from doorstep.workflows.registry import RoutingFacts, journey, routing

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
    "event",
    "journey",
    "routing",
]
