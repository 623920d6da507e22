"""`ports.Store` in memory: transactions that commit whole or not at all, facts as the tables would give them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from operator import attrgetter
from typing import Any, Self, cast

from doorstep.domain.customers import CountedTouch, Facts, Suppression, SuppressionCause, WaitingTouch
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.orders import OrderState
from doorstep.domain.outcomes import Decision, TouchState
from doorstep.domain.touches import LedgerRow, TouchRequest
from doorstep.domain.values import replace
from doorstep.errors import NotFound
from doorstep.rehearsal.records import OrderRecord, PersonRecord, Records
from doorstep.templates.assembling import assembled
from doorstep.templates.content import LinksContent
from doorstep.touch import as_counted, as_waiting

_KEY = attrgetter("request.key")
Links = Callable[[TouchRequest, Channel], LinksContent]
Rivals = tuple[tuple[CountedTouch, ...], tuple[WaitingTouch, ...]]


def plain_links(request: TouchRequest, channel: Channel) -> LinksContent:
    """Links that lead nowhere, the same for everybody: a rehearsal's messages compare across persons."""
    return LinksContent(
        unsubscribe="https://doorstep.example/u",
        preferences="https://doorstep.example/p",
        tracking="https://doorstep.example/t",
        review="https://doorstep.example/r",
    )


class MemoryTx:
    """One transaction, from the lock to its commit. Reads the records and its own writes; nobody else sees these
    before the commit."""

    __slots__ = ("decisions", "person", "person_ref", "records", "rows", "store", "store_id", "suppressed")

    def __init__(self, store: MemoryStore, store_id: str, person_ref: str) -> None:
        self.store, self.records = store, store.records
        self.store_id, self.person_ref = store_id, person_ref
        self.rows: dict[str, LedgerRow] = {}
        self.decisions: list[tuple[LedgerRow, Decision, datetime]] = []
        self.suppressed: tuple[Suppression, ...] = ()

    def __enter__(self) -> Self:
        store = self.store
        store.boundary("lock")
        assert not store.inside, "a transaction inside a transaction"
        person = self.records.persons.get(self.person_ref)
        if person is None:
            raise NotFound(f"Store '{self.store_id}' has no person '{self.person_ref}'.")
        self.person, store.inside = person, True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        store = self.store
        try:
            if kind is None:
                store.boundary("commit")
                self.commit()
        finally:
            store.inside = False
        if kind is None:
            store.boundary("committed")

    def facts(self, request: TouchRequest, at: datetime) -> Facts:
        """Everything the gate reads; what only marketing needs is read for marketing only."""
        records, person = self.records, self.person
        order = records.orders.get(request.order_ref)
        journey = records.journeys.get(request.journey_id)
        state = order.state if order is not None else OrderState()
        if person.erased_at is not None and state.erased_at is None:
            state = replace(state, erased_at=person.erased_at)
        marketing = request.purpose is Purpose.MARKETING
        counted, waiting = self._rivals(request, at) if marketing else ((), ())
        read = (
            request.person_ref,
            person.zone,
            frozenset(person.addresses),
            person.consents,
            (*person.suppressions, *self.suppressed),
            state,
            journey.exited_at if journey is not None else None,
            owned(records, person.ref, state, request.order_ref) if request.offered else frozenset(),
            counted,
            waiting,
            records.shop.policy,
        )
        if self.store.read != read:
            self.store.read, self.store.facts = read, Facts(*read)
        return self.store.facts

    def _rivals(self, request: TouchRequest, at: datetime) -> Rivals:
        """As they were when this touch was asked about last, if no other has been written since."""
        asked = (request.key, self.person_ref, at)
        if self.rows or self.store.asked != asked:
            self.store.rivals = self._found(request, at)
            self.store.asked = None if self.rows else asked
        return self.store.rivals

    def _found(self, request: TouchRequest, at: datetime) -> Rivals:
        rows = self.records.rows.get(self.person.ref, {})
        rows = {**rows, **self.rows} if self.rows else rows
        since = at - max([cap.window for cap in self.records.shop.policy.caps])
        counted: list[CountedTouch] = []
        waiting: list[WaitingTouch] = []
        # What may fill a cap or wait for a slot, as `models.facts.RIVALS` asks it of the tables.
        marketing, deferred = Purpose.MARKETING, TouchState.DEFERRED
        near = [
            row
            for key, row in rows.items()
            if row.request.purpose is marketing
            and (
                row.state is deferred
                or ((counted_at := row.sending_at or row.decided_at) is not None and counted_at > since)
            )
            and key != request.key
        ]
        for row in sorted(near, key=_KEY) if len(near) > 1 else near:
            if (c := as_counted(row, at)) is not None:
                counted.append(c)
            if row.state is deferred and (w := as_waiting(row, at)) is not None:
                waiting.append(w)
        return tuple(counted), tuple(waiting)

    def touch(self, key: str) -> LedgerRow | None:
        """The ledger row of that key."""
        return self.rows.get(key) or self.records.rows.get(self.person.ref, {}).get(key)

    def save(self, row: LedgerRow) -> None:
        """Insert or replace the ledger row."""
        self.rows[row.request.key] = row

    def decided(self, row: LedgerRow, decision: Decision, at: datetime) -> None:
        """Append the decision and its trace."""
        self.decisions.append((row, decision, at))

    def address(self, request: TouchRequest, channel: Channel) -> str | None:
        """Where to reach the person on that channel."""
        return self.person.addresses.get(channel)

    def suppress(
        self, request: TouchRequest, channel: Channel, cause: SuppressionCause, at: datetime
    ) -> None:
        """The current address on that channel goes on the never-send list, once."""
        if channel in self.person.addresses:
            self.suppressed = suppressing((*self.person.suppressions, *self.suppressed), channel, cause, at)[
                len(self.person.suppressions) :
            ]

    def commit(self) -> None:
        if self.rows:
            if self.store.asked is not None and self.rows.keys() != {self.store.asked[0]}:
                self.store.asked = None
            self.records.rows.setdefault(self.person.ref, {}).update(self.rows)
        self.records.decisions += self.decisions
        if self.suppressed:
            self.person.suppressions = (*self.person.suppressions, *self.suppressed)


