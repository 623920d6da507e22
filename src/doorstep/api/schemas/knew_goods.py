"""What a journey knew of its order at an instant: parcels, refunds, returns, and orders placed again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import Field

from doorstep.domain.events import Event
from doorstep.domain.facts import OrderRefunded, ShipmentScanned
from doorstep.domain.orders import OrderState
from doorstep.domain.shipments import Shipment
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.goods import Moment, View
from doorstep.models.reading.goods import Shipment as ShipmentView


class KnownScan(View):
    """What was heard of a parcel at one time."""

    status: str
    substatus: str
    at: Moment = Field(description="When the carrier scanned it.")
    heard: Moment = Field(description="When we heard of it.")


class KnownParcel(View):
    """One parcel as the journey had heard of it."""

    ref: str
    carrier: str
    tracking_number: str
    status: str
    substatus: str
    status_at: Moment | None
    expect_next_by: Moment | None = Field(description="Silence after this was suspicious.")
    delivered: Moment | None
    lines: list[tuple[str, int]] = Field(description="(line ref, pieces); empty: the whole order.")
    heard: list[KnownScan] = Field(description="What had been heard of it, in the order we heard it.")
    sentence: str


class KnownAgain(View):
    """Another order of the same person."""

    order_ref: str
    at: Moment
    heard: Moment


class KnownRefund(View):
    """Money that had gone back."""

    ref: str
    amount_minor: int = Field(description="In minor units of `currency`; 0: not told.")
    currency: str
    lines: list[tuple[str, int]] = Field(description="(line ref, pieces); empty: an amount only.")
    at: Moment
    heard: Moment


class KnownReturn(View):
    """What the customer had wanted to send back."""

    ref: str
    lines: list[tuple[str, int]]
    received: list[tuple[str, int]] = Field(description="What of it had come back.")
    called_off: bool


def parcels_of(
    order: OrderState, news: Sequence[Event], shown: Iterable[ShipmentView], clock: Clock
) -> list[KnownParcel]:
    """`shown`: the parcels as the tables have them, for their carriers' names and numbers."""
    known = {view.ref: view for view in shown}
    # as `status` counts them; one that the tables do not know comes after those that they do
    numbers = {ref: number for number, ref in enumerate(dict.fromkeys((*known, *order.shipments)), start=1)}
    scans = [e for e in news if isinstance(e, ShipmentScanned)]
    return [
        _parcel(
            parcel,
            [e for e in scans if (e.subject or e.fact_key) == ref],
            known.get(ref),
            clock,
            numbers[ref],
        )
        for ref, parcel in order.shipments.items()
    ]


def _parcel(
    parcel: Shipment, scans: Sequence[ShipmentScanned], shown: ShipmentView | None, clock: Clock, number: int
) -> KnownParcel:
    called = " ".join(part for part in (shown.carrier, shown.tracking_number) if part) if shown else ""
    stood = parcel.status.replace("_", " ") + (f" ({parcel.substatus})" if parcel.substatus else "")
    since = f" since {clock.words(parcel.status_at)}" if parcel.status_at is not None else ""
    told = f"; last heard of on {clock.words(scans[-1].received_at)}" if scans else "; no scan yet"
    return KnownParcel(
        ref=parcel.ref,
        carrier=shown.carrier if shown else "",
        tracking_number=shown.tracking_number if shown else "",
        status=parcel.status.value,
        substatus=parcel.substatus,
        status_at=clock.maybe(parcel.status_at),
        expect_next_by=clock.maybe(parcel.expect_next_by),
        delivered=clock.maybe(parcel.delivered_at),
        lines=list(parcel.lines),
        heard=[
            KnownScan(
                status=scan.status.value,
                substatus=scan.substatus,
                at=clock.moment(scan.at),
                heard=clock.moment(scan.received_at),
            )
            for scan in scans
        ],
        sentence=f"Parcel {called or number}: {stood}{since}{told}.",
    )


def refunds_of(order: OrderState, news: Sequence[Event], clock: Clock) -> list[KnownRefund]:
    """One for each word of a refund, in the order we heard of them; the pieces are those that count."""
    return [
        KnownRefund(
            ref=event.subject or event.fact_key,
            amount_minor=event.amount_minor,
            currency=event.currency,
            lines=list(order.refunds.get(event.subject or event.fact_key, event.lines)),
            at=clock.moment(event.at),
            heard=clock.moment(event.received_at),
        )
        for event in news
        if isinstance(event, OrderRefunded)
    ]


def returns_of(order: OrderState) -> list[KnownReturn]:
    """Every return that was asked for."""
    return [
        KnownReturn(ref=ref, lines=list(one.lines), received=list(one.received), called_off=one.cancelled)
        for ref, one in order.returns.items()
    ]
