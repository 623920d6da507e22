"""Providers that fail as a scenario says. They remember what they took: asked, they answer it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from doorstep.domain.messages import Channel, Message, Receipt
from doorstep.errors import ProviderAmbiguous, ProviderRefused, ProviderRejected
from doorstep.rehearsal.scenario import Fault

BUSY_FOR = timedelta(hours=1)


@dataclass(slots=True)
class Fails:
    """One fault: from `since` on, until `until` or for `calls` more calls."""

    fault: Fault
    since: datetime
    until: datetime | None = None
    calls: int | None = None

    def hits(self, at: datetime) -> bool:
        """Whether a call at that time meets it; uses up one of its calls."""
        if at < self.since or (self.until is not None and at >= self.until) or self.calls == 0:
            return False
        if self.calls is not None:
            self.calls -= 1
        return True


class Taken(Exception):
    """The provider takes the message, and its answer is lost."""


def fail(fault: Fault) -> None:
    """Fails as told. `ACCEPTS_THEN_DIES` raises `Taken`: the provider keeps the message first."""
    match fault:
        case Fault.DOWN:
            raise ProviderRefused("The provider cannot be reached.")
        case Fault.BUSY:
            raise ProviderRefused("The provider is busy.", retry_after=BUSY_FOR)
        case Fault.REJECTS:
            raise ProviderRejected("The provider does not take this message.")
        case Fault.DEAD_ADDRESS:
            raise ProviderRejected("The address does not exist.", suppress=True)
        case Fault.AMBIGUOUS:
            raise ProviderAmbiguous("The provider did not answer.")
        case Fault.ACCEPTS_THEN_DIES:
            raise Taken


@dataclass(slots=True)
class FailingSender:
    """`ports.Sender`: the provider of one channel. `took` is told of every message it takes."""

    channel: Channel
    took: Callable[[Message], None]
    faults: list[Fails] = field(default_factory=list)
    taken: dict[str, Receipt] = field(default_factory=dict)
    name: str = "rehearsal"
    reconcile: timedelta = timedelta(seconds=30)
    timeout: timedelta = timedelta(seconds=10)

    def send(self, message: Message) -> Receipt:
        """Takes the message, unless a fault says otherwise."""
        try:
            for fails in self.faults:
                if fails.hits(message.at):
                    fail(fails.fault)
        except Taken:
            self._take(message)
            raise ProviderAmbiguous("The provider did not answer.") from None
        return self._take(message)

    def lookup(self, key: str) -> Receipt | None:
        """What it took under that key."""
        return self.taken.get(key)

    def _take(self, message: Message) -> Receipt:
        receipt = Receipt(self.name, f"{self.channel}-{len(self.taken) + 1}")
        self.taken.setdefault(message.key, receipt)
        self.took(message)
        return receipt
