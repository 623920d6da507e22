"""How a process dies, how two of them meet, and what must hold whatever happens."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from doorstep.domain.messages import Purpose
from doorstep.domain.outcomes import FINAL_STATES, Outcome, OutcomeKind, TouchState
from doorstep.domain.touches import TouchRequest
from doorstep.errors import ProviderRefused
from doorstep.touch import perform
from doorstep.touch.ledger import is_ambiguous
from fakes import World


class Died(BaseException):
    """The process is gone: no handler of ours runs."""


@dataclass
class Mortal:
    """Dies at the boundaries of these numbers, counted over the whole life of the touch."""

    at: frozenset[int]
    passed: int = 0
    names: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> None:
        self.names.append(name)
        self.passed += 1
        if self.passed - 1 in self.at:
            raise Died(name)


def run_to_end(
    world: World,
    request: TouchRequest,
    at: datetime,
    *,
    between: Iterator[Callable[[World], None]] | None = None,
) -> tuple[Outcome, datetime]:
    """What Temporal and the journey do: call again after a death or a refusal, come back when deferred. After
    each call the invariants are checked, and `between` may change what is true of the person."""
    for _ in range(200):
        try:
            outcome = perform(world.ports, request, at)
        except (Died, ProviderRefused):
            at += timedelta(seconds=7)
        else:
            if outcome.kind is not OutcomeKind.DEFERRED:
                check(world, ended=True)
                return outcome, at
            assert outcome.until is not None
            at = max(outcome.until, at + timedelta(seconds=1))
        check(world)
        if between is not None:
            next(between)(world)
    raise AssertionError("a touch that never ends")


def check(world: World, *, ended: bool = False) -> None:
    """accepted ⊆ what providers took ⊆ accepted ∪ unknown (∪ under way, until it ended); marketing at most
    once."""
    rows = world.rows
    taken = Counter(message.key for message in world.taken)
    for key, row in rows.items():
        if row.state is TouchState.ACCEPTED:
            assert taken[key] >= 1, "accepted, and no provider took it"
        if row.request.purpose is Purpose.MARKETING:
            assert taken[key] <= 1, "marketing twice"
        if ended:
            assert row.state in FINAL_STATES
    for key in taken:
        under_way = is_ambiguous(rows[key]) and not ended
        assert under_way or rows[key].state in (TouchState.ACCEPTED, TouchState.UNKNOWN), (
            "taken, and not told"
        )


def interleave[T](world: World, calls: Sequence[Callable[[], T]], schedule: Iterable[int]) -> list[T]:
    """Runs the calls side by side, one step from boundary to boundary at a time, in the order `schedule`
    names them. Nobody comes in while a lock is held."""
    turns = [threading.Semaphore(0) for _ in calls]
    back = threading.Semaphore(0)
    results: dict[int, T] = {}
    local = threading.local()

    def step(name: str) -> None:
        if name != "commit":
            back.release()
            turns[local.number].acquire()

    def live(number: int) -> None:
        local.number = number
        turns[number].acquire()
        try:
            results[number] = calls[number]()
        finally:
            alive.remove(number)
            back.release()

    alive = list(range(len(calls)))
    world.store.at_boundary = step
    threads = [threading.Thread(target=live, args=(number,), daemon=True) for number in alive]
    for thread in threads:
        thread.start()
    order = iter(schedule)
    while alive:
        turns[alive[next(order, 0) % len(alive)]].release()
        back.acquire()
    for thread in threads:
        thread.join()
    world.store.at_boundary = lambda name: None
    return [results[number] for number in range(len(calls))]
