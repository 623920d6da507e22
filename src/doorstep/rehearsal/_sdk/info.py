"""What a workflow may ask about itself, from how it was started."""

from __future__ import annotations

from temporalio import workflow
from temporalio.bridge.proto.workflow_activation import InitializeWorkflow
from temporalio.common import Priority, TypedSearchAttributes
from temporalio.converter import decode_search_attributes, decode_typed_search_attributes

from doorstep.rehearsal.log import moment

NAMESPACE = "rehearsal"


def info(start: InitializeWorkflow, run_id: str, at: int, task_queue: str) -> workflow.Info:
    """`at`: when the run begins, in nanoseconds since 1970."""
    limit, attributed = start.workflow_run_timeout.ToTimedelta(), start.HasField("search_attributes")
    return workflow.Info(
        attempt=start.attempt,
        continued_run_id=start.continued_from_execution_run_id or None,
        cron_schedule=None,
        execution_timeout=None,
        first_execution_run_id=start.first_execution_run_id,
        headers=dict(start.headers),
        namespace=NAMESPACE,
        original_execution_run_id=start.original_execution_run_id or run_id,
        parent=_parent(start),
        root=_root(start),
        raw_memo=dict(start.memo.fields),
        retry_policy=None,
        run_id=run_id,
        run_timeout=limit or None,
        search_attributes=decode_search_attributes(start.search_attributes) if attributed else {},
        start_time=moment(at),
        workflow_start_time=moment(at),
        task_queue=task_queue,
        task_timeout=start.workflow_task_timeout.ToTimedelta(),
        typed_search_attributes=decode_typed_search_attributes(start.search_attributes)
        if attributed
        else TypedSearchAttributes([]),
        workflow_id=start.workflow_id,
        workflow_type=start.workflow_type,
        priority=Priority.default,
    )


def _parent(start: InitializeWorkflow) -> workflow.ParentInfo | None:
    if not start.HasField("parent_workflow_info"):
        return None
    told = start.parent_workflow_info
    return workflow.ParentInfo(namespace=told.namespace, run_id=told.run_id, workflow_id=told.workflow_id)


def _root(start: InitializeWorkflow) -> workflow.RootInfo | None:
    if not start.HasField("root_workflow"):
        return None
    return workflow.RootInfo(run_id=start.root_workflow.run_id, workflow_id=start.root_workflow.workflow_id)
