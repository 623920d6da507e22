"""Workflows that turn in circles: how many tasks in an instant, and how long a history, are too many, and the author's
line that goes round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from temporalio.api.failure.v1 import Failure

from doorstep.rehearsal import _sdk
from doorstep.rehearsal.trouble import Place, Spinning, is_authors

if TYPE_CHECKING:
    from doorstep.rehearsal.execution import Execution

#: workflow tasks in one instant before a workflow is said to spin
TASKS_IN_AN_INSTANT = 1000
#: so many tasks, or events of history, before that it is noted where commands are given: the last ones tell the loop
_TASKS_NOTED, _EVENTS_NOTED = 50, 1000
GENERATIONS = 100
"""Children of children, before that is taken for one without end."""
TRIES = 20_000
"""Attempts before that is taken for one without end: with the longest pause between two by default, three weeks."""
NOTED_FROM = (TASKS_IN_AN_INSTANT - _TASKS_NOTED, _sdk.LONGEST_HISTORY - _EVENTS_NOTED)


def look_closely(execution: Execution, tasks: int, length: int) -> None:
    """With so many tasks in this instant and so long a history: raises `Spinning` for a workflow that does; of one that
    is about to, notes the lines."""
    if tasks > TASKS_IN_AN_INSTANT or length > _sdk.LONGEST_HISTORY:
        raise _spinning(execution, tasks)
    if not execution.traced:
        execution.traced = True
        if execution._machine is not None:
            execution._machine.trace()


def tried_for_ever(execution: Execution, what: str, failure: Failure | None) -> Spinning:
    """The error for an activity or a child that always fails and is always tried again."""
    why = "" if failure is None else failure.message
    return _told(
        execution,
        f"The {what} failed {TRIES} times and is tried again for ever ({why or 'it says nothing of why'})",
        "Limit it with maximum_attempts or schedule_to_close_timeout, or let it come to an end.",
    )


def endless_line(execution: Execution, generations: int) -> Spinning:
    """The error for children of children without end."""
    what = f"The workflow spins: {generations} generations of children"
    return _told(execution, what, "Start a child only while there is less left to do.")


def _spinning(execution: Execution, tasks: int) -> Spinning:
    how = (
        f"{TASKS_IN_AN_INSTANT} tasks in one instant"
        if tasks > TASKS_IN_AN_INSTANT
        else f"{_sdk.LONGEST_HISTORY} events of history, at which a server ends a workflow"
    )
    return _told(execution, f"The workflow spins: {how}", "Wait for an event or a later moment in the loop.")


def _told(execution: Execution, what: str, mend: str) -> Spinning:
    return Spinning(what, at=execution.now, log=execution.log, place=_spins_at(execution), mend=mend)


def _spins_at(execution: Execution) -> Place | None:
    """The author's line that gave the last command; failing that, where it waits."""
    noted = (entry.place for entry in reversed(execution.log[-_EVENTS_NOTED:]))
    last = next((place for place in noted if place is not None and is_authors(place.file)), None)
    return last or (execution._machine.waits_at() if execution._machine else None)
