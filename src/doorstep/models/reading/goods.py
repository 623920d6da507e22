"""The order and its parcels as reads answer them; and the ground of every view."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class View(BaseModel):
    """Base of what is read: immutable, nothing undeclared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Moment(View):
    """One instant on two clocks."""

    utc: datetime = Field(description="The instant, UTC.")
    local: str = Field(description="The same instant by the person's clock, ISO 8601 with its offset.")
    words: str = Field(description="For reading aloud: `Tue 3 Mar 2026, 14:20`, by the person's clock.")


class Line(View):
    """One line of the order and what became of it; pieces."""

    ref: str
    title: str
    sku: str
    product_ref: str
    quantity: int = Field(description="As ordered.")
    kept: int = Field(description="What the customer means to keep.")
    remaining: int = Field(
        description="What is the customer's now: a return that was only asked for takes nothing yet."
    )
    refunded: int
    returned: int = Field(description="Asked to go back or gone back, and not called off.")
    received: int = Field(description="What of a return has come back.")
    price_minor: int = Field(description="Of one piece, in minor units of the order's currency.")


class Complaint(View):
    """What the customer complained of: a case with support, or a review of one or two stars."""

    ref: str = Field(description="The case as the store calls it, or the review's fact.")
    since: Moment
    resolved: Moment | None = Field(description="Null: it is open.")
    about: str = Field(description="What it is about, where that was recorded; else empty.")
    sentence: str


class Order(View):
    """One order. An exchange's order joins the journey of the order it replaces."""

    ref: str
    number: str = Field(description="What the customer calls it.")
    external_id: str = Field(description="The store's own id.")
    exchange_of: str | None
    currency: str
    total_minor: int = Field(description="What was paid, in minor units.")
    kept_minor: int = Field(
        description="The price of the pieces still kept, in minor units, before discounts."
    )
    placed: Moment | None
    shipped: bool
    delivered: Moment | None = Field(description="When the last kept line arrived.")
    cancelled: Moment | None
    open_complaint: bool = Field(
        description="While the journey is open, marketing that comes due is left out until it is settled. An "
        "exchange's complaints are told of the journey's own order."
    )
    complaints: list[Complaint] = Field(
        description="Oldest first, those that were settled too. An exchange's are the journey's own order's."
    )
    status_url: str = Field(description="The shop's own page of the order.")
    lines: list[Line]


class Checkpoint(View):
    """One scan of a parcel."""

    status: str
    substatus: str
    at: Moment


class Shipment(View):
    """One parcel with its scans, newest first."""

    ref: str
    order_ref: str
    carrier: str
    tracking_number: str
    tracking_url: str
    status: str
    substatus: str
    status_at: Moment | None
    expected: Moment | None = Field(description="The latest estimate of its arrival.")
    expect_next_by: Moment | None = Field(description="Silence after this is suspicious.")
    silent: bool = Field(description="No scan came by then.")
    delivered: Moment | None
    lines: list[tuple[str, int]] = Field(description="(line ref, pieces); empty: the whole order.")
    checkpoints: list[Checkpoint]
