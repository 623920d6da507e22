"""How a rehearsed workflow ends, answers and fails: the SDK's failures as exceptions a person can read."""

from __future__ import annotations

import asyncio.events
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter
from temporalio.exceptions import CancelledError, TimeoutError, TimeoutType
from temporalio.worker.workflow_sandbox import RestrictedWorkflowAccessError

from doorstep.errors import Conflict, nearest
from doorstep.rehearsal import _sdk
from doorstep.rehearsal._sdk.protocol import QueryResult, UpdateResponse
from doorstep.rehearsal.blocking import BlockedError
from doorstep.rehearsal.trouble import (
    Blocking,
    NotDeterministic,
    Place,
    Quits,
    RehearsalError,
    Spinning,
    WorkflowTaskFailed,
    authors,
    is_authors,
)
from doorstep.rehearsal.unread import run_of, unread

if TYPE_CHECKING:
    from doorstep.rehearsal.execution import Execution

#: the commands that end a run
ENDS = (
    "complete_workflow_execution",
    "fail_workflow_execution",
    "cancel_workflow_execution",
    "continue_as_new_workflow_execution",
)

_LOOPED = "loops without waiting", "Wait for an event or a moment in the loop."
_COMPUTES = "computes without end", "Compute less in a task; what takes long belongs into an activity."
_BLOCKED, _REFUSED = _MISDEEDS = (BlockedError.__name__, RestrictedWorkflowAccessError.__name__)
"""What the guard of a turn raises, and the SDK's sandbox."""
#: how the latter says what it refused
_RESTRICTED = re.compile(r"Cannot access (?P<name>[\w.]+?)(\.__call__)? from inside a workflow")
_CHANCE = ("random", "secrets", "uuid", "datetime", "time", "os", "zoneinfo")
_OS_CHANCE = ("os.urandom", "os.getrandom")
_STEADY = (
    "Use workflow.now(), workflow.random() and workflow.uuid4(); in a journey self.now and self.variant."
)
_SURROUNDINGS = "What a journey has to know of its surroundings comes with its start, or from an activity."
_REACH_OUT = "Wait with the workflow's own timers; reach outside through activities."
_LOOPS = Path(asyncio.events.__file__)
"""Where asyncio says what every event loop must have."""
_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>\S+)')


@dataclass(frozen=True, slots=True)
class Ending:
    """The command with which the workflow ended."""

    kind: str
    command: Any

    def result(self, type_: type[Any] | None, converter: DataConverter) -> Any:
        """What it returned. Raises its failure if there is one."""
        failed = self.failure(converter)
        if failed is not None:
            raise failed
        return decoded(self.command.result, type_, converter)

    def failure(self, converter: DataConverter) -> BaseException | None:
        """Why it failed or was cancelled, else None."""
        if self.kind == "cancel_workflow_execution":
            return CancelledError("The workflow was cancelled.")
        if self.kind == "fail_workflow_execution":
            return raised(self.command.failure, converter)
        if self.kind == "timed_out":
            kind = TimeoutType.START_TO_CLOSE
            return TimeoutError("The run took longer than it may.", type=kind, last_heartbeat_details=[])
        return None


class Update:
    """One update and what became of it."""

    def __init__(self, id: str, name: str, type_: type[Any] | None, converter: DataConverter) -> None:
        self.id, self.name = id, name
        self._type, self._converter = type_, converter
        self._completed: Payload | None = None
        self._rejected: Failure | None = None
        self.accepted = False

    @property
    def done(self) -> bool:
        """Its handler has ended, or it was refused."""
        return self._completed is not None or self._rejected is not None

    @property
    def result(self) -> Any:
        """The handler's answer. Raises its failure; `ValueError` while it is under way."""
        if self._rejected is not None:
            raise raised(self._rejected, self._converter)
        if self._completed is None:
            raise ValueError(f"The update '{self.name}' ({self.id}) has not ended.")
        return decoded(self._completed, self._type, self._converter)

    def hear(self, response: UpdateResponse) -> None:
        """The workflow's word on it."""
        said = response.WhichOneof("response")
        if said == "accepted":
            self.accepted = True
        elif said == "rejected":
            self._rejected = response.rejected
        else:
            self._completed = response.completed


def decoded(payload: Payload, type_: type[Any] | None, converter: DataConverter) -> Any:
    """One payload as a value of a type (None: as its JSON says)."""
    return _sdk.decoded(converter, [payload], None if type_ is None else [type_])[0]


def raised(failure: Failure, converter: DataConverter) -> BaseException:
    """A failure as the SDK's exception."""
    return converter.failure_converter.from_failure(failure, converter.payload_converter)


def answer(engine: Execution, told: QueryResult, type_: type[Any] | None) -> Any:
    """A query's answer. Raises what its handler raised."""
    if told.HasField("failed"):
        raise misdeed(engine, told.failed) or raised(told.failed, engine.converter)
    return decoded(told.succeeded.response, type_, engine.converter)


