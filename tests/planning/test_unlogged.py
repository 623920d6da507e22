"""A plan plays what has not happened. A journey's own log lines of it would stand in a server's log among those of what
has, under the journey's own id."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, timedelta
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from tests.planning.known import furnish
from tests.planning.test_gone import START, WHOLE

from doorstep.domain.messages import Channel
from doorstep.models.base import Database
from doorstep.planning import Planner
from doorstep.rehearsal.asides import ahead
from doorstep.rehearsal.assuming import Assumption
from doorstep.rehearsal.rehearse import built_in
from doorstep.workflows import registry
from doorstep.workflows.journey import Journey
from shop import SECRET

AT = START.placed.occurred_at + timedelta(days=1)


def test_a_plan_logs_nothing_of_a_time_to_come(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.load(())
    heard: list[str] = []
    enter: Any = Journey.phase

    def phase(self: Any, name: str) -> None:
        heard.append(name)
        workflow.logger.error("now %s", name)
        enter(self, name)

    monkeypatch.setattr(Journey, "phase", phase)
    kept = [e for e in WHOLE.events if e.event_time.ToDatetime(UTC) <= AT]
    history = WorkflowHistory(START.journey_id, kept)
    furnish(database, history)
    planner = Planner(database, secret=SECRET, renderer=built_in(), channels=(Channel.EMAIL,))
    made = planner.made(history, AT, None, Assumption.ARRIVES)
    assert made.rebuilt
    assert made.ahead
    assert len(heard) > 1
    assert not [r for r in caplog.records if r.name == "temporalio.workflow"]


def test_other_threads_log_meanwhile(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("temporalio.workflow")
    with ahead():
        with ahead():
            pass
        log.error("mine")
        other = threading.Thread(target=log.error, args=("another's",))
        other.start()
        other.join()
    log.error("later")
    assert [r.getMessage() for r in caplog.records] == ["another's", "later"]
