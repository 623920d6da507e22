"""A serving process collects garbage cycles at moments of its own choosing."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from doorstep import garbage
from doorstep.garbage import Collector, Turnover
from doorstep.models.base import Database


class Knot:
    """Refers to itself: only a collection frees it."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(garbage, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(garbage, "YOUNG", 1_000)
    yield
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def within(seconds: float, true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


def knots(count: int = 2_000) -> list[weakref.ref[Knot]]:
    return [weakref.ref(Knot()) for _ in range(count)]


def test_cycles_go_without_python_asking_by_itself() -> None:
    collector = Collector().start()
    try:
        assert not gc.isenabled()
        left = knots()
        assert within(60, lambda: all(ref() is None for ref in left))
    finally:
        collector.stop()


def test_what_leaves_a_cache_is_looked_for_among_the_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """What lived long and then became a cycle waits for a whole collection: one comes when many have left."""
    monkeypatch.setattr(garbage, "YOUNG_LOOKS", 1_000_000)
    turnover = Turnover(room=10)
    collector = Collector(gone=turnover.gone).start()
    try:
        old = [Knot() for _ in range(100)]
        gc.collect(1)  # whoever lives on is old now
        left = [weakref.ref(knot) for knot in old]
        old.clear()
        for _ in range(10 + garbage.GONE - 1):
            turnover.another()
        young = knots()
        assert within(60, lambda: all(ref() is None for ref in young))
        assert all(ref() is not None for ref in left)
        turnover.another()
        more = knots()
        assert within(60, lambda: all(ref() is None for ref in [*left, *more]))
    finally:
        collector.stop()


def test_not_while_somebody_in_the_process_writes(database: Database) -> None:
    """A thread that holds the write lock is not stopped with it in its hands."""
    if not database.is_sqlite:
        with database.still():  # nobody waits for anybody there
            return
    collector = Collector(database.still).start()
    try:
        with database.writing():
            left = knots()
            assert not within(0.3, lambda: left[0]() is None)
        assert within(60, lambda: all(ref() is None for ref in left))
    finally:
        collector.stop()


def test_a_database_that_never_stands_still_puts_nothing_off_for_good() -> None:
    @contextmanager
    def busy() -> Iterator[None]:
        raise TimeoutError
        yield

    collector = Collector(busy).start()
    try:
        left = knots()
        assert within(60, lambda: all(ref() is None for ref in left))
    finally:
        collector.stop()


def test_a_quiet_process_looks_at_nothing() -> None:
    """What is alive for good is not gone through again and again."""
    seen: list[int] = []
    collector = Collector().start()
    gc.callbacks.append(lambda phase, info: seen.append(threading.get_ident()))
    try:
        time.sleep(0.1)
    finally:
        gc.callbacks.pop()
        collector.stop()
    assert seen == []


def test_rarely_is_for_as_long_as_somebody_wants_it_and_leaves_others_alone() -> None:
    """Of several at once the last gives back what Python had; a process that looks less often, or never, goes on so."""
    before = gc.get_threshold()
    gc.set_threshold(500, *before[1:])
    try:
        with garbage.rarely():
            with garbage.rarely():
                assert gc.get_threshold() == (garbage.YOUNG, *before[1:])
            assert gc.get_threshold() == (garbage.YOUNG, *before[1:])
        assert gc.get_threshold() == (500, *before[1:])
        for own in (0, garbage.YOUNG * 3):
            gc.set_threshold(own)
            with garbage.rarely():
                assert gc.get_threshold()[0] == own
            assert gc.get_threshold()[0] == own
    finally:
        gc.set_threshold(*before)
