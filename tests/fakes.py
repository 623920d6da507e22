"""The ports, honestly in memory: transactions that roll back, a provider that remembers what it took.

`at_boundary` is called with a name at every point where a process may die or another may come between:
`lock`, `commit` (before it, the lock still held: one may die there, but nobody else may come), `committed`,
`lookup`, `content`, `send` (before the provider takes it), `taken`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from doorstep.domain.customers import (
    Consent,
    CountedTouch,
    Facts,
    StorePolicy,
    Suppression,
    SuppressionCause,
    WaitingTouch,
)
from doorstep.domain.facts import Line
from doorstep.domain.messages import Channel, Message, Purpose, Receipt, Rendered
from doorstep.domain.orders import OrderState
from doorstep.domain.outcomes import Decision
from doorstep.domain.touches import LedgerRow, TouchRequest
from doorstep.errors import TemplateError
from doorstep.ports import Ports, Tx
from doorstep.touch import as_counted, as_waiting

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EVERY_CHANNEL = frozenset(Channel)


def request(key: str = "jny_a:care", *, at: datetime = NOON, **changes: Any) -> TouchRequest:
    """A marketing email of an ordinary order, due at noon and of use for five days."""
    journey, _, step = key.partition(":")
    given: dict[str, Any] = {
        "key": key,
        "journey_id": journey,
        "journey_type": "standard.v1",
        "store_id": "sto_1",
        "order_ref": "ord_" + journey.removeprefix("jny_"),
        "person_ref": "per_1",
        "step": step,
        "template": "care-guide",
        "purpose": Purpose.MARKETING,
        "channels": (Channel.EMAIL,),
        "due_at": at,
        "expires_at": at + timedelta(days=5),
        "as_of": at,
    }
    return TouchRequest(**(given | changes))


def consented(*channels: Channel, granted: bool = True, at: datetime = NOON) -> tuple[Consent, ...]:
    return tuple(
        Consent(channel=c, purpose=Purpose.MARKETING, granted=granted, at=at, source="test")
        for c in channels or tuple(Channel)
    )


def one_line() -> OrderState:
    return OrderState(lines=(Line(ref="l1", product_ref="p1", quantity=1, current=1),), lines_at=NOON)


@dataclass(frozen=True, kw_only=True)
class Person:
    """What the tables would say of a person. Reachable and consenting unless a test says otherwise."""

    zone: str = "UTC"
    addresses: Mapping[Channel, str] = field(
        default_factory=lambda: {c: f"{c}@example.test" for c in Channel}
    )
    consents: tuple[Consent, ...] = field(default_factory=consented)
    suppressions: tuple[Suppression, ...] = ()
    owned_products: frozenset[str] = frozenset()


@dataclass
class Tables:
    """All that commits together. Values are frozen, so a shallow copy is a snapshot."""

    rows: dict[str, LedgerRow] = field(default_factory=dict)
    decisions: list[tuple[LedgerRow, Decision, datetime]] = field(default_factory=list)
    persons: dict[str, Person] = field(default_factory=dict)
    orders: dict[str, OrderState] = field(default_factory=dict)
    exits: dict[str, datetime] = field(default_factory=dict)
    policy: StorePolicy = field(default_factory=StorePolicy)

    def snapshot(self) -> Tables:
        return Tables(**{name: copy(value) for name, value in vars(self).items()})


class FakeTx:
    """Reads and writes its own snapshot."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def facts(self, request: TouchRequest, at: datetime) -> Facts:
        t, person = self.tables, self.tables.persons.get(request.person_ref, Person())
        others = [
            row
            for _, row in sorted(t.rows.items())
            if row.request.person_ref == request.person_ref and row.request.key != request.key
        ]
        return Facts(
            person_ref=request.person_ref,
            zone=person.zone,
            reachable=frozenset(person.addresses),
            consents=person.consents,
            suppressions=person.suppressions,
            order=t.orders.get(request.order_ref, one_line()),
            exited_at=t.exits.get(request.journey_id),
            owned_products=person.owned_products,
            counted=tuple(_present(as_counted(row, at) for row in others)),
            waiting=tuple(_present(as_waiting(row, at) for row in others)),
            policy=t.policy,
        )

    def touch(self, key: str) -> LedgerRow | None:
        return self.tables.rows.get(key)

    def save(self, row: LedgerRow) -> None:
        self.tables.rows[row.request.key] = row

    def decided(self, row: LedgerRow, decision: Decision, at: datetime) -> None:
        self.tables.decisions.append((row, decision, at))

    def address(self, request: TouchRequest, channel: Channel) -> str | None:
        return self.tables.persons.get(request.person_ref, Person()).addresses.get(channel)

    def suppress(
        self, request: TouchRequest, channel: Channel, cause: SuppressionCause, at: datetime
    ) -> None:
        person = self.tables.persons.get(request.person_ref, Person())
        held = Suppression(channel=channel, cause=cause, since=at)
        self.tables.persons[request.person_ref] = replace(person, suppressions=(*person.suppressions, held))


