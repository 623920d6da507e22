"""How an activity ended is told to a rebuilt workflow in the words of a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from temporalio import workflow
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory
from temporalio.exceptions import ActivityError

from doorstep.rehearsal.rebuild import rebuild

START = datetime(2026, 1, 1, tzinfo=UTC)


@workflow.defn
class Asks:
    """Waits for an activity that it cancels after a second, and says how that ended."""

    @workflow.run
    async def run(self) -> list[str]:
        asked: Any = workflow.start_activity(
            "slow",
            start_to_close_timeout=timedelta(hours=1),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        await workflow.sleep(1)
        asked.cancel()
        try:
            await asked
        except ActivityError as error:
            return [
                error.activity_type,
                error.activity_id,
                error.retry_state.name if error.retry_state else "",
            ]
        return []


def history(end: str, **told: Any) -> WorkflowHistory:
    """With this end of the activity, between two of its attempts."""
    task = [("workflowTaskScheduled", {}), ("workflowTaskStarted", {}), ("workflowTaskCompleted", {})]
    run = {"workflowType": {"name": "Asks"}, "originalExecutionRunId": "r", "attempt": 1}
    scheduled = {"activityId": "1", "activityType": {"name": "slow"}}
    timer = {"timerId": "1", "startToFireTimeout": "1s"}
    events = [
        ("workflowExecutionStarted", run),
        *task,
        ("activityTaskScheduled", scheduled),  # 5
        ("timerStarted", timer),
        ("timerFired", {"timerId": "1", "startedEventId": 6}),
        *task,
        ("activityTaskCancelRequested", {"scheduledEventId": 5}),
        (end, {"scheduledEventId": 5, **told}),
        *task,
        ("workflowExecutionCompleted", {}),
    ]
    made = []
    for n, (kind, content) in enumerate(events):
        at = (START + timedelta(seconds=n)).isoformat().replace("+00:00", "Z")
        name = "EVENT_TYPE_" + "".join(f"_{c}" if c.isupper() else c for c in kind).upper()
        raw = {"eventId": n + 1, "eventTime": at, "eventType": name, f"{kind}EventAttributes": content}
        made.append(ParseDict(raw, HistoryEvent()))
    return WorkflowHistory("wf", made)


@pytest.mark.parametrize(
    ("end", "told", "state"),
    [
        ("activityTaskCanceled", {}, "CANCEL_REQUESTED"),
        ("activityTaskFailed", {"retryState": "RETRY_STATE_TIMEOUT"}, "TIMEOUT"),
    ],
)
def test_an_activitys_end_names_it_and_why_it_was_not_tried_again(end: str, told: Any, state: str) -> None:
    engine = rebuild(
        history(end, **told), {"Asks": Asks}, activities={"slow": lambda call: None}, sandboxed=False
    )
    assert engine.result == ["slow", "1", state]
