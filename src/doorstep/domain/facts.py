"""The built-in events. What each may carry is declared here and nowhere else; see `events` for why so little."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from doorstep.domain.events import FAMILY_MEMBERS, Envelope, Event, event, event_class
from doorstep.domain.shipments import Scan, ShipmentStatus
from doorstep.domain.values import value

LineQuantity = tuple[str, int]
"""(line ref, quantity)"""


@value(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of an order, without a name: titles are read from the catalogue at send time.
    `current` is the quantity left after edits of the order; refunds and returns are counted apart.
    `requires_shipping` is false for what never lies in a parcel (a gift card, a download)."""

    ref: str
    product_ref: str
    quantity: int
    current: int
    category: str = ""
    price_minor: int = 0
    requires_shipping: bool = True


def lines_of(value: Any) -> tuple[Line, ...]:
    """Lines from an envelope's `data["lines"]`."""
    return tuple(v if isinstance(v, Line) else Line(**v) for v in value)


# --- the order -----------------------------------------------------------------------------------


@event("order.placed")
class OrderPlaced(Event):
    """A whole order was heard of for the first time, whatever webhook carried it. `gift`: it goes to somebody
    else than who placed it; everything is still said to who placed it."""

    total_minor: int = 0
    currency: str = ""
    gift: bool = False


@event("order.updated")
class OrderUpdated(Event):
    """Lines changed. `data.lines` is read by the order reducer."""


@event("order.cancelled")
class OrderCancelled(Event):
    reason: str = ""


@event("order.refunded")
class OrderRefunded(Event):
    """Money went back; `subject` is the refund. No lines: an amount-only refund, nothing leaves the order. When all
    that was paid has gone back, nothing is promoted for it any more, though its journey goes on."""

    lines: tuple[LineQuantity, ...] = ()
    amount_minor: int = 0
    currency: str = ""


@event("return.requested")
class ReturnRequested(Event):
    """The customer wants to send lines back; `subject` is the return."""

    lines: tuple[LineQuantity, ...] = ()


@event("return.approved")
class ReturnApproved(Event):
    lines: tuple[LineQuantity, ...] = ()


@event("return.received")
class ReturnReceived(Event):
    lines: tuple[LineQuantity, ...] = ()


@event("return.cancelled")
class ReturnCancelled(Event):
    """The customer keeps it after all; `subject` is the return."""


# --- the parcels ---------------------------------------------------------------------------------


@event("shipment.created")
class ShipmentCreated(Event):
    """A parcel exists (`subject`). No lines named means: the whole order is in it."""

    lines: tuple[LineQuantity, ...] = ()


@event("shipment.*")
class ShipmentScanned(Event):
    """A parcel (`subject`) reached a status; the envelope's type is `shipment.<status>`.
    `expect_next_by`: when silence becomes suspicious. `expected_at`: the carrier's own estimate."""

    substatus: str = ""
    expect_next_by: datetime | None = None
    expected_at: datetime | None = None

    @property
    def status(self) -> ShipmentStatus:
        return ShipmentStatus(self.name.removeprefix("shipment."))

    @property
    def scan(self) -> Scan:
        return Scan(
            status=self.status, at=self.at, substatus=self.substatus, expect_next_by=self.expect_next_by
        )


FAMILY_MEMBERS.update(f"shipment.{status}" for status in ShipmentStatus)


@event("order.shipped")
class OrderShipped(Event):
    """Derived: the first parcel left. `subject` is that parcel."""


@event("order.partly_delivered")
class OrderPartlyDelivered(Event):
    """Derived: some lines have arrived, others not. `subject` is the parcel."""


@event("order.delivered")
class OrderDelivered(Event):
    """Derived: every line that is still wanted has arrived; `at` is the last parcel's delivery."""


Delivered = OrderDelivered
Shipped = OrderShipped


# --- the person ----------------------------------------------------------------------------------


@event("customer.ordered_again", about_person=True)
class OrderedAgain(Event):
    """The person placed another order (`subject` is its order ref)."""

    total_minor: int = 0
    currency: str = ""
    products: tuple[str, ...] = ()


@event("customer.zone_changed", about_person=True)
class ZoneChanged(Event):
    """The person lives by another clock now."""

    zone: str = ""


@event("customer.erased", about_person=True)
class PersonErased(Event):
    """Erasure was asked for: every journey of the person ends."""


@event("customer.data_requested", about_person=True)
class DataRequested(Event):
    """A copy of everything held of the person was asked for: on record for whoever answers it. No journey moves."""


@event("consent.granted", about_person=True)
class ConsentGranted(Event):
    channel: str = ""
    purpose: str = "marketing"


@event("consent.withdrawn", about_person=True)
class ConsentWithdrawn(Event):
    channel: str = ""
    purpose: str = "marketing"


@event("product.browsed", about_person=True)
class ProductBrowsed(Event):
    """Looked at a product (`subject`)."""

    category: str = ""


@event("cart.updated", about_person=True)
class CartUpdated(Event):
    products: tuple[str, ...] = ()


@event("subscription.started", about_person=True)
class SubscriptionStarted(Event):
    products: tuple[str, ...] = ()


# --- what the customer does with a message -----------------------------------------------------------


@event("message.opened")
class MessageOpened(Event):
    """A message of ours was opened for the first time, as its provider tells (mail programs that fetch pictures by
    themselves are left out); `subject` is its touch's key. Told only to journeys that hear it (`Journey.hears`)."""

    step: str = ""
    channel: str = ""


@event("message.clicked")
class MessageClicked(Event):
    """A link in a message of ours was followed for the first time; otherwise as `MessageOpened`."""

    step: str = ""
    channel: str = ""


ON_REQUEST: frozenset[type[Event]] = frozenset({MessageOpened, MessageClicked})
"""Events that cost each journey some history and few journeys need: told to those whose `hears` names them."""


# --- what the customer says about this order -------------------------------------------------------


@event("review.submitted")
class ReviewSubmitted(Event):
    """A rating of 1 (bad) to 5 (good), of the order or of one product (`subject`). Its text stays in the inbox."""

    rating: int


@event("survey.answered")
class SurveyAnswered(Event):
    kind: str
    score: int


@event("complaint.opened")
class ComplaintOpened(Event):
    """A person in support has the case (`subject` is the ticket): promotion stops until it is resolved."""


@event("complaint.resolved")
class ComplaintResolved(Event):
    """`subject` is the ticket."""


@event("insert.scanned")
class InsertScanned(Event):
    """The QR code in the parcel was scanned."""


@event("content.shared")
class ContentShared(Event):
    """The customer shared a photo or post; consent and moderation are events of their own."""


def is_about_person(envelope: Envelope) -> bool:
    """Whether it goes to every open journey of the person rather than to one order's."""
    return event_class(envelope.type).about_person
