"""Not faster than a provider takes messages: a pace per channel, shared by the workers that run.

A touch asks for its turn while it is reserved, before `sending` is committed: one that is told to come back has sent
nothing for certain. A turn within `PATIENCE` is waited for; whoever would wait longer is told when to come back, one
after the other, so that an evening's ten thousand messages return at the provider's pace and not all at once. A 429
holds the whole channel in this process for as long as the provider says, not just the message that met it.

Several workers share a channel's pace evenly, by how many said lately that they are there (`presence`). Each keeps its
share alone, without asking the others: a worker that has just come is known to the rest within seconds, and so long
the sum is a little above the pace.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

from doorstep.domain.messages import Channel, Message, Receipt
from doorstep.errors import ProviderBusy
from doorstep.ports import Sender
from doorstep.settings import Settings

PATIENCE = 1.0
"""Seconds that a turn is waited for, in the worker's thread; well below the two minutes of a reservation."""
SPREAD = 0.02
"""Seconds between those who come back after a 429 where no pace is set."""
Clock = Callable[[], float]


class Pace:
    """One channel in this process. `per_second` for all workers together; 0: as fast as it comes."""

    def __init__(
        self, per_second: float, *, clock: Clock = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._between = 1.0 / per_second if per_second else 0.0
        self._clock, self._sleep = clock, sleep
        self._among = 1
        self._lock = threading.Lock()
        self._free = 0.0
        """When the next turn is."""
        self._line = 0.0
        """When the last of those who were told to come back comes."""

    def among(self, workers: int) -> None:
        """So many workers share it from now on."""
        self._among = max(1, workers)

    def hold(self, wait: timedelta) -> None:
        """The provider takes nothing for so long."""
        with self._lock:
            self._free = max(self._free, self._clock() + wait.total_seconds())

    def turn(self) -> timedelta:
        """Zero when it is one's turn; else when to come back. Blocks for `PATIENCE` at most."""
        between = self._between * self._among
        with self._lock:
            now = self._clock()
            free = max(self._free, now)
            if free - now > PATIENCE:
                self._line = max(self._line, free) + max(between, SPREAD)
                return timedelta(seconds=self._line - now)
            self._free = free + between
        if free > now:
            self._sleep(free - now)
        return timedelta(0)


class Paces:
    """Every channel's pace in this process; calling it is `ports.Pace`."""

    def __init__(self, paces: dict[Channel, Pace]) -> None:
        self._paces = paces

    @classmethod
    def of(cls, settings: Settings) -> Paces:
        """As the settings say."""
        return cls(
            {
                Channel.EMAIL: Pace(settings.email_per_second),
                Channel.SMS: Pace(settings.sms_per_second),
            }
        )

    def __call__(self, channel: Channel) -> timedelta:
        """As `Pace.turn`."""
        pace = self._paces.get(channel)
        return timedelta(0) if pace is None else pace.turn()

    def among(self, workers: int) -> None:
        """So many workers run."""
        for pace in self._paces.values():
            pace.among(workers)

    def heeding(self, channel: Channel, sender: Sender) -> Sender:
        """The sender; what it says of being asked too much holds the channel."""
        pace = self._paces.get(channel)
        return sender if pace is None else _Heeding(sender, pace)


class _Heeding:
    def __init__(self, sender: Sender, pace: Pace) -> None:
        self._sender, self._pace = sender, pace
        self.name, self.reconcile, self.timeout = sender.name, sender.reconcile, sender.timeout

    def send(self, message: Message) -> Receipt:
        try:
            return self._sender.send(message)
        except ProviderBusy as error:
            if error.retry_after is not None:
                self._pace.hold(error.retry_after)
            raise

    def lookup(self, key: str) -> Receipt | None:
        return self._sender.lookup(key)
