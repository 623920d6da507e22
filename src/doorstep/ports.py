"""The three ports the touch stands on. Production implements them over SQL and HTTP, rehearsal in memory."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from doorstep.domain.customers import Facts, SuppressionCause
from doorstep.domain.messages import Channel, Message, Receipt, Rendered
from doorstep.domain.outcomes import Decision
from doorstep.domain.touches import LedgerRow, TouchRequest


class Tx(Protocol):
    """One transaction that holds the lock of the person's row. Everything written commits together when the
    context ends without an exception, and not at all otherwise."""

    def facts(self, request: TouchRequest, at: datetime) -> Facts:
        """Everything the gate reads, as of this transaction. `request`'s own ledger row is not among
        `counted` and `waiting`."""
        ...

    def touch(self, key: str) -> LedgerRow | None:
        """The ledger row of that key."""
        ...

    def save(self, row: LedgerRow) -> None:
        """Insert or replace the ledger row of `row.request.key`."""
        ...

    def decided(self, row: LedgerRow, decision: Decision, at: datetime) -> None:
        """Append the decision and its trace; nothing ever changes or removes one."""
        ...

    def address(self, request: TouchRequest, channel: Channel) -> str | None:
        """Where to reach the person on that channel (personal data)."""
        ...

    def suppress(
        self, request: TouchRequest, channel: Channel, cause: SuppressionCause, at: datetime
    ) -> None:
        """The person's current address on that channel goes on the never-send list."""
        ...


class Store(Protocol):
    """Where ledger and facts are kept."""

    def locked(self, store_id: str, person_ref: str) -> AbstractContextManager[Tx]:
        """A transaction holding that person's lock: two touches of one person never decide side by side."""
        ...

    def content(self, request: TouchRequest, channel: Channel, at: datetime) -> dict[str, Any]:
        """What a template may say: person, order, shipments, products, store, links (personal data).
        Read outside the lock."""
        ...


class Sender(Protocol):
    """One provider of one channel."""

    name: str
    reconcile: timedelta
    """R: a provider that accepted a message has reported back within this, or is taken not to have."""
    timeout: timedelta
    """An upper bound on `send`; must stay below the activity's start-to-close."""

    def send(self, message: Message) -> Receipt:
        """Hand the message over. Raises `ProviderRejected`, `ProviderRefused` or `ProviderAmbiguous`."""
        ...

    def lookup(self, key: str) -> Receipt | None:
        """What this provider accepted under our key, where it can be asked. `None`: it cannot say, or no."""
        ...


class Renderer(Protocol):
    """Templates with everything filled in. Pure."""

    def channels(self, template: str) -> frozenset[Channel]:
        """The channels a template is written for. Raises `TemplateError` for an unknown name."""
        ...

    def render(self, template: str, channel: Channel, content: dict[str, Any]) -> Rendered:
        """Raises `TemplateError` naming the variable that is missing."""
        ...


class Pace(Protocol):
    """How fast a channel's provider takes messages."""

    def __call__(self, channel: Channel, /) -> timedelta:
        """Zero when it is this message's turn (waited for, if it comes at once); else when to come back. Asked before
        `sending` is committed: whoever is told to come back has sent nothing."""
        ...


def unpaced(channel: Channel) -> timedelta:
    """As fast as it comes."""
    return timedelta(0)


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What `touch` needs of the world. `senders` by channel."""

    store: Store
    renderer: Renderer
    senders: dict[Channel, Sender] = field(default_factory=dict)
    pace: Pace = unpaced
