"""What a rehearsal does not play: other workflows, unless its engine was given their classes. Their code may be another
team's, their answers another server's; an engine that made them up would show a future that never comes.
docs/decisions/0017 says more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doorstep.errors import nearest
from doorstep.rehearsal import _sdk, proving
from doorstep.rehearsal.trouble import Place, Refused, RehearsalError

if TYPE_CHECKING:
    from doorstep.rehearsal.execution import Execution

_ASKED = {
    "start_child_workflow_execution": ("starts a child workflow", "workflow_type"),
    "signal_external_workflow_execution": ("signals another workflow", "signal_name"),
    "request_cancel_external_workflow_execution": ("cancels another workflow", ""),
    "schedule_nexus_operation": ("calls a Nexus operation", "operation"),
    "continue_as_new_workflow_execution": ("continues as another type", "workflow_type"),
}
_MEND = (
    "A journey needs no other workflow: what happens elsewhere reaches it as an event, and it reaches out through "
    "activities. An engine of your own plays those whose classes it is given (`workflows=`)."
)


def refusal(engine: Execution, command: _sdk.Said, place: Place | None) -> Refused:
    """The error for a command that is not played, with the line that gave it."""
    kind = command.WhichOneof("variant") or ""
    words, names = _ASKED.get(kind, (f"asks for '{kind.replace('_', ' ')}'", ""))
    asked: Any = getattr(command, kind)
    name = f" '{getattr(asked, names)}'" if names else ""
    near = ""
    if (company := engine._company) is not None and names:
        known = company.classes if names == "workflow_type" else company.book
        wanted = asked.workflow_type if names == "workflow_type" else asked.workflow_execution.workflow_id
        near = nearest(wanted, known)
    return Refused(
        f"The workflow {words}{name}, which a rehearsal does not do",
        at=engine.now,
        log=engine.log,
        place=place or _where(engine, command),
        mend=f"{near} {_MEND}".strip(),
    )


def _where(engine: Execution, command: _sdk.Said) -> Place | None:
    """The line, where the engine did not trace: everything is carried out once more, traced."""
    machine: _sdk.Machine | None = None
    try:
        for turn in engine.turns:
            if machine is None or machine.start is not turn.start:
                machine = proving.machine_of(engine, turn)
            machine.activate(turn.jobs, at=turn.at, length=turn.length)
    except (RehearsalError, _sdk.TurnError):
        return None
    given = list(engine.turns[-1].commands)
    number = next((n for n, one in enumerate(given) if one is command), len(given))
    places = machine.places if machine is not None else []
    return places[number] if number < len(places) else None
