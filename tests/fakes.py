"""The ports in memory: the store of rehearsals, a provider that remembers what it took.

`at_boundary` is called with a name at every point where a process may die or another may come between:
`lock`, `commit` (before it, the lock still held: one may die there, but nobody else may come), `committed`,
`lookup`, `content`, `send` (before the provider takes it), `taken`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from doorstep.domain.customers import Consent, Facts
from doorstep.domain.facts import Line
from doorstep.domain.messages import Channel, Message, Purpose, Receipt, Rendered
from doorstep.domain.orders import OrderState
from doorstep.domain.touches import LedgerRow, TouchRequest
from doorstep.errors import TemplateError
from doorstep.ports import Ports
from doorstep.rehearsal.memory import MemoryStore, MemoryTx
from doorstep.rehearsal.records import JourneyRecord, OrderRecord, PersonRecord, Records
from doorstep.rehearsal.shop import Shop

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


class FakeTx(MemoryTx):
    """Reads and writes as a rehearsal does; an order that nobody furnished holds one line."""

    def facts(self, request: TouchRequest, at: datetime) -> Facts:
        if request.order_ref not in self.records.orders:
            self.records.orders[request.order_ref] = OrderRecord(
                ref=request.order_ref,
                external_id=request.order_ref,
                journey_id=request.journey_id,
                created_at=NOON,
                state=one_line(),
            )
        return super().facts(request, at)


class FakeStore(MemoryStore):
    """The store of rehearsals with a way in at every boundary. Interleaving happens there, so the lock is never
    contended: a transaction that opens inside another is a mistake of the code under test."""

    transaction = FakeTx

    def __init__(self) -> None:
        super().__init__(Records(shop=Shop()))
        self.at_boundary: Callable[[str], None] = _nothing

    def boundary(self, name: str) -> None:
        self.at_boundary(name)

    def person(self, ref: str) -> PersonRecord:
        """Reachable and consenting unless a test says otherwise."""
        return self.records.persons.setdefault(
            ref,
            PersonRecord(ref=ref, addresses={c: f"{c}@example.test" for c in Channel}, consents=consented()),
        )

    def locked(self, store_id: str, person_ref: str) -> AbstractContextManager[MemoryTx]:
        self.person(person_ref)
        return super().locked(store_id, person_ref)

    def content(self, request: TouchRequest, channel: Channel, at: datetime) -> dict[str, Any]:
        assert not self.inside, "content is read outside the lock"
        self.at_boundary("content")
        return {"person": {"first_name": "Ada"}, "links": {"unsubscribe": "https://example.test/u"}}


def _nothing(name: str) -> None:
    """No boundary is special."""


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
    def records(self) -> Records:
        return self.store.records

    @property
    def rows(self) -> dict[str, LedgerRow]:
        """Every ledger row, by touch key."""
        return {key: row for rows in self.records.rows.values() for key, row in rows.items()}

    @property
    def taken(self) -> list[Message]:
        """Everything any provider took."""
        return [m for sender in self.senders.values() for m in sender.taken]

    def row(self, key: str = "jny_a:care") -> LedgerRow:
        return self.rows[key]

    def person(self, ref: str = "per_1", **changes: Any) -> None:
        """Something about a person changes, in a transaction of its own."""
        held = self.store.person(ref)
        for name, value in changes.items():
            setattr(held, name, value)

    def exited(self, journey: str, at: datetime) -> None:
        """The journey leaves its course."""
        self.records.journeys[journey] = JourneyRecord(
            id=journey, order_ref="", person_ref="per_1", exited_at=at
        )
