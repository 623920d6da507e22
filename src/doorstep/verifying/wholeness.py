"""Whether a history can be asked about at all: it is a journey's, and nothing of it is missing. Looked at once, here,
before two revisions are asked; theirs may be from before they could say so."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from temporalio.client import WorkflowHistory

from doorstep.errors import DoorstepError, Unreadable
from doorstep.rehearsal import recorded
from doorstep.rehearsal.history_files import MEND
from doorstep.rehearsal.premises import asked_of

_VERSION = re.compile(r".+\.v\d+")


@dataclass(frozen=True, slots=True)
class Unread:
    """A history that could not be read, by the name it goes by, and why."""

    id: str
    error: DoorstepError

    @property
    def why(self) -> str:
        """In words."""
        return f"{self.error.what} {self.error.mend}".strip()

    def alone(self) -> Unreadable:
        """What is raised where there is no other."""
        return Unreadable(f"{self.id}: {self.error.what}", mend=self.error.mend, code=self.error.code)


def ensure_whole(history: WorkflowHistory) -> None:
    """Raises `Unreadable` for a torn history, and for another application's. Its payloads must be opened."""
    for number, event in enumerate(history.events, start=1):
        if event.event_id != number:  # Temporal numbers them without a gap
            raise Unreadable(
                f"The history is torn: event {event.event_id} stands where {number} should be.", mend=MEND
            )
    try:
        _read(history)
    except DoorstepError:
        raise
    except Exception as error:  # of a foreign history anything may be missing, and be of any shape
        # no more than the error's name: its text may quote what the workflow was told
        raise Unreadable(f"It is no history of a journey ({type(error).__name__}).") from error


def _read(history: WorkflowHistory) -> None:
    """All that a revision will read of it, but the start as an object: the revisions may differ in what it is."""
    recording = recorded.read(list(history.events))
    if not _VERSION.fullmatch(recording.type):
        raise Unreadable(f"It is of a workflow '{recording.type[:60]}', which is no version of a journey.")
    payloads = recording.started.workflow_execution_started_event_attributes.input.payloads
    start: Any = json.loads(payloads[0].data) if payloads else None
    if not isinstance(start, dict) or "journey_id" not in start:
        raise Unreadable("It has no input that is a journey's start.")
    for asked in asked_of(history).values():
        _ = asked.key
    for task in recording.tasks:
        _ = task.patches
        recorded.local_ends(task.commands)
        for event in task.updates:
            recorded.update(event)
    for event in (*recording.unheard, *(e for task in recording.tasks for e in task.happened)):
        recorded.activity_end(event)
        recorded.job(event)
