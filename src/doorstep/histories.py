"""Release histories: what journeys of a release left in Temporal, kept as files that every later release must replay.

One event a line, without the name of the machine on which it was recorded. They hold no personal data, as no history
does.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from doorstep.converter import data_converter
from doorstep.errors import SetupError
from doorstep.rehearsal.history_files import from_file
from doorstep.sandbox import sandbox
from doorstep.workflows import registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of one history. `broken`: where this code went another way; empty when it did not."""

    file: Path
    type: str
    broken: str


def as_text(history: WorkflowHistory) -> str:
    """A history as it is committed."""
    lines = [json.dumps(event, separators=(",", ":")) for event in json.loads(history.to_json())["events"]]
    text = re.sub(r'"identity":"[^"]*"', '"identity":"worker"', ",\n".join(lines))
    text = re.sub(r'"name":"[^"]*-[0-9a-f]{32}"', '"name":"sticky"', text)
    return f'{{"events":[\n{text}\n]}}\n'


def type_of(text: str) -> str:
    """The workflow type of a committed history. Raises `SetupError` when it is none."""
    try:
        first = json.loads(text)["events"][0]
        return str(first["workflowExecutionStartedEventAttributes"]["workflowType"]["name"])
    except (ValueError, LookupError, TypeError) as error:
        raise SetupError("It is no history.", mend="Take it from version control as it was.") from error


def files_in(folder: Path) -> list[Path]:
    """Every history below a folder. Raises `SetupError` when there is none: a check of nothing proves nothing."""
    found = sorted(folder.rglob("*.json"))
    if not found:
        raise SetupError(
            f"There are no histories in {folder}.", mend="Record some: `doorstep versions record`."
        )
    return found


async def replay(files: Iterable[Path], packages: Iterable[str] = ()) -> list[Replayed]:
    """Replays each through the journeys of this code, sandboxed as a worker runs them. Temporal compares the order
    of commands, an activity's type and a timer's number: a changed duration or input passes (docs/versions.md). Raises
    `Unreadable` for a file that is no history, before any is replayed."""
    registry.load(packages)
    journeys = registry.journeys()
    replayer = Replayer(
        workflows=list(journeys.values()), workflow_runner=sandbox(), data_converter=data_converter()
    )
    told: dict[Path, Replayed] = {}
    known: dict[Path, WorkflowHistory] = {}
    for file in files:
        history = from_file(file)
        kind = history.events[0].workflow_execution_started_event_attributes.workflow_type.name
        told[file] = Replayed(file=file, type=kind, broken=f"There is no code of {kind} here.")
        if kind in journeys:
            known[file] = history

    async def coming() -> AsyncIterator[WorkflowHistory]:
        for history in known.values():
            yield history

    if known:
        # one worker for all of them: starting it is most of what one takes. Their order is the results' order
        async with replayer.workflow_replay_iterator(coming()) as results:
            for file in known:
                result = await anext(results)
                told[file] = replace(told[file], broken=str(result.replay_failure or ""))
    return list(told.values())