def _present[T: (CountedTouch, WaitingTouch)](values: Iterator[T | None]) -> Iterator[T]:
    return (v for v in values if v is not None)


def _nothing(name: str) -> None:
    """No boundary is special."""


class FakeStore:
    """One transaction at a time. Interleaving happens at boundaries, so the lock is never contended: a
    transaction that opens inside another is a mistake of the code under test."""

    def __init__(self) -> None:
        self.tables = Tables()
        self.at_boundary: Callable[[str], None] = _nothing
        self.inside = False

    @contextmanager
    def locked(self, store_id: str, person_ref: str) -> Iterator[Tx]:
        self.at_boundary("lock")
        assert not self.inside, "a transaction inside a transaction"
        self.inside = True
        draft = self.tables.snapshot()
        try:
            yield FakeTx(draft)
            self.at_boundary("commit")
            self.tables = draft
        finally:
            self.inside = False
        self.at_boundary("committed")

    def content(self, request: TouchRequest, channel: Channel, at: datetime) -> dict[str, Any]:
        assert not self.inside, "content is read outside the lock"
        self.at_boundary("content")
        return {"person": {"first_name": "Ada"}, "links": {"unsubscribe": "https://example.test/u"}}


class FakeSender:
    """A provider. `taken` is its log. `answers` scripts calls: an error to raise before taking the message,
    `lose(error)` to take it and then fail, None to accept; when it runs out it accepts."""

    def __init__(self, store: FakeStore, name: str = "mailer", *, reports: bool = True) -> None:
        self.store = store
        self.name = name
        self.reports = reports
        self.reconcile = timedelta(minutes=10)
        self.timeout = timedelta(seconds=10)
        self.taken: list[Message] = []
        self.answers: list[Exception | Lost | None] = []

    def send(self, message: Message) -> Receipt:
        assert not self.store.inside, "the provider is called outside the lock"
        self.store.at_boundary("send")
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        self.taken.append(message)
        self.store.at_boundary("taken")
        if isinstance(answer, Lost):
            raise answer.error
        return Receipt(provider=self.name, provider_message_id=f"{self.name}-{len(self.taken)}")

    def lookup(self, key: str) -> Receipt | None:
        assert not self.store.inside, "the provider is asked outside the lock"
        self.store.at_boundary("lookup")
        numbers = [n for n, m in enumerate(self.taken, start=1) if m.key == key]
        if not self.reports or not numbers:
            return None
        return Receipt(provider=self.name, provider_message_id=f"{self.name}-{numbers[0]}")


@dataclass(frozen=True)
class Lost:
    """The provider takes the message, and the answer gets lost on its way."""

    error: Exception


def lose(error: Exception) -> Lost:
    return Lost(error)


class FakeRenderer:
    """Every template but `nowhere` exists, on the channels given."""

    def __init__(self, channels: frozenset[Channel] = EVERY_CHANNEL) -> None:
        self.written = channels
        self.broken = False

    def channels(self, template: str) -> frozenset[Channel]:
        if template == "nowhere":
            raise TemplateError("There is no template 'nowhere'.")
        return self.written

    def render(self, template: str, channel: Channel, content: dict[str, Any]) -> Rendered:
        if self.broken:
            raise TemplateError(f"'{template}' asks for 'order.nickname'.")
        body = f"{template}/{channel}: {content['person']['first_name']}"
        return Rendered(
            channel=channel,
            subject=template,
            html=body,
            text=body,
            template=template,
            template_digest=hashlib.sha256(template.encode()).hexdigest(),
            digest=hashlib.sha256(body.encode()).hexdigest(),
        )


class World:
    """Ports that belong together, and shorthands to look at them."""

    def __init__(self, *, reports: bool = True) -> None:
        self.store = FakeStore()
        self.renderer = FakeRenderer()
        self.senders = {c: FakeSender(self.store, f"{c}-provider", reports=reports) for c in Channel}
        self.ports = Ports(store=self.store, renderer=self.renderer, senders=dict(self.senders))

    @property
    def tables(self) -> Tables:
        return self.store.tables

    @property
    def taken(self) -> list[Message]:
        """Everything any provider took."""
        return [m for sender in self.senders.values() for m in sender.taken]

    def row(self, key: str = "jny_a:care") -> LedgerRow:
        return self.tables.rows[key]

    def person(self, ref: str = "per_1", **changes: Any) -> None:
        """Something about a person changes, in a transaction of its own."""
        self.tables.persons[ref] = replace(self.tables.persons.get(ref, Person()), **changes)
