"""Explain as of an instant of the past: what had been decided by then, and what was coming; whatever came since."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.planning.test_knew import Whole

from doorstep.api.past import detail_then
from doorstep.api.schemas.explain import Explanation
from doorstep.api.schemas.plan import PlanAnswer
from doorstep.cli import explain as explaining
from doorstep.models.base import Database
from doorstep.models.ledger import DecisionRow, MessageEventRow
from doorstep.rehearsal.exploring.steps import steps_of
from shop import add

HOUR = timedelta(hours=1)


class Asked(Whole):
    """A journey whose check-in was put off for an hour, sent, and opened on the next day."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "a-part-goes-back")
        [self.step] = [s for s in self.detail().steps if s.step == "check-in"]
        assert self.step.sent is not None
        self.sent = self.step.sent.utc
        cap = [{"rule": "frequency", "verdict": "defer", "facts": {"sent": 1}, "detail": "1 in 20 h."}]
        passed = [{"rule": "frequency", "verdict": "pass", "facts": {"sent": 0}, "detail": "There is room."}]
        add(
            database,
            DecisionRow(
                key=self.step.key, at=self.sent - HOUR, verdict="defer", reason="frequency_capped", until=self.sent,
                trace=cap,
            ),
            DecisionRow(key=self.step.key, at=self.sent, verdict="send", channel="email", trace=passed),
            MessageEventRow(
                id="mev_1", key=self.step.key, type="opened", at=self.sent + 24 * HOUR,
                received_at=self.sent + 24 * HOUR, provider="outbox",
            ),
        )  # fmt: skip

    def explain(self, at: datetime, step: str | None = "check-in", *, temporal: bool = True) -> Explanation:
        plan = None
        if temporal:
            made = self.planner.made(self.history, self.now, at)
            plan = PlanAnswer.of(made, self.detail(), past=True)
        detail = detail_then(self.detail(), plan, at, self.database)
        return Explanation.of(detail, step, plan, steps_of, as_of=at)

    def lines(self, at: datetime, step: str | None = "check-in") -> str:
        made = explaining.page(self.explain(at, step), self.detail())
        assert max(map(len, made)) <= 100
        return "\n".join(made)


@pytest.fixture
def asked(database: Database) -> Asked:
    return Asked(database)


def test_before_it_was_asked_about_it_was_to_come(asked: Asked) -> None:
    told = asked.explain(asked.sent - 2 * HOUR)
    assert told.steps == []
    assert [w.name for w in told.waits] == ["check-in"]
    assert [t.step for t in told.ahead] == ["check-in"]
    page = asked.lines(asked.sent - 2 * HOUR)
    assert page.splitlines()[1].startswith("As of Fri 4 Dec 2026, 08:03")
    assert "Sent" not in page


@pytest.mark.parametrize("temporal", [True, False])
def test_what_was_put_off_then_waited_though_it_has_been_sent_since(asked: Asked, temporal: bool) -> None:
    """With its one decision of then, and the next moment as it was set then; the ledger's row knows it as sent."""
    [step] = asked.explain(asked.sent - HOUR / 2, temporal=temporal).steps
    assert (step.outcome, step.reason, step.sent) == ("deferred", "frequency_capped", None)
    assert [d.verdict for d in step.decisions] == ["defer"]
    assert step.next is not None
    assert step.next.utc == asked.sent
    assert step.sentence.startswith("Waiting, asked again on Fri 4 Dec 2026, 10:03")
    assert step.reports == []


def test_what_became_of_it_later_is_not_told(asked: Asked) -> None:
    """It was sent; that it was opened came a day later."""
    [then] = asked.explain(asked.sent + HOUR).steps
    [now] = [s for s in asked.detail().steps if s.step == "check-in"]
    assert (then.outcome, then.sentence) == ("sent", "Sent by email on Fri 4 Dec 2026, 10:03.")
    assert now.sentence.endswith("; opened.")
    later = asked.explain(asked.sent + 25 * HOUR).steps[0]
    assert later == now
    assert "return-requested" in asked.lines(asked.sent + HOUR, None)
    assert "partial-refund" not in asked.lines(asked.sent + HOUR, None)
