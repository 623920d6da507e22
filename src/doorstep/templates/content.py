"""The content contract: what `Store.content(request, channel, at)` answers and every template may say.

**Every key below is always present**; what is not known is `None` (or an empty list), never missing, never
`""` in place of `None`. Undefined is an error on purpose: a template that asks for a key that is not there
fails with its name instead of mailing half a sentence. Only `StoreContent` and `ContextContent` may leave
keys out: those two are overlaid on defaults (`Brand`, `None`).

Instants are aware UTC `datetime`s; in `context`, which has been through JSON, ISO 8601 text with an offset
is as good. Money is in minor units (cents) of an ISO 4217 currency. All of it is personal data: it goes into
the message and nowhere else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NotRequired, TypedDict


class PersonContent(TypedDict):
    """Who reads it. `locale` is BCP 47 or POSIX (`de`, `en-GB`, `pt_BR`), `zone` an IANA name."""

    first_name: str | None
    locale: str
    zone: str


class LineContent(TypedDict):
    """One line of the order. `price_minor` is for one piece; `quantity` is what is still wanted of it (in a
    shipment: what is in that parcel; in `items` of a return or refund: how many pieces go back)."""

    ref: str
    title: str
    quantity: int
    price_minor: int
    image_url: str | None
    product_ref: str
    category: str
    """The shop's own word, any case (`"Skincare"`, `"Apparel > Shirts"`); `""` when it has none."""


class OrderContent(TypedDict):
    """The order. `number` is what the customer knows it by (`#1042`), `total_minor` what they paid."""

    number: str
    placed_at: datetime
    total_minor: int
    currency: str
    lines: list[LineContent]
    status_url: str | None
    """The shop's own page for this order, where it has one. Ours is `links.tracking`."""


class ShipmentContent(TypedDict):
    """One parcel. `status` is a `ShipmentStatus` value. `expected_at`: the latest estimate, the carrier's or
    ours; its local date is shown. Empty `lines` mean: the whole order."""

    ref: str
    carrier: str | None
    tracking_number: str | None
    tracking_url: str | None
    """The carrier's page."""
    status: str
    substatus: str
    expected_at: datetime | None
    delivered_at: datetime | None
    lines: list[LineContent]


class ProductContent(TypedDict):
    """One product that is recommended."""

    ref: str
    title: str
    price_minor: int
    currency: str
    url: str | None
    image_url: str | None


class StoreContent(TypedDict):
    """The store. Whatever else of `Brand`'s fields the store's row holds goes in under the same name and is
    laid over the renderer's brand; a key that is left out, or `None`, keeps the brand's value."""

    name: str
    support_email: str
    logo_url: NotRequired[str | None]
    logo_text: NotRequired[str | None]
    website: NotRequired[str | None]
    postal_address: NotRequired[str | None]
    sign_off: NotRequired[str | None]
    hashtag: NotRequired[str | None]
    primary: NotRequired[str | None]
    accent: NotRequired[str | None]


class OfferContent(TypedDict):
    """A discount. `percent` is 1–100."""

    code: str
    percent: int
    ends_at: NotRequired[datetime | str | None]


class RewardContent(TypedDict):
    """Loyalty points that were just given, and what the person has in all where that is known."""

    points: int
    balance: NotRequired[int | None]


class RefundContent(TypedDict):
    """Money that went back; `lines` as (line ref, quantity), empty for an amount only; `whole`: it is all that was
    paid. A refund whose sum nobody told is no part of the content: a template says then that money goes back, and no
    sum."""

    amount_minor: int
    currency: str
    lines: NotRequired[list[Any]]
    whole: NotRequired[bool]


class ReviewContent(TypedDict):
    """What the customer said: 1 (bad) to 5 (good)."""

    rating: int


class RunOutContent(TypedDict):
    """When what they bought is predicted to run out."""

    at: datetime | str


class PickupContent(TypedDict):
    """Where a parcel waits, and until when."""

    place: NotRequired[str | None]
    until: NotRequired[datetime | str | None]


class ReturnContent(TypedDict):
    """How to send something back: the page with label and instructions."""

    url: NotRequired[str | None]


ContextContent = TypedDict(
    "ContextContent",
    {
        "offer": OfferContent,
        "reward": RewardContent,
        "refund": RefundContent,
        "review": ReviewContent,
        "run_out": RunOutContent,
        "pickup": PickupContent,
        "return": ReturnContent,
    },
    total=False,
)
"""`request.context`, passed on as it is. These keys are known to the built-in templates, and `None` for a
template when the journey gave none; a store's own journeys may add theirs."""

CONTEXT_DEFAULTS: dict[str, dict[str, Any]] = {
    "offer": {"ends_at": None},
    "reward": {"balance": None},
    "refund": {"lines": (), "whole": False},
    "review": {},
    "run_out": {},
    "pickup": {"place": None, "until": None},
    "return": {"url": None},
}
"""What is left out of a known key of `context`, as a template sees it."""


def with_defaults(context: dict[str, Any] | None) -> dict[str, Any]:
    """`context` as templates see it: known keys that were not given are `None`, known parts filled up."""
    seen: dict[str, Any] = dict(context or {})
    for key, defaults in CONTEXT_DEFAULTS.items():
        given = seen.get(key)
        seen[key] = {**defaults, **given} if isinstance(given, dict) else given
    return seen


class LinksContent(TypedDict):
    """Absolute URLs, each identifying person and purpose by an opaque signed token. A GET never changes
    anything (mail scanners open every link). `unsubscribe` is both the page and the RFC 8058 target;
    `review` takes `rating=1`…`5` as a query parameter and preselects it."""

    unsubscribe: str
    preferences: str
    tracking: str
    review: str


class Content(TypedDict):
    """Everything a template may say."""

    purpose: str
    """The request's `Purpose` value: marketing mail carries the opt-out and the postal address."""
    person: PersonContent
    order: OrderContent
    shipments: list[ShipmentContent]
    """Every parcel that is not cancelled, in the order they were created."""
    shipment: ShipmentContent | None
    """The one this touch is about: named by the occurrence (`shipment:<ref>:…`), else the only one there is."""
    store: StoreContent
    products: list[ProductContent]
    """What `request.offered` names, in that order, without what can no longer be bought."""
    items: list[LineContent]
    """The lines `request.items` names (line or product refs); empty: the message is about the whole order."""
    context: ContextContent
    links: LinksContent
