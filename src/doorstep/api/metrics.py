"""`GET /metrics`, in Prometheus' text format: what this process counts, and the state of the whole deployment.

It needs a key for every store with the scope `metrics` (`doorstep keys create prometheus --scope metrics`), or
`DOORSTEP_METRICS_OPEN=1`, which opens it to requests of this machine, as `/outbox` is opened: to see why it takes
both conditions, read there.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool

from doorstep.api.auth import bearer, caller
from doorstep.api.gauges import Gauges, registry
from doorstep.api.outbox import is_local
from doorstep.api.wiring import Parts
from doorstep.errors import Forbidden
from doorstep.models.keys import Scope
from doorstep.models.reading.gauges import Sample
from doorstep.telemetry.instruments import exposed

router = APIRouter(tags=["health"])


def _may_scrape(
    request: Request, parts: Parts, given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> None:
    """Raises `Unauthenticated` or `Forbidden`."""
    if given is None and parts.settings.metrics_open and is_local(request):
        return
    found = caller(request, parts, given)
    if not found.may(Scope.METRICS) or found.store_id is not None:
        raise Forbidden(
            "Metrics need a key for every store with the scope 'metrics'.",
            mend="`doorstep keys create prometheus --scope metrics` makes one.",
        )


@router.get("/metrics", include_in_schema=False, dependencies=[Depends(_may_scrape)])
async def metrics(request: Request) -> Response:
    """For Prometheus."""
    gauges: Gauges = request.app.state.gauges
    samples = [*await gauges.samples(), *_own(request.app.state)]
    text = await run_in_threadpool(exposed, registry(samples))
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _own(state: Any) -> list[Sample]:
    """The queues of this process."""
    parts = getattr(state, "webhooks", None)
    if parts is None:  # before the start, or in an app without webhooks
        return []
    told = [Sample("doorstep_writer_waiting", parts.writer.waiting)]
    if parts.courier is not None:
        told += [
            Sample("doorstep_courier_waiting", parts.courier.waiting),
            Sample("doorstep_courier_dropped", parts.courier.dropped),
        ]
    return told
