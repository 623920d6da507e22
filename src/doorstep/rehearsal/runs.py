"""What one run of a workflow hands to the next, and how long a run may last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from temporalio.api.common.v1 import Payload

from doorstep.rehearsal._sdk.protocol import InitializeWorkflow

_NOTHING = (b"", b"null")
FIRST = 20
"""Of a class that is being proven, how many runs in one instant are in the sandbox as they are played. Those after them
are played fast, and held against it with all others when the workflow has ended: of one that continues as new without
end a thousand would take a minute and a half."""


def limit(start: InitializeWorkflow) -> int | None:
    """When a server ends the run (microseconds since 1970); None where it has no limit, and for a child, which is
    looked after by its parent's `kin.Child`."""
    lasts = start.workflow_run_timeout.ToMicroseconds()
    if not lasts or start.HasField("parent_workflow_info"):
        return None
    return start.start_time.ToMicroseconds() + lasts


def attributed(known: Mapping[str, Payload], upserted: Any) -> dict[str, Payload]:
    """Search attributes after a command that sets some and takes others away."""
    told = {**known, **upserted.search_attributes.indexed_fields}
    return {key: value for key, value in told.items() if value.data not in _NOTHING}


def kept(start: InitializeWorkflow, asked: Any, attributes: Mapping[str, Payload]) -> dict[str, Any]:
    """What the next run of one that continues as new has from this one, where it is not told otherwise: its limits of
    time, memo, search attributes and family. Fields of the next run's start."""
    found: dict[str, Any] = {
        "first": start.first_execution_run_id,
        "memo": {"fields": asked.memo or dict(start.memo.fields)},
        "search_attributes": {"indexed_fields": asked.search_attributes.indexed_fields or attributes},
    }
    for name in ("workflow_run_timeout", "workflow_task_timeout"):
        found[name] = getattr(asked if asked.HasField(name) else start, name)
    for name in ("parent_workflow_info", "root_workflow"):
        if start.HasField(name):  # type: ignore[arg-type] # by name
            found[name] = getattr(start, name)
    return found
