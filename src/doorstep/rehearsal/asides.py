"""What a journey's author prints and logs while stories are played: told once, by the story's own clock, and never
among what a command answers on stdout."""

from __future__ import annotations

import inspect
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from temporalio import workflow

from doorstep.domain.moments import zone
from doorstep.rehearsal.trouble import is_library
from doorstep.workflows import registry

_OURS = str(Path(registry.__file__).parent)
_LOG = logging.getLogger("temporalio.workflow")
_to_come: set[int] = set()
"""Threads on which what is played has not happened."""


@contextmanager
def ahead() -> Iterator[None]:
    """Of what this thread plays nothing is logged: in a server's log it would be a line among those of what happened,
    under the journey's own id."""
    thread = threading.get_ident()
    outer = thread in _to_come
    _to_come.add(thread)
    try:
        yield
    finally:
        if not outer:
            _to_come.discard(thread)


class _Happened(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return threading.get_ident() not in _to_come


_LOG.addFilter(_Happened())


@contextmanager
def unheard() -> Iterator[None]:
    """Nothing of it: these stories are played again, or by the thousand."""
    before = logging.root.manager.disable
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(before)


@contextmanager
def heard(say: Callable[[str], None]) -> Iterator[Callable[[str, str], None]]:
    """What an author's code logs by `workflow.logger` goes to `say`, one line each with the story's own time; what it
    prints to stderr. What Doorstep's own code logs beside it the timeline shows. Answers what is to be called before
    each story, with its zone and how its lines begin."""
    where, begins = "UTC", ""

    def told(record: logging.LogRecord) -> bool:
        if _authors():
            at = workflow.now().astimezone(zone(where)) if workflow.in_workflow() else None
            when = f"{at:%a} {at.day:>2} {at:%b %H:%M:%S}  " if at else ""
            say(f"{begins}{when}{record.levelname.lower()}: {record.getMessage()}")
        return False

    def stands(zone_name: str, head: str = "") -> None:
        nonlocal where, begins
        where, begins = zone_name, head

    details = workflow.logger.workflow_info_on_message
    workflow.logger.workflow_info_on_message = (
        False  # which run of which type it is, the timeline's head tells
    )
    _LOG.addFilter(told)
    try:
        with redirect_stdout(sys.stderr):
            yield stands
    finally:
        _LOG.removeFilter(told)
        workflow.logger.workflow_info_on_message = details


def _authors() -> bool:
    """Whether an author's line is logging. Not by the record's own file: where structlog has been set up that is the
    logger's."""
    frame = inspect.currentframe()
    while (frame := frame.f_back if frame else None) is not None:
        if frame.f_code.co_filename.startswith(_OURS):
            return False
        if frame.f_code.co_filename != __file__ and not is_library(frame.f_code.co_filename):
            return True
    return True