def suppressing(
    held: tuple[Suppression, ...], channel: Channel, cause: SuppressionCause, at: datetime
) -> tuple[Suppression, ...]:
    """With one more address on the list; told twice it is there once."""
    if any((s.channel, s.cause) == (channel, cause) for s in held):
        return held
    return (*held, Suppression(channel=channel, cause=cause, since=at))


def owned(records: Records, person: str, mine: OrderState, ref: str) -> frozenset[str]:
    """The products of which the person keeps a piece; nothing of a cancelled order."""
    others = [
        order.state for order in records.orders.values() if order.person_ref == person and order.ref != ref
    ]
    return frozenset(
        line.product_ref
        for state in (mine, *others)
        if state.cancelled_at is None
        for line in state.kept_lines
    )


class MemoryStore:
    """`ports.Store`. One transaction at a time: a rehearsal has one thread. `boundary` is called at every point
    where a process could die or another come between (`lock`, `commit`, `committed`, `content`): tests' way in."""

    transaction: type[MemoryTx] = MemoryTx

    def __init__(self, records: Records, links: Links = plain_links, *, told: bool = True) -> None:
        """`told`: content is for a renderer that fills templates in; else it holds the links only, which headers
        need too, and the reader's locale, which says whose wording it is."""
        self.records, self.links, self._told = records, links, told
        self.inside = False
        # What was read last, which a touch asks about twice: where nothing has changed the answer is the very same.
        self.read: object = None
        self.facts: Facts
        self.asked: tuple[str, str, datetime] | None = None
        self.rivals: Rivals

    def boundary(self, name: str) -> None:
        """Nothing happens here in a rehearsal."""

    def locked(self, store_id: str, person_ref: str) -> AbstractContextManager[MemoryTx]:
        """A transaction under that person's lock. Raises `NotFound` for a person nobody knows."""
        return self.transaction(self, store_id, person_ref)

    def content(self, request: TouchRequest, channel: Channel, at: datetime) -> dict[str, Any]:
        """What a template may say. Raises `NotFound` when person or order are not there."""
        assert not self.inside, "content is read outside the lock"
        self.boundary("content")
        records = self.records
        order, person = records.orders.get(request.order_ref), records.persons.get(request.person_ref)
        if order is None or person is None:
            raise NotFound(f"There is no order '{request.order_ref}' with a person '{request.person_ref}'.")
        if not self._told:
            return {"links": self.links(request, channel), "locale": person.locale or records.shop.locale}
        for line in order.lines.values():
            product = records.products.get(line.product_ref)
            line.of_product = product.category if product is not None else None
            line.product_image = product.image_url if product is not None else None
        return cast(
            dict[str, Any],
            assembled(
                request,
                _Whole(order, person, records),
                order.state,
                [order.lines[ref] for ref in sorted(order.lines)],
                [p for p in order.parcels.values() if p.status != "cancelled"],
                [p for ref in request.offered if (p := records.products.get(ref)) is not None and p.in_stock],
                self.links(request, channel),
            ),
        )


class _Whole:
    """`templates.assembling.Whole` of an order's records."""

    def __init__(self, order: OrderRecord, person: PersonRecord, records: Records) -> None:
        shop = records.shop
        self.first_name, self.locale, self.zone = person.first_name, person.locale, person.zone
        self.store_name, self.store_locale, self.store_currency = shop.name, shop.locale, shop.currency
        self.brand = shop.brand
        self.number, self.external_id = order.number, order.external_id
        self.placed_at, self.created_at = order.placed_at, order.created_at
        self.total_minor, self.currency, self.status_url = order.total_minor, order.currency, order.status_url
