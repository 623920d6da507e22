"""The ports with an eye on them: decisions are counted once committed, calls of providers timed and traced.

The touch itself stays pure; what it asks for passes through here.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from doorstep.domain.customers import Facts, SuppressionCause
from doorstep.domain.messages import Channel, Message, Receipt
from doorstep.domain.outcomes import Decision, Defer, Outcome, Send
from doorstep.domain.touches import LedgerRow, TouchRequest
from doorstep.errors import ProviderAmbiguous, ProviderRefused, ProviderRejected
from doorstep.ports import Ports, Sender, Store, Tx
from doorstep.telemetry import metrics, tracing

NONE = "none"
_ANSWERS: tuple[tuple[type[Exception], str], ...] = (
    (ProviderRejected, "rejected"),
    (ProviderRefused, "refused"),
    (ProviderAmbiguous, "ambiguous"),
)


def counted(ports: Ports) -> Ports:
    """The same ports, counted."""
    store: Store = CountedStore(ports.store)
    return replace(
        ports,
        store=store,
        senders={channel: CountedSender(sender, channel) for channel, sender in ports.senders.items()},
    )


def touched(step: str, outcome: Outcome) -> None:
    """Counts what became of a touch."""
    channel = outcome.channel.value if outcome.channel else NONE
    metrics.touches(step, channel, outcome.kind.value, outcome.reason.value if outcome.reason else NONE)


class CountedStore:
    """`ports.Store`: decisions are counted when their transaction has committed."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @contextmanager
    def locked(self, store_id: str, person_ref: str) -> Iterator[Tx]:
        """As the store's own."""
        with self._store.locked(store_id, person_ref) as tx:
            counting = _CountedTx(tx)
            yield counting
        for decision in counting.made:
            metrics.decisions(*_said(decision))

    def content(self, request: TouchRequest, channel: Channel, at: datetime) -> dict[str, Any]:
        """As the store's own."""
        return self._store.content(request, channel, at)


class _CountedTx:
    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.made: list[Decision] = []

    def facts(self, request: TouchRequest, at: datetime) -> Facts:
        return self._tx.facts(request, at)

    def touch(self, key: str) -> LedgerRow | None:
        return self._tx.touch(key)

    def save(self, row: LedgerRow) -> None:
        self._tx.save(row)

    def decided(self, row: LedgerRow, decision: Decision, at: datetime) -> None:
        self._tx.decided(row, decision, at)
        self.made.append(decision)

    def address(self, request: TouchRequest, channel: Channel) -> str | None:
        return self._tx.address(request, channel)

    def suppress(
        self, request: TouchRequest, channel: Channel, cause: SuppressionCause, at: datetime
    ) -> None:
        self._tx.suppress(request, channel, cause, at)


def _said(decision: Decision) -> tuple[str, str]:
    if isinstance(decision, Send):
        return "send", NONE
    return ("defer" if isinstance(decision, Defer) else "skip"), decision.reason.value


class CountedSender:
    """`ports.Sender`: every call is timed."""

    def __init__(self, sender: Sender, channel: Channel) -> None:
        self._sender = sender
        self._channel = channel
        self.name = sender.name
        self.reconcile = sender.reconcile
        self.timeout = sender.timeout

    def send(self, message: Message) -> Receipt:
        """As the sender's own."""
        began, answer = time.perf_counter(), "ambiguous"
        try:
            with tracing.span(
                f"send {self._channel.value}",
                "client",
                provider=self.name,
                touch=message.key,
                template=message.rendered.template,
            ):
                receipt = self._sender.send(message)
            answer = "accepted"
        except Exception as error:
            answer = next((word for kind, word in _ANSWERS if isinstance(error, kind)), answer)
            raise
        finally:
            metrics.provider_calls(time.perf_counter() - began, self.name, self._channel.value, answer)
        return receipt

    def lookup(self, key: str) -> Receipt | None:
        """As the sender's own."""
        return self._sender.lookup(key)
