"""Temporal: there, on time, keeping histories long enough, searchable, with workers that carry out what is started."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowFailureError
from temporalio.service import RPCError, RPCStatusCode

from doorstep import gateway
from doorstep.errors import DoorstepError, Unavailable
from doorstep.maintenance import schedules
from doorstep.production.findings import Finding, Level, clock
from doorstep.settings import Settings
from doorstep.workflows.maintenance import WORKFLOW, Job

NEEDED = timedelta(days=97)
"""A journey's ninety days after its last event, and a week."""
CALL = timedelta(seconds=8)
PROBE_SECONDS = 10.0
SEARCH_SECONDS = 15.0
_WORKFLOWS = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
_ACTIVITIES = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY


async def examine(settings: Settings) -> list[Finding]:
    """Everything of Temporal. Without the server or the namespace the rest is not asked."""
    try:
        client = await asyncio.wait_for(gateway.connect(settings), CALL.total_seconds())
    except (Unavailable, TimeoutError):
        mend = "See DOORSTEP_TEMPORAL_ADDRESS (or TEMPORAL_ADDRESS), the network and the server."
        return [Finding("temporal", Level.FAIL, f"{settings.temporal_target()} does not answer", mend)]
    address = client.service_client.config.target_host
    try:
        asked = DescribeNamespaceRequest(namespace=client.namespace)
        described = await client.workflow_service.describe_namespace(asked, timeout=CALL)
    except RPCError as error:
        return [_without_namespace(client.namespace, error)]
    there = Finding("temporal", Level.OK, f"{address} answers, namespace '{client.namespace}' is there")
    scheduled = await _schedules(client, settings)
    kept = described.config.workflow_execution_retention_ttl.ToTimedelta()
    archiving = not any(f.level is not Level.OK and f.name.endswith(Job.ARCHIVE.value) for f in scheduled)
    return [
        there,
        _retention(kept, archiving),
        *await _workers(client, settings),
        *await _probe(client, settings),
        *scheduled,
    ]


def _without_namespace(name: str, error: RPCError) -> Finding:
    if error.status is RPCStatusCode.NOT_FOUND:
        mend = f"Register it with a retention of {NEEDED.days} days, or mend DOORSTEP_TEMPORAL_NAMESPACE."
        return Finding("temporal", Level.FAIL, f"there is no namespace '{name}'", mend)
    what = error.status.name.lower().replace("_", " ")
    return Finding(
        "temporal", Level.FAIL, f"the server refuses ({what})", "See its TLS and API key settings."
    )


def _retention(kept: timedelta, archiving: bool) -> Finding:
    found = f"histories are kept for {kept.days} days"
    if kept >= NEEDED:
        return Finding("retention", Level.OK, found)
    if archiving:
        return Finding("retention", Level.OK, f"{found}, and archived every hour before that")
    mend = f"Set the namespace's retention to {NEEDED.days} days, or see that the archive schedule runs."
    return Finding("retention", Level.FAIL, f"{found}, and nothing archives them", mend)


async def _workers(client: Client, settings: Settings) -> list[Finding]:
    queues = (
        ("workers", settings.task_queue, _WORKFLOWS),
        ("workers' activities", settings.task_queue, _ACTIVITIES),
        ("maintenance workers", schedules.task_queue(settings), _WORKFLOWS),
    )
    return [_polled(name, queue, await _pollers(client, queue, kind)) for name, queue, kind in queues]


def _polled(name: str, queue: str, pollers: int) -> Finding:
    if not pollers:
        return Finding(
            name, Level.FAIL, f"nobody polls '{queue}'", "Start `doorstep worker`; its log says more."
        )
    if pollers == 1:
        mend = "With a second one a deploy or a crash stops nothing."
        return Finding(name, Level.WARN, f"one polls '{queue}'", mend)
    return Finding(name, Level.OK, f"{pollers} poll '{queue}'")


