"""Workflows that hold on when they are interrupted, and how they are rehearsed in a process of their own: were one not
let go of, it would hold the tests."""

from __future__ import annotations

import json
import re
import signal
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import workflow

_WILD = "(a+)+$"


class Stubborn:
    """A day passes before they misbehave."""

    async def a_day(self) -> None:
        await workflow.sleep(timedelta(days=1))


@workflow.defn
class Swallows(Stubborn):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        while True:
            try:
                len("x")  # here
            except BaseException:  # noqa: BLE001 - that is its mischief
                pass


@workflow.defn
class SwallowsTwice(Stubborn):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        while True:
            try:
                while True:
                    try:
                        while True:
                            len("x")  # here
                    except BaseException:  # noqa: BLE001
                        pass
            except BaseException:  # noqa: BLE001
                continue


@workflow.defn
class Matches(Stubborn):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        re.match(_WILD, "a" * 60 + "b")  # here


numbers = 10**7
"""So many take longer here than anybody waits (`main`)."""


@workflow.defn
class Sums(Stubborn):
    """In C, which lets no other thread look at it meanwhile."""

    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        sum(range(numbers))  # here


@workflow.defn
class LocksTwice(Stubborn):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()  # here


@workflow.defn
class WaitsForAThread(Stubborn):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        threading.Event().wait()  # here


@workflow.defn
class WaitsAndGoesOn(Stubborn):
    """It comes to its end, once it was interrupted."""

    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        try:
            threading.Event().wait()  # here
        except BaseException:  # noqa: BLE001
            pass


@workflow.defn
class ReadsAPipe(Stubborn):
    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        with open(sys.argv[3]) as pipe:  # noqa: ASYNC230 # here
            pipe.read()


@workflow.defn
class HearsNothing(Stubborn):
    """Nothing reaches it."""

    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGURG})
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()  # here


@workflow.defn
class Busy(Stubborn):
    """It says that it has begun, and is then to be interrupted by a person."""

    @workflow.run
    async def run(self) -> None:
        await self.a_day()
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        while True:
            len("x")


def rehearsed(cls: type[Any], *, sandboxed: bool) -> dict[str, Any]:
    """How a rehearsal of it ends, and what is left of the guard afterwards."""
    from doorstep.rehearsal.engine import Engine
    from doorstep.rehearsal.trouble import RehearsalError

    told = {"kind": "", "line": 0, "what": ""}
    try:
        with Engine(
            cls, workflow_id="stubborn", start=datetime(2026, 1, 1, tzinfo=UTC), sandboxed=sandboxed
        ) as engine:
            engine.run()
    except RehearsalError as error:
        told = {"kind": type(error).__name__, "line": error.line, "what": error.what}
    return told | {"undisturbed": undisturbed()}


def before(number: int, frame: Any) -> None:
    """Who hears the signal when no workflow has its turn."""


def undisturbed() -> bool:
    """Whether code that swallows, waits and takes its time meets nothing of what ended the turn."""
    met = []
    began = time.thread_time()
    while time.thread_time() - began < 1:
        try:
            len("x")
        except BaseException as error:  # noqa: BLE001
            met.append(error)
    tools = [n for n in range(6) if sys.monitoring.get_tool(n) is not None]
    return not met and not tools and signal.getsignal(signal.SIGURG) in (before, signal.SIG_DFL)


def main() -> None:
    """`Class sandboxed [pipe]`: one line of JSON."""
    from tests.rehearsal import stubborn

    from doorstep.rehearsal import guard

    cls = getattr(stubborn, sys.argv[1])
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGURG, before)
    guard.STUCK_AFTER, guard.WAITS_AFTER, guard.ENDS_AFTER = 0.5, 2.0, 60.0
    if cls is stubborn.Sums:
        began = time.perf_counter()
        sum(range(10**7))
        stubborn.numbers = int(10**7 * 2 * guard.WAITS_AFTER / (time.perf_counter() - began))
    if cls is stubborn.HearsNothing:
        guard.ENDS_AFTER = 1.0
    if cls is stubborn.Busy:
        guard.STUCK_AFTER = guard.WAITS_AFTER = 600.0
    try:
        said = json.dumps(rehearsed(cls, sandboxed=sys.argv[2] == "True"))
    except KeyboardInterrupt:
        said = "Ctrl-C"
    sys.stdout.write(said + "\n")


def main_as_a_command() -> None:
    """The same, where a command has put its own handler in Python's place."""
    from doorstep.cli.progress import as_interrupt

    with as_interrupt():
        main()


def main_elsewhere() -> None:
    """The same on another thread, where no signal is heard."""
    thread = threading.Thread(target=main)
    thread.start()
    thread.join()
