"""Calls to Temporal: bounded for certain, and every failure one of ours.

The SDK's own `rpc_timeout` is a wish (4 s took 8 s once), and cancelling a call may itself wait: so the caller is let
go at the deadline, and the call is left to end by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import (
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError, RPCStatusCode

from doorstep.errors import Conflict, DoorstepError, NotFound, Unavailable

log = structlog.get_logger(__name__)

#: what Temporal will say again however often it is asked
FINAL = frozenset(
    {RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.OUT_OF_RANGE}
)


class Refused(DoorstepError):
    """Temporal will not take this message, now or later (too large, malformed)."""

    code = "refused_by_temporal"
    status = 502


async def bounded[T](call: Coroutine[Any, Any, T], timeout: float) -> T:
    """The call's result within `timeout` seconds. Raises `Unavailable`, `NotFound`, `Conflict` or `Refused`."""
    task = asyncio.ensure_future(call)
    try:
        done, _ = await asyncio.wait({task}, timeout=timeout)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if not done:
        task.cancel()
        task.add_done_callback(_seen)
        raise Unavailable("Temporal did not answer in time.", mend="See that the server and a worker run.")
    try:
        return task.result()
    except DoorstepError:
        raise
    except Exception as error:
        raise translated(error) from error


def translated(error: Exception) -> Exception:
    """What a failed call means to us. Messages of Temporal's are not passed on: they may quote payloads."""
    match error:
        case RPCError(status=RPCStatusCode.NOT_FOUND) if _without_namespace(error):
            log.error("Temporal has no such namespace: nothing is delivered until it is there")
            return Unavailable(
                "Temporal has no such namespace.", mend="See DOORSTEP_TEMPORAL_ADDRESS and …_NAMESPACE."
            )
        case RPCError(status=RPCStatusCode.NOT_FOUND):
            return NotFound("Temporal knows no such journey that runs.", mend="It may have ended.")
        case RPCError(status=status) if status in FINAL:
            return Refused(
                f"Temporal refused the call ({status.name.lower()}).", mend="See the server's log."
            )
        case RPCError(status=status):
            return Unavailable(
                f"Temporal cannot answer ({status.name.lower()}).", mend="Try again in a moment."
            )
        case WorkflowUpdateRPCTimeoutOrCancelledError() | TimeoutError():
            return Unavailable("No worker took it in time.", mend="See that a worker runs.")
        case WorkflowUpdateFailedError() | WorkflowQueryFailedError() | WorkflowQueryRejectedError():
            return Conflict("The journey refused it.", mend="See the journey's own record.")
        case RuntimeError() | OSError():  # the SDK's core: it could not connect
            return Unavailable("Temporal cannot be reached.", mend="`doorstep doctor` says what is missing.")
    return error


def _without_namespace(error: RPCError) -> bool:
    """Whether it is the namespace that was not found, rather than an execution in it: both have one code."""
    told = error.grpc_status.details
    return any(d.Is(NamespaceNotFoundFailure.DESCRIPTOR) for d in told) or error.message.startswith(
        "Namespace "
    )


def _seen(task: asyncio.Future[Any]) -> None:
    """Looked at, so that nothing warns of a result nobody took."""
    if not task.cancelled():
        task.exception()
