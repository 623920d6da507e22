"""What long comparisons share: progress on stderr, a clean end on Ctrl-C, and an exit code for what could not be
compared that differs from that of a difference."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

import typer

from doorstep.cli import base
from doorstep.errors import DoorstepError

INCOMPARABLE = 2
INTERRUPTED = 130


class Progress:
    """One line that is written over in a terminal; elsewhere (a log of CI) only each tenth of the way."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._said = ""

    def __call__(self, line: str) -> None:
        if self._terminal:
            sys.stderr.write(f"\r\x1b[2K{line[:99]}")
            sys.stderr.flush()
            return
        stem = line.split()[0] if line else ""
        if stem != self._said:
            base.report(line)
        self._said = stem

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._terminal:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


@contextmanager
def as_interrupt() -> Iterator[None]:
    """SIGTERM is a Ctrl-C (`timeout` and CI send it), and both are heard in the background of a script too."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def mendable(as_json: bool) -> Iterator[None]:
    """What a person can mend ends the command with code 2; Ctrl-C and SIGTERM end it after the cleaning up."""
    try:
        with as_interrupt():
            yield
    except DoorstepError as error:
        if as_json:
            typer.echo(json.dumps({"error": {"code": error.code, "what": error.what, "mend": error.mend}}))
        base.report(f"doorstep: {error}")
        raise typer.Exit(INCOMPARABLE) from None
    except KeyboardInterrupt:
        base.report("doorstep: stopped; nothing is left behind.")
        raise typer.Exit(INTERRUPTED) from None