def named(kind: str, asked: Any) -> str:
    """What a command is about, in a word."""
    if kind in ("start_timer", "cancel_timer"):
        return str(asked.seq)
    if kind in ("schedule_activity", "schedule_local_activity"):
        return str(asked.activity_type)
    if kind == "set_patch_marker":
        return str(asked.patch_id)
    if kind == "start_child_workflow_execution":
        return str(asked.workflow_type)
    if kind == "signal_external_workflow_execution":
        return str(asked.signal_name)
    if kind == "update_response":
        return f"{asked.protocol_instance_id} {asked.WhichOneof('response')}"
    return str(asked.seq) if "seq" in asked.DESCRIPTOR.fields_by_name else ""


def ends(command: _sdk.Said) -> bool:
    """Whether a command ends the run. Like the SDK's core, the engine obeys it after the others of its task."""
    return command.WhichOneof("variant") in ENDS


def closed(workflow_id: str, kind: str, name: str) -> Conflict:
    """The error for what comes to a workflow that has ended."""
    return Conflict(f"{workflow_id} has ended; '{name or kind}' comes too late.")


def told(engine: Execution, error: _sdk.TurnError) -> Exception:
    """An error of the instance with file, line, virtual time and what had happened until then."""
    if isinstance(error, _sdk.StuckError) and error.waited:
        return Blocking(
            "The workflow does not come back: it waits for something outside",
            at=engine.now,
            log=engine.log,
            place=error.place,
            mend=_REACH_OUT,
        )
    if isinstance(error, _sdk.StuckError):
        how, mend = _COMPUTES if error.computed else _LOOPED
        what = f"The workflow does not come back: it {how}"
        return Spinning(what, at=engine.now, log=engine.log, place=error.place, mend=mend)
    if isinstance(error, _sdk.QuitError):
        return Quits(
            f"The workflow quits: {error}",
            at=engine.now,
            log=engine.log,
            place=error.place,
            mend="Return from the workflow to end it; what only a worker's own process may raise ends nothing.",
        )
    return _failed(engine, error.failure) if isinstance(error, _sdk.TaskFailedError) else error


def _failed(engine: Execution, failure: Failure) -> RehearsalError:
    kind, message = failure.application_failure_info.type, failure.message.rstrip(".")
    places = traced(failure)
    definition = engine.definition_of(engine._start.workflow_type)
    told: dict[str, Any] = {"at": engine.now, "log": engine.log, "place": _blamed(places, definition)}
    if kind == "NotImplementedError" and places and Path(places[-1].file) == _LOOPS:
        asked = places[-1].function  # threads, connections, processes: a workflow's loop has none
        return Blocking(
            f"The workflow asks asyncio to {asked}, which reaches outside", mend=_REACH_OUT, **told
        )
    if kind == _BLOCKED:
        return Blocking(f"The workflow blocks ({message.partition(' ')[0]})", mend=_REACH_OUT, **told)
    if kind == _REFUSED:
        refused = _RESTRICTED.search(message)
        if refused is None:  # sentences of our own
            what, _, mend = message.partition(": ")
            return NotDeterministic(what, mend=f"{mend[:1].upper()}{mend[1:]}." if mend else "", **told)
        name = refused["name"]
        if name.split(".")[0] in _CHANCE and name != "time.sleep":
            around = name.startswith("os.") and name not in _OS_CHANCE
            mend = _SURROUNDINGS if around else _STEADY
            return NotDeterministic(
                f"The workflow uses {name}, which differs from run to run", mend=mend, **told
            )
        return Blocking(f"The workflow uses {name}, which blocks or reaches outside", mend=_REACH_OUT, **told)
    wrong = unread(failure, definition, engine._start.arguments, engine.converter)
    if wrong is not None and (kind != "TypeError" or told["place"] is None):
        what, mend, place = wrong
        return WorkflowTaskFailed(what, at=engine.now, log=engine.log, place=place, mend=mend)
    return WorkflowTaskFailed(f"{kind or 'Error'}: {message}", **told)


def _blamed(places: list[Place], definition: _sdk.Definition) -> Place | None:
    """Where the author looks: where only Doorstep's own code is on the way (an answer that no converter takes, a
    mistake that shows after the journey's last line), at the journey's `run`."""
    place = authors(places)
    if place is None or is_authors(place.file):
        return place
    run = run_of(definition)
    return run if is_authors(run.file) else place


def misdeed(engine: Execution, failure: Failure) -> RehearsalError | None:
    """Of an update that was rejected or a query that failed: that its code asked for clock or chance, or blocks. To a
    caller of the workflow that is an answer like another, which would be another the next time."""
    if failure.application_failure_info.type in _MISDEEDS:
        return _failed(engine, failure)
    return misdeed(engine, failure.cause) if failure.HasField("cause") else None


def traced(failure: Failure) -> list[Place]:
    """The places of a failure's traceback, outermost first, its causes' included."""
    found = [Place(m["file"], int(m["line"]), m["function"]) for m in _FRAME.finditer(failure.stack_trace)]
    return found + (traced(failure.cause) if failure.HasField("cause") else [])


def no_activity(engine: Execution, name: str, known: Iterable[str]) -> RehearsalError:
    """The error for an activity nobody plays."""
    names = sorted(known)
    return RehearsalError(
        f"The workflow asked for the activity '{name}', and nobody plays it",
        at=engine.now,
        log=engine.log,
        mend=f"{nearest(name, names)} Give the engine a function for it; it has {', '.join(names) or 'none'}.".strip(),
    )
