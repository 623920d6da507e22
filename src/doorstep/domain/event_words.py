"""Events in plain words, for people who read what a journey waits for, heard of, or would be stopped by."""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.domain.events import Event

_WORDS: Mapping[str, tuple[str, str]] = {
    "order.placed": ("The order is placed.", "The order was placed."),
    "order.updated": ("The order's lines change.", "The order's lines changed."),
    "order.cancelled": ("The order is cancelled.", "The order was cancelled."),
    "order.refunded": ("A refund is heard of.", "Money was refunded."),
    "order.shipped": ("The first parcel leaves.", "The first parcel left."),
    "order.partly_delivered": ("A part of the order arrives.", "A part of the order arrived."),
    "order.delivered": ("The whole order has arrived.", "The whole order had arrived."),
    "return.requested": ("The customer asks to send something back.", "The customer asked to send something back."),
    "return.approved": ("A return is approved.", "A return was approved."),
    "return.received": ("Something that was sent back arrives.", "What was sent back arrived."),
    "return.cancelled": ("The customer keeps it after all.", "The customer called a return off."),
    "shipment.created": ("A parcel is made up.", "A parcel was made up."),
    "shipment.*": ("Anything is heard of a parcel.", "A parcel was heard of."),
    "shipment.pending": ("A parcel is being prepared.", "A parcel was being prepared."),
    "shipment.pre_transit": ("A parcel waits for its carrier.", "A parcel waited for its carrier."),
    "shipment.in_transit": ("A parcel is on its way.", "A parcel was on its way."),
    "shipment.out_for_delivery": ("A parcel is out for delivery.", "A parcel was out for delivery."),
    "shipment.attempt_failed": ("A parcel cannot be handed over.", "A parcel could not be handed over."),
    "shipment.available_for_pickup": ("A parcel can be picked up.", "A parcel could be picked up."),
    "shipment.delivered": ("A parcel is delivered.", "A parcel was delivered."),
    "shipment.exception": ("A parcel is held up at its carrier.", "A parcel was held up at its carrier."),
    "shipment.returned_to_sender": ("A parcel goes back to the sender.", "A parcel went back to the sender."),
    "shipment.expired": ("A parcel is given up for lost.", "A parcel was given up for lost."),
    "shipment.cancelled": ("A parcel is called off.", "A parcel was called off."),
    "customer.ordered_again": ("The customer orders again.", "The customer ordered again."),
    "customer.zone_changed": ("The customer's time zone changes.", "The customer's time zone changed."),
    "customer.erased": ("The person's data is erased.", "The person's data was to be erased."),
    "customer.data_requested": ("The person asks for their data.", "The person asked for their data."),
    "consent.granted": ("The person agrees to messages.", "The person agreed to messages."),
    "consent.withdrawn": ("The person withdraws their consent.", "The person withdrew their consent."),
    "product.browsed": ("The customer looks at a product.", "The customer looked at a product."),
    "cart.updated": ("The customer's cart changes.", "The customer's cart changed."),
    "subscription.started": ("The customer subscribes.", "The customer subscribed."),
    "message.opened": ("The customer opens a message.", "The customer opened a message."),
    "message.clicked": ("The customer follows a link in a message.", "The customer followed a link in a message."),
    "review.submitted": ("The customer leaves a review.", "The customer left a review."),
    "survey.answered": ("The customer answers a survey.", "The customer answered a survey."),
    "complaint.opened": ("The customer complains.", "The customer complained."),
    "complaint.resolved": ("A complaint is settled.", "A complaint was settled."),
    "insert.scanned": ("The code in the parcel is scanned.", "The code in the parcel was scanned."),
    "content.shared": ("The customer shares a photo or post.", "The customer shared a photo or post."),
}  # fmt: skip


def happens(event: type[Event]) -> str:
    """That such an event is heard of, as a sentence. A store's own: what its class says of itself, with its type."""
    known = _WORDS.get(event.type)
    if known is not None:
        return known[0]
    if not event.type:
        return "Anything is heard of."
    said = (event.__doc__ or "").strip()
    # a class without a docstring is given one by `dataclass`: its signature
    told = "" if said.startswith(f"{event.__name__}(") else first_sentence(said)
    return f"'{event.type}' is heard of{f' ({told})' if told else ''}."


def happened(type_: str) -> str:
    """That it was, by the envelope's type."""
    known = _WORDS.get(type_)
    return known[1] if known is not None else f"'{type_}' was heard of."


def caused(occurrence: str) -> str:
    """What an occurrence is of, as a sentence: it is named by its cause (`shipment:shp_…:delivered`,
    `review.submitted:…`); empty where there are no words for that."""
    kind, *rest = occurrence.split(":")
    types = (kind, *(f"{kind}.{part}" for part in reversed(rest)))
    return next((happened(one) for one in types if one in _WORDS), "")


def in_words(types: str) -> str:
    """What is waited for, by the types of the events as a journey names them (`a.b or c.d`), as a clause; empty where
    one of them has no words here."""
    known = [_WORDS.get(one) for one in types.split(" or ")]
    said = [words[0].rstrip(".") for words in known if words is not None]
    return " or that ".join(f"{one[0].lower()}{one[1:]}" for one in said) if len(said) == len(known) else ""


def has_words(type_: str) -> bool:
    """Whether `happened` says it in words: events of ours, none of a store's own."""
    return type_ in _WORDS


def first_sentence(text: str) -> str:
    """The first sentence of a docstring on one line, without its stop."""
    paragraph = " ".join(text.strip().split("\n\n")[0].split())
    return paragraph.partition(". ")[0].rstrip(".")
