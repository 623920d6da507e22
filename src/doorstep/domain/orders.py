"""The order's state: a pure reducer over its events, the same in the journey and in the database.

The same *set* of events gives the same state in any order and multiplicity: line edits carry their own
time and the latest wins; refunds, returns and parcels are kept by reference; scans obey `Shipment.with_scan`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from doorstep.domain.events import Envelope
from doorstep.domain.facts import (
    Line,
    OrderRefunded,
    ReturnRequested,
    ReviewSubmitted,
    ShipmentCreated,
    ShipmentScanned,
    lines_of,
)
from doorstep.domain.money import Money
from doorstep.domain.shipments import Shipment, ShipmentStatus
from doorstep.domain.values import replace, value

BAD_RATING = 2
"""A review of this or less is a complaint: no promotion until it is resolved."""


@value(frozen=True, slots=True, kw_only=True)
class Return:
    """One return: its lines, those that have come back, and whether it still stands."""

    lines: tuple[tuple[str, int], ...]
    received: tuple[tuple[str, int], ...] = ()
    cancelled: bool = False


@value(frozen=True, slots=True, kw_only=True)
class OrderState:
    """What is true of an order now. Maps are by reference; instants are aware UTC."""

    lines: tuple[Line, ...] = ()
    lines_at: datetime | None = None
    cancelled_at: datetime | None = None
    erased_at: datetime | None = None
    refunds: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    returns: Mapping[str, Return] = field(default_factory=dict)
    shipments: Mapping[str, Shipment] = field(default_factory=dict)
    complaints: Mapping[str, datetime] = field(default_factory=dict)
    """What is complained of (a ticket ref, or a bad review's fact) → since when."""
    resolutions: Mapping[str, datetime] = field(default_factory=dict)
    """What was resolved (a ticket ref) → when."""
    money: Money = Money()

    def line(self, ref: str) -> Line | None:
        return next((line for line in self.lines if line.ref == ref), None)

    def kept(self, line: Line) -> int:
        """How many of a line the customer means to keep: a return that was asked for counts as gone. A return
        and its later refund are the same pieces."""
        if not self.refunds and not self.returns:
            return max(0, min(line.current, line.quantity))
        refunded = sum(n for lines in self.refunds.values() for ref, n in lines if ref == line.ref)
        returned = sum(
            n for r in self.returns.values() if not r.cancelled for ref, n in r.lines if ref == line.ref
        )
        return max(0, min(line.current, line.quantity - max(refunded, returned)))

    def remains(self, line: Line) -> int:
        """How many of a line are still the customer's: a return that was only asked for is no return yet."""
        if not self.refunds and not self.returns:
            return max(0, min(line.current, line.quantity))
        refunded = sum(n for lines in self.refunds.values() for ref, n in lines if ref == line.ref)
        back = sum(n for r in self.returns.values() for ref, n in r.received if ref == line.ref)
        return max(0, min(line.current, line.quantity - max(refunded, back)))

    @property
    def kept_lines(self) -> tuple[Line, ...]:
        return tuple([line for line in self.lines if self.kept(line) > 0])

    @property
    def gone(self) -> bool:
        """Nothing remains of the order: cancelled, or every line was refunded or has come back."""
        if self.cancelled_at is not None:
            return True
        for line in self.lines:
            if self.remains(line):
                return False
        return bool(self.lines)

    @property
    def paid_back(self) -> bool:
        """All that was paid for it was refunded, whatever lines were named. The order goes on: a lost parcel that turns
        up is still the customer's."""
        return bool(self.money.back) and self.money.all_back(self.lines)

    @property
    def active_shipments(self) -> tuple[Shipment, ...]:
        if len(self.shipments) < 2:
            return tuple([s for s in self.shipments.values() if s.status is not ShipmentStatus.CANCELLED])
        return tuple(
            [s for _, s in sorted(self.shipments.items()) if s.status is not ShipmentStatus.CANCELLED]
        )

    @property
    def troubled(self) -> bool:
        """A parcel is in trouble now: marketing is held. A cancelled one never is."""
        return bool([s for s in self.shipments.values() if s.troubled])

    def silent(self, at: datetime) -> bool:
        """A parcel has not been scanned by when it should have been. Of a cancelled one no scan is awaited."""
        return bool([s for s in self.shipments.values() if s.silent(at)])

    @property
    def open_complaint(self) -> bool:
        """A complaint or bad review is unresolved. A resolution that names none of the complaints we know
        (a help desk's own ticket) settles everything that was complained of before it."""
        if not self.complaints:
            return False
        general = [at for ref, at in self.resolutions.items() if ref not in self.complaints]
        return any(
            ref not in self.resolutions and not any(since <= at for at in general)
            for ref, since in self.complaints.items()
        )

    @property
    def shipped(self) -> bool:
        return any(s.shipped for s in self.active_shipments)

    @property
    def delivered_at(self) -> datetime | None:
        """When the last kept line arrived; None while any is outstanding."""
        arrived = [s for s in self.active_shipments if s.delivered_at is not None]
        if not arrived or not self._covered(tuple(arrived)):
            return None
        return max(s.delivered_at for s in arrived if s.delivered_at is not None)

    @property
    def partly_delivered(self) -> bool:
        return self.delivered_at is None and any(s.delivered_at for s in self.active_shipments)

    def _covered(self, arrived: tuple[Shipment, ...]) -> bool:
        """Whether these parcels hold every kept line. A parcel without lines holds all."""
        if any(not s.lines for s in arrived):
            return len(arrived) == len(self.active_shipments)
        held: dict[str, int] = {}
        for shipment in arrived:
            for ref, n in shipment.lines:
                held[ref] = held.get(ref, 0) + n
        wanted = [line for line in self.kept_lines if line.requires_shipping]
        return all(held.get(line.ref, 0) >= self.kept(line) for line in wanted)

    def apply(self, envelope: Envelope) -> OrderState:
        """The state after one more event. Types that say nothing about the order leave it as it is."""
        match envelope.type.partition("."):
            case ("order", _, _):
                return self._order(envelope)
            case ("return", _, _):
                return self._return(envelope)
            case ("shipment", _, _):
                return self._shipment(envelope)
            case ("complaint", _, what):
                ref = envelope.subject or envelope.fact_key
                if what == "opened":
                    return replace(self, complaints=_since(self.complaints, ref, envelope.occurred_at))
                return replace(self, resolutions=_since(self.resolutions, ref, envelope.occurred_at))
            case ("review", _, "submitted") if ReviewSubmitted.read(envelope).rating <= BAD_RATING:
                return replace(
                    self, complaints=_since(self.complaints, envelope.fact_key, envelope.occurred_at)
                )
            case ("customer", _, "erased"):
                return replace(self, erased_at=_earlier(self.erased_at, envelope.occurred_at))
        return self

    def _order(self, envelope: Envelope) -> OrderState:
        match envelope.type:
            case "order.placed" | "order.updated" if "lines" in envelope.data:
                lines = lines_of(envelope.data["lines"])
                money = self.money
                if envelope.type == "order.placed":
                    money = money.placed(envelope.data, lines)
                told = (envelope.occurred_at, _content(lines))
                if self.lines_at is not None and told < (self.lines_at, _content(self.lines)):
                    return replace(self, money=money)
                return replace(self, lines=lines, lines_at=envelope.occurred_at, money=money)
            case "order.cancelled":
                return replace(self, cancelled_at=_earlier(self.cancelled_at, envelope.occurred_at))
            case "order.refunded":
                ref = envelope.subject or envelope.fact_key
                refund = OrderRefunded.read(envelope)
                # Of two words on one refund the one that names more counts, in any order.
                refunded = _most(self.refunds.get(ref, ()), refund.lines)
                money = self.money.refunded(ref, refund)
                return replace(self, refunds={**self.refunds, ref: refunded}, money=money)
        return self

    def _return(self, envelope: Envelope) -> OrderState:
        ref = envelope.subject or envelope.fact_key
        held = self.returns.get(ref, Return(lines=()))
        if envelope.type == "return.cancelled":
            return replace(self, returns={**self.returns, ref: replace(held, cancelled=True)})
        lines = ReturnRequested.read(envelope).lines
        # Request, approval and receipt may each name the lines; the largest word counts, in any order.
        told = replace(held, lines=_most(held.lines, lines))
        if envelope.type == "return.received":
            told = replace(told, received=_most(held.received, lines))
        return replace(self, returns={**self.returns, ref: told})

    def _shipment(self, envelope: Envelope) -> OrderState:
        ref = envelope.subject or envelope.fact_key
        held = self.shipments.get(ref, Shipment(ref=ref))
        if envelope.type == "shipment.created":
            lines = ShipmentCreated.read(envelope).lines
            updated = replace(held, lines=max(held.lines, lines, key=lambda ls: (len(ls), ls)))
        else:
            updated = held.with_scan(ShipmentScanned.read(envelope).scan)
        return replace(self, shipments={**self.shipments, ref: updated})


def _content(lines: tuple[Line, ...]) -> list[tuple[str, int, int]]:
    """Two edits of the same instant are told apart by what they say, not by which came last."""
    return sorted((line.ref, line.quantity, line.current) for line in lines)


def _since(held: Mapping[str, datetime], ref: str, at: datetime) -> dict[str, datetime]:
    return {**held, ref: _earlier(held.get(ref), at)}


def _most(
    held: tuple[tuple[str, int], ...], told: tuple[tuple[str, int], ...]
) -> tuple[tuple[str, int], ...]:
    return max((held, told), key=lambda lines: (sum(n for _, n in lines), lines))


def _earlier(held: datetime | None, offered: datetime) -> datetime:
    return offered if held is None else min(held, offered)


def derived(before: OrderState, after: OrderState, cause: Envelope) -> list[Envelope]:
    """The order-level events that follow from one step of the reducer. Their fact keys make each of them
    unique in a journey, so a second cause of the same fact is heard once."""
    made: list[Envelope] = []

    def make(type_: str, key: str, at: datetime | None) -> None:
        made.append(
            replace(
                cause,
                id=f"{cause.id}+{type_}",
                fact_key=key,
                type=type_,
                occurred_at=at or cause.occurred_at,
                data={},
            )
        )

    if after.shipped and not before.shipped:
        make("order.shipped", "order.shipped", None)
    if after.partly_delivered and not before.partly_delivered:
        make("order.partly_delivered", "order.partly_delivered", None)
    if after.delivered_at is not None and before.delivered_at is None:
        make("order.delivered", "order.delivered", after.delivered_at)
    return made
