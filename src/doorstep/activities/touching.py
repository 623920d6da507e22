"""The touch activity: one whole touch, at the time that the server's clock says."""

from __future__ import annotations

import time

from temporalio import activity

from doorstep import contracts
from doorstep.activities.counting import NONE, counted, touched
from doorstep.domain.outcomes import Outcome
from doorstep.domain.touches import TouchRequest
from doorstep.failures import translated
from doorstep.ports import Ports
from doorstep.telemetry import metrics
from doorstep.touch import decision_time, perform


class TouchActivities:
    """Sending. A thread under way is never interrupted: what a provider was asked must be written down."""

    def __init__(self, ports: Ports) -> None:
        self._ports = counted(ports)

    @activity.defn(name=contracts.TOUCH, no_thread_cancel_exception=True)
    def touch(self, request: TouchRequest) -> Outcome:
        """Gate, ledger, render, send. Raises `ApplicationError`: retryable when a later attempt may do."""
        info = activity.info()
        at = decision_time(
            request.as_of, info.scheduled_time, info.current_attempt_scheduled_time, info.started_time
        )
        began = time.perf_counter()
        with translated():
            outcome = perform(self._ports, request, at)
        channel = outcome.channel.value if outcome.channel else NONE
        metrics.touch_seconds(time.perf_counter() - began, channel, outcome.kind.value)
        touched(request.step, outcome)
        return outcome
