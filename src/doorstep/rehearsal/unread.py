"""What a workflow was given, or told later, and cannot be read as its code declares: which argument, as which type, and
why. Never the value itself, which may be anybody's."""

from __future__ import annotations

import inspect
import linecache
import re
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter

from doorstep.rehearsal import _sdk
from doorstep.rehearsal.trouble import Place, is_authors

_MEND = (
    "Start it with what `run` takes, or let `run` read what there is: what is new in it needs a default as long as "
    "workflows run that were started without."
)
_MARK = "Mark it `@workflow.init`: it is then given what `run` takes."
_UNREAD = "Failed decoding arguments"
"""How the SDK says so, whatever was to be read."""
_AT_THE_START = "_make_workflow_input"
_PYDANTIC = re.compile(
    r"\d+ validation errors? for (?P<type>\S+)\n(?:(?P<field>\S.*)\n)?  (?P<why>.+?) \[type="
)


def unread(
    failure: Failure, definition: _sdk.Definition, given: Sequence[Payload], converter: DataConverter
) -> tuple[str, str, Place | None] | None:
    """Of a workflow task that failed for it: what was wrong, how to mend it and where. None: for something else.
    `given`: the arguments the run was started with."""
    run = definition.sdk.run_fn
    if (
        failure.application_failure_info.type == "TypeError"
    ):  # as many arguments as it declares are read without types
        if failure.message.startswith(f"{run.__qualname__}() "):
            return failure.message.rstrip("."), _MEND, run_of(definition)
        return _unmade(failure, definition) or _unheard(failure, definition)
    if failure.message != _UNREAD:
        return None
    if _AT_THE_START not in failure.stack_trace:
        cause = failure.cause
        return (
            f"What was answered to the workflow cannot be read{_pydantics(cause) or _said(cause)}",
            "",
            None,
        )
    names = [*inspect.signature(run).parameters][1:]
    hints: Sequence[Any] = definition.sdk.arg_types or ()
    for name, hint, payload in zip(names, hints, given, strict=False):
        why = _why(payload, hint, converter)
        if why:
            type_ = hint.__name__ if isinstance(hint, type) else str(hint)
            what = f"The argument '{name}' of the workflow '{definition.type}' cannot be read as {type_}{why}"
            return what, _MEND, run_of(definition)
    return f"The arguments of the workflow '{definition.type}' cannot be read", _MEND, run_of(definition)


def _unmade(failure: Failure, definition: _sdk.Definition) -> tuple[str, str, Place | None] | None:
    """Of an `__init__` that takes other arguments than it is given: as `unread`."""
    made: Any = definition.cls.__init__
    if not failure.message.startswith(f"{made.__qualname__}() "):
        return None
    mend = _MEND if hasattr(made, "__temporal_workflow_init") else _MARK
    return failure.message.rstrip("."), mend, _line(made)


def _unheard(failure: Failure, definition: _sdk.Definition) -> tuple[str, str, Place | None] | None:
    """Of a signal or an update that came with other arguments than its handler takes: as `unread`."""
    heard = [("signal", name, one.fn) for name, one in definition.sdk.signals.items()]
    heard += [("update", name, one.fn) for name, one in definition.sdk.updates.items()]
    for kind, name, handler in heard:
        if failure.message.startswith(f"{handler.__qualname__}() "):
            takes = [
                str(one.replace(annotation=one.empty))
                for one in inspect.signature(handler).parameters.values()
            ]
            what = f"The {kind} '{name or 'of any name'}' came with other arguments than its handler takes"
            mend = f"{failure.message.rstrip('.')}: send it ({', '.join(takes[1:])})."
            return what, mend, _line(inspect.unwrap(handler))
    return None


def _why(payload: Payload, hint: Any, converter: DataConverter) -> str:
    try:
        _sdk.decoded(converter, [payload], [hint])
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        return _told(".".join(map(str, first["loc"])), first["msg"])
    except Exception as error:  # noqa: BLE001 - whatever a converter raises
        return f": {type(error).__name__}"
    return ""


def _pydantics(cause: Failure) -> str:
    found = _PYDANTIC.match(cause.message)
    return f" as {found['type']}{_told(found['field'] or '', found['why'])}" if found is not None else ""


def _said(cause: Failure) -> str:
    kind = cause.application_failure_info.type
    return f": {kind}" if kind else ""


def _told(field: str, why: str) -> str:
    return f": {field}: {why}" if field else f": {why}"


def run_of(definition: _sdk.Definition) -> Place:
    """The line of the workflow's own run; of a journey's, not that of the engine of our journeys."""
    function = inspect.unwrap(definition.sdk.run_fn)
    if not is_authors(function.__code__.co_filename):
        function = inspect.unwrap(getattr(definition.cls, "run", function))
    return _line(function)


def _line(function: Any) -> Place:
    """The line that defines a function."""
    code = function.__code__
    begins = code.co_firstlineno  # its decorators'
    after = range(begins, begins + 20)
    line = next((n for n in after if "def " in linecache.getline(code.co_filename, n)), begins)
    return Place(code.co_filename, line, code.co_name)
