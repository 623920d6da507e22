"""What authors' conditions ask of a journey, in people's words: before a message is due, and once it was left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    """That a thing is so and is not so, as sentences; and that it was and was not when that was decided."""

    so: str
    not_so: str
    was: str
    was_not: str


FACTS: Mapping[tuple[str, ...], Words] = {
    ("first_order",): Words(
        "It is the person's first order.",
        "It is not the person's first order.",
        "It was the person's first order.",
        "It was not the person's first order.",
    ),
    ("vip",): Words(
        "The person is a VIP.",
        "The person is no VIP.",
        "The person was a VIP.",
        "The person was no VIP.",
    ),
    ("lines",): Words(
        "The customer keeps something of the order.",
        "The customer keeps nothing of the order.",
        "The customer kept something of the order.",
        "The customer kept nothing of the order.",
    ),
    ("order", "shipped"): Words(
        "A parcel of the order has left by then.",
        "No parcel of the order has left by then.",
        "A parcel of the order had left by then.",
        "No parcel of the order had left by then.",
    ),
    ("order", "delivered_at"): Words(
        "The whole order has arrived.",
        "The order has not arrived in full by then.",
        "The whole order had arrived.",
        "The order had not arrived in full by then.",
    ),
    ("order", "partly_delivered"): Words(
        "Only a part of the order has arrived.",
        "No part of it is still on its way.",
        "Only a part of the order had arrived.",
        "No part of it was still on its way.",
    ),
    ("order", "troubled"): Words(
        "A parcel is in trouble.",
        "No parcel is in trouble any more.",
        "A parcel was in trouble.",
        "No parcel was in trouble any more.",
    ),
    ("order", "silent"): Words(
        "A parcel's next scan is overdue.",
        "No parcel's next scan is overdue any more.",
        "A parcel's next scan was overdue.",
        "No parcel's next scan was overdue any more.",
    ),
    ("order", "open_complaint"): Words(
        "A complaint is open.",
        "No complaint is open.",
        "A complaint was open.",
        "No complaint was open.",
    ),
    ("order", "gone"): Words(
        "Nothing of the order remains.",
        "Something of the order remains.",
        "Nothing of the order remained.",
        "Something of the order remained.",
    ),
}
"""What a journey knows of itself, by the names that lead to it from `self`."""
OURS: Mapping[tuple[str, ...], Words] = {
    ("offered",): Words(
        "There is something to offer.",
        "There is nothing left to offer.",
        "There was something to offer.",
        "There was nothing left to offer.",
    ),
}
"""The same for names in our own journeys; in a store's they may mean anything."""
SHARED: Mapping[tuple[str, ...], Words] = {
    ("overtaken_by_later_news",): Words(
        "Later news has overtaken it.",
        "No later news has overtaken it.",
        "Later news had overtaken it.",
        "No later news had overtaken it.",
    ),
}
"""And for names of conditions that every journey may use, such as those of `Parcels`."""
