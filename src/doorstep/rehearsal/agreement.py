"""Whether code still says what a history recorded: the order of timers and activities, with their names."""

from __future__ import annotations

from collections.abc import Sequence

from temporalio.api.history.v1 import HistoryEvent

from doorstep.rehearsal.execution import Execution
from doorstep.rehearsal.log import Entry
from doorstep.rehearsal.recorded import RecordedTask
from doorstep.rehearsal.trouble import NotDeterministic

_TAKEN_BACK = {"cancel_timer": "start_timer", "request_cancel_activity": "schedule_activity"}
_ENDINGS = {
    "workflow_execution_completed": "complete_workflow_execution",
    "workflow_execution_failed": "fail_workflow_execution",
    "workflow_execution_canceled": "cancel_workflow_execution",
    "workflow_execution_continued_as_new": "continue_as_new_workflow_execution",
}
MEND = "Put the change behind workflow.patched, or publish it as a new version."

Said = tuple[str, str]


class Agreement:
    """Of one task: what was recorded, and what the code says now."""

    def __init__(self, execution: Execution, task: RecordedTask) -> None:
        self._execution, self._task = execution, task

    def check(self, log: Sequence[Entry]) -> None:
        """Raises `NotDeterministic` at the first command that differs. `log`: what the code said in the task."""
        wanted = [said for event in self._task.commands if (said := _recorded(event)) is not None]
        given = [(said, entry) for entry in self._kept(log) if (said := said_by(entry)) is not None]
        for n in range(max(len(wanted), len(given))):
            told = given[n][0] if n < len(given) else None
            if n >= len(wanted) or told != wanted[n]:
                raise NotDeterministic(
                    f"The code goes another way than the history: recorded was {_words(wanted, n)}, now it says "
                    f"{_words([g[0] for g in given], n)}",
                    at=self._execution.now,
                    log=self._execution.log,
                    place=given[n][1].place if n < len(given) else None,
                    mend=MEND,
                )

    def _kept(self, log: Sequence[Entry]) -> list[Entry]:
        """Without what never reaches the server: what was taken back in the same task, and the cancelling of a timer
        that had fired."""
        fired = {
            event.timer_fired_event_attributes.timer_id
            for event in self._task.happened
            if event.HasField("timer_fired_event_attributes")
        }
        dropped: set[int] = set()
        for n, entry in enumerate(log):
            undone = _TAKEN_BACK.get(entry.kind)
            if undone is None:
                continue
            if entry.kind == "cancel_timer" and entry.name in fired:
                dropped.add(n)
            for m in range(n):
                if log[m].kind == undone and log[m].told.seq == entry.told.seq:
                    dropped |= {m, n}
        return [entry for n, entry in enumerate(log) if n not in dropped]


def _recorded(event: HistoryEvent) -> Said | None:
    kind = (event.WhichOneof("attributes") or "").removesuffix("_event_attributes")
    if kind == "timer_started":
        return "start_timer", event.timer_started_event_attributes.timer_id
    if kind == "timer_canceled":
        return "cancel_timer", event.timer_canceled_event_attributes.timer_id
    if kind == "activity_task_scheduled":
        told = event.activity_task_scheduled_event_attributes
        return "schedule_activity", f"{told.activity_type.name} {told.activity_id}"
    return (_ENDINGS[kind], "") if kind in _ENDINGS else None


def said_by(entry: Entry) -> Said | None:
    """A command as it is compared: its kind and its number or name; None for what is not compared."""
    told = entry.told
    if entry.kind in ("start_timer", "cancel_timer"):
        return entry.kind, str(told.seq)
    if entry.kind == "schedule_activity":
        return entry.kind, f"{told.activity_type} {told.activity_id}"
    return (entry.kind, "") if entry.kind in _ENDINGS.values() else None


def _words(said: Sequence[Said], n: int) -> str:
    return "nothing" if n >= len(said) else f"'{in_words(said[n])}'"


def in_words(said: Said) -> str:
    """`schedule activity touch 7`."""
    return " ".join(said).strip().replace("_", " ")