async def _pollers(client: Client, queue: str, kind: TaskQueueType.ValueType) -> int:
    asked = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
    )
    told = await client.workflow_service.describe_task_queue(asked, timeout=CALL)
    return len({poller.identity for poller in told.pollers})


async def _probe(client: Client, settings: Settings) -> list[Finding]:
    """A workflow that does nothing, from here to a worker and back: what the server stamps on it tells its clock, and
    the search must find it."""
    id_ = f"doctor-{uuid.uuid4().hex}"
    before = datetime.now(UTC)
    handle = await client.start_workflow(
        WORKFLOW,
        Job.PROBE.value,
        id=id_,
        task_queue=schedules.task_queue(settings),
        execution_timeout=timedelta(seconds=60),
        rpc_timeout=CALL,
    )
    after = datetime.now(UTC)
    round_trip = await _carried_out(client, id_)
    stamped = (await handle.describe(rpc_timeout=CALL)).start_time
    ahead = (stamped - before).total_seconds() - (after - before).total_seconds() / 2
    findings = [
        clock("temporal clock", ahead, (after - before).total_seconds() / 2),
        round_trip,
        await _found(client, id_),
    ]
    if round_trip.level is not Level.OK:
        with contextlib.suppress(RPCError):  # it may have ended all the same
            await handle.terminate(reason="doorstep doctor has given up on it", rpc_timeout=CALL)
    return findings


async def _carried_out(client: Client, id_: str) -> Finding:
    began = time.monotonic()
    try:
        await asyncio.wait_for(client.get_workflow_handle(id_).result(), PROBE_SECONDS)
    except TimeoutError:
        found = f"a workflow that does nothing was not carried out in {PROBE_SECONDS:.0f} s"
        return Finding("round trip", Level.FAIL, found, "See the workers' logs.")
    except DoorstepError as error:  # what the worker sealed cannot be opened here
        return Finding("round trip", Level.FAIL, error.what, error.mend)
    except WorkflowFailureError:
        return Finding("round trip", Level.FAIL, "a workflow that does nothing failed", "See its history.")
    return Finding("round trip", Level.OK, f"{time.monotonic() - began:.2f} s through a worker and back")


async def _found(client: Client, id_: str) -> Finding:
    """Visibility follows a little later than histories."""
    end = time.monotonic() + SEARCH_SECONDS
    while time.monotonic() < end:
        try:
            if (await client.count_workflows(f"WorkflowId = '{id_}'", rpc_timeout=CALL)).count == 1:
                return Finding("search", Level.OK, "Temporal's visibility finds what was just started")
        except RPCError as error:
            mend = "See the visibility store; stuck journeys are counted by it."
            return Finding("search", Level.FAIL, f"cannot be asked ({error.status.name.lower()})", mend)
        await asyncio.sleep(0.2)
    found = f"a workflow was not found within {SEARCH_SECONDS:.0f} s"
    return Finding("search", Level.FAIL, found, "See the visibility store; stuck journeys are counted by it.")


async def _schedules(client: Client, settings: Settings) -> list[Finding]:
    findings = []
    now = datetime.now(UTC)
    for job, seen in (await schedules.look(client, settings)).items():
        name = f"schedule {job.value}"
        if seen is None:
            mend = "A worker makes it at its start, or `doorstep schedules ensure`."
            findings.append(Finding(name, Level.FAIL, "is not there", mend))
        elif seen.paused:
            mend = f"`temporal schedule toggle --unpause --schedule-id {seen.id}`, once the reason is gone."
            findings.append(Finding(name, Level.WARN, "is paused", mend))
        elif not seen.running and (seen.last is None or now - seen.last > 3 * seen.every):
            last = "never" if seen.last is None else f"last at {seen.last:%Y-%m-%d %H:%M}Z"
            findings.append(Finding(name, Level.WARN, f"does not run: {last}", "See Temporal's scheduler."))
        else:
            last = "runs now" if seen.last is None else f"ran at {seen.last:%H:%M:%S}Z"
            findings.append(Finding(name, Level.OK, last))
    return findings
