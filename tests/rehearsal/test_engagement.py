"""A journey that asks for it hears what customers open and click; the others are not told, which costs them nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from doorstep import Journey, MessageClicked, MessageOpened, Purpose, journey
from doorstep.rehearsal.moments import when
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import Report, Reported, Scenario
from doorstep.rehearsal.timeline import Kind
from doorstep.workflows import registry


@journey("reading", version=1)
class Reads(Journey):
    """A discount only for who showed no interest (C13)."""

    hears = (MessageOpened, MessageClicked)

    async def run(self) -> str:
        await self.send("education", at=self.day(2))
        clicked = await self.wait_for(MessageClicked, until=self.day(9))
        await self.send("win-back-30", at=self.day(10), unless=MessageClicked)
        opens = len(self.heard(MessageOpened))
        return f"{clicked.step} by {clicked.channel}, {opens} opened" if clicked else f"{opens} opened"


@journey("not-told", version=1)
class NotTold(Journey):
    """It forgot to ask."""

    async def run(self) -> str:
        await self.send("education", purpose=Purpose.TRANSACTIONAL)
        await self.wait_for(MessageClicked, until=self.day(3))
        return "done"


MINE = {kind: registry._JOURNEYS.pop(kind) for kind in ("reading.v1", "not-told.v1")}
"""Not for the whole session, which imports this file before the first test: a worker of another would carry them."""


@pytest.fixture(autouse=True, scope="module")
def only_here() -> Iterator[None]:
    registry._JOURNEYS.update(MINE)
    yield
    for kind in MINE:
        del registry._JOURNEYS[kind]


def told(*reports: tuple[str, Report]) -> Scenario:
    entries = [Reported(at=when(at), report=report, step="education") for at, report in reports]
    return Scenario(name="reads", timeline=tuple(entries))


def test_a_click_is_a_fact_that_a_journey_can_wait_for() -> None:
    scenario = told(
        ("1h after education", Report.OPENED),
        ("2h after education", Report.OPENED),
        ("3h after education", Report.CLICKED),
    )
    timeline = rehearse("reading", scenario)
    assert timeline.ok, timeline.problems
    assert set(timeline.outcomes.values()) == {"education by email, 1 opened"}
    lost = timeline.touch("win-back-30")
    assert lost is not None
    assert (lost.sent, lost.reason) == (False, "not_relevant")
    assert "'message.clicked' happened" in lost.detail
    assert [e.what for e in timeline.events if e.kind is Kind.REPORT] == ["opened", "opened", "clicked"]


def test_without_a_click_the_offer_goes() -> None:
    timeline = rehearse("reading", told(("1h after education", Report.OPENED)))
    assert set(timeline.outcomes.values()) == {"1 opened"}
    offer = timeline.touch("win-back-30")
    assert offer is not None
    assert offer.sent


def test_a_journey_that_did_not_ask_is_told_how() -> None:
    """Waiting for what is never told would wait in vain, in silence."""
    timeline = rehearse("not-told", told())
    assert "is not told of 'message.clicked'" in timeline.problems[0]
    assert "hears = (MessageClicked,)" in timeline.problems[0]


def test_the_standard_journey_is_not_told() -> None:
    quiet, read = (rehearse("standard", scenario, render=False) for scenario in (
        told(), told(("1h after education", Report.OPENED), ("2h after education", Report.CLICKED)),
    ))  # fmt: skip
    assert [t.at for t in quiet.touches] == [t.at for t in read.touches]
