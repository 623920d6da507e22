"""A history in a file. What is wrong with one is told by its place, never by what stands there: it may be personal."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseError
from temporalio.client import WorkflowHistory

from doorstep.errors import Unreadable

MEND = "Take it from version control as it was, or record it anew (`doorstep versions record FOLDER --live`)."
_FIELD = re.compile(r"Failed to parse (\w+) field")


def from_file(file: Path) -> WorkflowHistory:
    """A history as Temporal's own JSON (`temporal workflow show --output json`, `doorstep versions record`). Raises
    `Unreadable`."""
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise _none(file, f"from its byte {error.start + 1} on it is no text in UTF-8") from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Unreadable(f"{file} cannot be read: {why}.", mend="Give a file that is there.") from error
    if not text.strip():
        raise _none(file, "it is empty")
    try:
        told = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _none(file, f"it is no JSON from {where} on, as where a file was cut off or edited") from error
    except RecursionError as error:
        raise _none(file, "its JSON is nested without end") from error
    return _history(file, told)


def _history(file: Path, told: Any) -> WorkflowHistory:
    events = told.get("events") if isinstance(told, dict) else None
    if not isinstance(events, list):
        raise _none(file, "it holds no list of 'events'")
    odd = next((n for n, event in enumerate(events, start=1) if not isinstance(event, dict)), None)
    if odd is not None:
        raise _none(file, f"entry {odd} of its 'events' is no event")
    try:
        history = WorkflowHistory.from_json(file.stem, told)
    except (ParseError, ValueError, TypeError, AttributeError, LookupError) as error:
        raise _none(file, _unread(file, events)) from error
    if not history.events or not history.events[0].HasField("workflow_execution_started_event_attributes"):
        raise _none(file, "it does not begin with a workflow's start")
    return history


def _unread(file: Path, events: list[dict[str, Any]]) -> str:
    """Which event it is, and which field of it, as far as can be told."""
    for number, event in enumerate(events, start=1):
        try:
            WorkflowHistory.from_json(file.stem, {"events": [dict(event)]})
        except (ParseError, ValueError, TypeError, AttributeError, LookupError) as error:
            field = next(iter(_FIELD.findall(str(error))[::-1]), "")
            inside = f" (its '{field}')" if field and field != "events" else ""
            return f"event {number} of it cannot be read{inside}"
    return "its events cannot be read"


def _none(file: Path, why: str) -> Unreadable:
    return Unreadable(f"{file} is no history: {why}.", mend=MEND)
