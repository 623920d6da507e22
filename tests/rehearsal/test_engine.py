"""The rehearsal engine: the standard journey on a virtual clock."""

from __future__ import annotations

from datetime import timedelta

from tests.workflows.stage import PLACED, line, said

from doorstep import contracts
from doorstep.contracts import AdviceRequest, JourneyStart, PointsRequest, Projection, RunOut, TicketRequest
from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import Outcome, OutcomeKind
from doorstep.domain.touches import TouchRequest
from doorstep.rehearsal.activities import ActivityCall
from doorstep.rehearsal.engine import Engine
from doorstep.workflows.standard_v1 import Standard


class Answers:
    """Answers every activity of a journey at once, and remembers the touches."""

    def __init__(self) -> None:
        self.touches: list[tuple[str, str]] = []

    def touch(self, call: ActivityCall, request: TouchRequest) -> Outcome:
        self.touches.append((f"{call.scheduled_time:%m-%d}", request.step))
        return Outcome(kind=OutcomeKind.SENT, channel=Channel.EMAIL, at=request.as_of)

    def project(self, call: ActivityCall, projection: Projection) -> None: ...

    def ticket(self, call: ActivityCall, request: TicketRequest) -> str:
        return "tkt_1"

    def points(self, call: ActivityCall, request: PointsRequest) -> int:
        return request.points

    def recommend(self, call: ActivityCall, request: AdviceRequest) -> tuple[str, ...]:
        return ("p-9",)

    def run_outs(self, call: ActivityCall, request: AdviceRequest) -> tuple[RunOut, ...]:
        return ()

    def activities(self) -> dict[str, object]:
        return {
            contracts.TOUCH: self.touch,
            contracts.PROJECT: self.project,
            contracts.OPEN_TICKET: self.ticket,
            contracts.MOVE_POINTS: self.points,
            contracts.RECOMMEND: self.recommend,
            contracts.PREDICT_RUN_OUT: self.run_outs,
        }


def opened(answers: Answers, *, sandboxed: bool = False, number: int = 1) -> Engine:
    start = JourneyStart(
        journey_id=f"jny_{number}",
        store_id="s",
        order_ref=f"ord_{number}",
        person_ref="per_1",
        placed=said("order.placed", PLACED, lines=[line()], total_minor=4200, currency="EUR"),
        zone="Europe/Berlin",
    )
    return Engine(
        Standard,
        start,
        workflow_id=start.journey_id,
        start=PLACED,
        activities=answers.activities(),
        sandboxed=sandboxed,
    )


def ninety_days(*, sandboxed: bool = False) -> tuple[Answers, Engine]:
    answers = Answers()
    with opened(answers, sandboxed=sandboxed) as engine:
        for day, name, extra in ((1, "shipment.created", {"lines": ["l1"]}), (3, "shipment.delivered", {})):
            at = PLACED + timedelta(days=day)
            engine.run_until(at)
            engine.signal(contracts.DELIVER_SIGNAL, [said(name, at, subject="s1", **extra)])
        engine.run()
    return answers, engine


def test_ninety_days_pass_in_process() -> None:
    answers, engine = ninety_days()
    assert engine.result == "completed"
    assert engine.now - PLACED > timedelta(days=89)
    assert ("03-11", "review-request") in answers.touches


def test_the_sandbox_gives_the_same_timeline() -> None:
    assert ninety_days(sandboxed=True)[0].touches == ninety_days()[0].touches
