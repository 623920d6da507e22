"""A Temporal namespace that exists, keeps histories long enough and takes work."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

POLL_SECONDS = 0.05


async def ensure_namespace(client: Client, retention: timedelta) -> None:
    """Registers the client's namespace or sets its retention, and returns when it takes work. Raises RPCError."""
    service = client.workflow_service
    keep = Duration()
    keep.FromTimedelta(retention)
    try:
        found = await service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
        if found.config.workflow_execution_retention_ttl != keep:
            config = NamespaceConfig(workflow_execution_retention_ttl=keep)
            await service.update_namespace(UpdateNamespaceRequest(namespace=client.namespace, config=config))
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        request = RegisterNamespaceRequest(
            namespace=client.namespace,
            workflow_execution_retention_period=keep,
            description="Doorstep's journeys",
        )
        await service.register_namespace(request)
    # registered is not yet known everywhere: matching answers for a task queue only when it is
    probe = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name="doorstep-probe"),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    while True:
        try:
            await service.describe_task_queue(probe)
            return
        except RPCError as error:
            if error.status not in (RPCStatusCode.NOT_FOUND, RPCStatusCode.UNAVAILABLE):
                raise
        await asyncio.sleep(POLL_SECONDS)


async def look(client: Client, task_queue: str) -> int:
    """How many workers poll the task queue for workflows. Raises RPCError when nobody answers."""
    asked = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=task_queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    return len((await client.workflow_service.describe_task_queue(asked)).pollers)
