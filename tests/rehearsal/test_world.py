"""A rehearsal's world: what must be mended is said, and what fails there fails as it would for real."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from doorstep import Delivered, Journey, Purpose, ReviewSubmitted, journey
from doorstep.contracts import ActionKind
from doorstep.domain.customers import Cap, StorePolicy
from doorstep.domain.messages import Channel
from doorstep.errors import ScenarioError, SetupError
from doorstep.rehearsal import shelf
from doorstep.rehearsal.moments import when
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import (
    Failing,
    Fault,
    Person,
    Report,
    Reported,
    Scenario,
    Steered,
    Told,
)
from doorstep.rehearsal.shop import BRAND, DEFAULT_SHOP
from doorstep.rehearsal.timeline import Kind, Timeline
from doorstep.templates.renderer import Renderer
from doorstep.workflows import registry

TOLD = Purpose.TRANSACTIONAL


@journey("rehearsed-tea", version=1)
class Tea(Journey):
    """A month with a box of tea."""

    async def run(self) -> str:
        await self.send("order-confirmation", purpose=TOLD, prompted=True)
        delivered = await self.wait_for(Delivered, until=self.day(30))
        if delivered is None:
            return "never_arrived"
        await self.send("care-guide", at=self.after(delivered, days=1))
        await self.send("review-request", at=self.after(delivered, days=6), unless=ReviewSubmitted)
        return "completed"


@journey("rehearsed-making", version=1)
class Making(Journey):
    """Makes the name of its step as it runs."""

    async def run(self) -> str:
        await self.send("-".join(("care", "guide")))
        return "done"


@journey("rehearsed-misspelt", version=1)
class Misspelt(Journey):
    """Names a template that nobody wrote."""

    async def run(self) -> str:
        await self.send("order-confirmtion", purpose=TOLD)
        return "done"


@journey("rehearsed-broken", version=1)
class Broken(Journey):
    """Raises on its second day."""

    async def run(self) -> str:
        await self.sleep_until(self.day(2))
        raise RuntimeError("no such tea")


@journey("rehearsed-endless", version=1)
class Endless(Journey):
    """Waits for what never comes."""

    async def run(self) -> str:
        await self.wait_for(ReviewSubmitted)
        return "reviewed"


OWN = {
    name: registry._JOURNEYS.pop(name)
    for name in sorted(registry.journeys())
    if name.startswith("rehearsed-")
}


@pytest.fixture(autouse=True, scope="module")
def _published() -> Iterator[None]:
    """While this module's tests run, and not from its import on: other tests start workers with whatever there is."""
    registry._JOURNEYS.update(OWN)
    yield
    for name in OWN:
        registry._JOURNEYS.pop(name)


def arrived(*more: Any, **changes: Any) -> Scenario:
    """Delivered on day 4."""
    delivered = Told(at=when("day 4 13:00"), event="shipment.delivered")
    return Scenario(name="arrived", timeline=(delivered, *more), **changes)


def outcomes(timeline: Timeline) -> dict[str, str]:
    return {touch.step: touch.outcome for touch in timeline.touches}


def test_a_journey_of_ones_own_is_rehearsed_by_its_class_or_its_name() -> None:
    for named in (Tea, "rehearsed-tea", "rehearsed-tea.v1"):
        timeline = rehearse(named, arrived())
        assert timeline.ok
        assert [t.step for t in timeline.sent] == ["order-confirmation", "care-guide", "review-request"]
        assert (timeline.journey, timeline.outcome) == ("rehearsed-tea.v1", "completed")


def test_an_unknown_journey_is_offered_the_nearest() -> None:
    with pytest.raises(SetupError, match="Did you mean 'standard'"):
        rehearse("standrad", arrived())


def test_without_rendering_the_same_goes_out_without_words() -> None:
    filled, bare = rehearse(Tea, arrived()), rehearse(Tea, arrived(), render=False)
    assert [(t.at, t.key, t.state, t.template_digest) for t in filled.touches] == [
        (t.at, t.key, t.state, t.template_digest) for t in bare.touches
    ]
    assert filled.sent[0].text
    assert not bare.sent[0].text


# --- what must be mended -------------------------------------------------------------------------------


def test_a_missing_variable_fails_with_template_variable_and_step(tmp_path: Path) -> None:
    folder = tmp_path / "care-guide"
    folder.mkdir()
    (folder / "subject.txt.j2").write_text("Care")
    (folder / "email.html.j2").write_text("<p>{{ order.nickname }}</p>")
    timeline = rehearse(Tea, arrived(), renderer=Renderer([tmp_path], brand=BRAND))
    assert not timeline.ok
    assert len(timeline.problems) == 1
    said = timeline.problems[0]
    assert said.startswith("care-guide: ")
    assert "'care-guide' (email)" in said
    assert "order.nickname" in said
    assert outcomes(timeline)["review-request"] == "sent"  # the rest is rehearsed all the same


def test_an_unknown_template_is_offered_the_nearest() -> None:
    timeline = rehearse(Misspelt, arrived())
    assert "Did you mean 'order-confirmation'" in timeline.problems[0]


def test_an_error_in_the_journey_is_told_with_its_place_and_what_came_before() -> None:
    timeline = rehearse(Broken, arrived())
    assert not timeline.ok
    assert "RuntimeError" in timeline.problems[0]
    assert "test_world.py" in timeline.problems[0]
    assert timeline.events[0].what == "order.placed"


def test_a_journey_that_never_ends_says_what_it_waits_for() -> None:
    timeline = rehearse(Endless, arrived())
    assert "never ends" in timeline.problems[0]


def test_a_step_that_the_journey_never_has_is_a_mistake_of_the_scenario() -> None:
    late = Reported(at=when("2h after reveiw-request"), report=Report.OPENED, line=7)
    timeline = rehearse(Tea, arrived(late, file="mine.yaml"))
    assert timeline.problems == (
        "mine.yaml:7: the journey never came to a step 'reveiw-request'. Did you mean 'review-request'?",
    )


def test_an_agent_cannot_skip_what_never_comes() -> None:
    skip = Steered(at=when("day 4 20:00"), action=ActionKind.SKIP, step="care-gide", line=3)
    timeline = rehearse(Tea, arrived(skip, file="mine.yaml"))
    assert timeline.problems == (
        "mine.yaml:3: the journey never came to a step 'care-gide'. Did you mean 'care-guide'?",
    )


def test_an_agent_who_acts_after_a_message_cannot_name_what_never_comes() -> None:
    """Only the step that is followed was looked at."""
    after = {"at": when("2h after order-confirmation"), "action": ActionKind.SEND_NOW, "line": 4}
    named = rehearse(Tea, arrived(Steered(step="care-gide", **after), file="mine.yaml"))
    assert named.problems == (
        "mine.yaml:4: the journey never came to a step 'care-gide'. Did you mean 'care-guide'?",
    )
    unlike = rehearse(Tea, arrived(Steered(step="zzz:1", **after), file="mine.yaml"))
    assert unlike.problems[0].startswith(
        "mine.yaml:4: the journey never came to a step 'zzz': it has none. Its steps: "
    )
    assert "care-guide" in unlike.problems[0]


def test_a_step_that_is_none_is_told_with_the_number_of_its_entry_in_python() -> None:
    skip = Steered(at=when("day 4 20:00"), action=ActionKind.SKIP, step="care-gide")
    [problem] = rehearse(Tea, arrived(skip)).problems
    assert problem.startswith("arrived: entry 2: the journey never came to a step 'care-gide'."), problem


def test_a_step_that_the_journey_makes_as_it_runs_is_not_said_to_be_none() -> None:
    skip = Steered(at=when("day 4 20:00"), action=ActionKind.SKIP, step="zzz", line=3)
    [problem] = rehearse(Making, arrived(skip, file="mine.yaml")).problems
    assert problem == "mine.yaml:3: the journey never came to a step 'zzz'."


def test_a_step_that_was_not_sent_is_a_note() -> None:
    rated = Told(at=when("day 5 12:00"), event="review.submitted", data={"rating": 5})
    opened = Reported(at=when("2h after review-request"), report=Report.OPENED)
    timeline = rehearse(Tea, arrived(rated, opened))
    assert timeline.ok
    assert [e.detail for e in timeline.events if e.kind is Kind.NOTE] == ["the touch was skipped"]


def test_a_report_of_what_had_not_been_sent_says_so() -> None:
    """A customer cannot open what comes a week later: it read as if they had."""
    early = Reported(at=when("day 1 10:00"), report=Report.OPENED, step="review-request")
    late = Reported(at=when("day 12 10:00"), report=Report.OPENED, step="review-request")
    told = [e.detail for e in rehearse(Tea, arrived(early, late)).events if e.kind is Kind.REPORT]
    assert told == ["email: review-request, which had not been sent", "email: review-request"]


def test_a_report_by_a_way_that_its_message_never_went_is_told_as_such() -> None:
    """A slip of the scenario's author; no provider would say so."""
    clicked = Reported(
        at=when("day 12 10:00"), report=Report.CLICKED, channel=Channel.SMS, step="review-request"
    )
    told = [e.detail for e in rehearse(Tea, arrived(clicked)).events if e.kind is Kind.REPORT]
    assert told == ["sms: review-request, which had gone by email"]


def test_news_cannot_be_heard_before_it_happens() -> None:
    early = Told(at=when("day 4 13:00"), event="shipment.delivered", heard=when("day 3 13:00"))  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match="before it happens"):
        rehearse(Tea, Scenario(name="early", timeline=(early,)))


def test_what_cannot_be_read_is_told_with_the_entrys_place() -> None:
    wrong = Told(at=when("day 4 13:00"), event="review.submitted", data={"rating": 9}, line=7)
    with pytest.raises(ScenarioError, match=r"^odd\.yaml:7: .* between 1 and 5"):
        rehearse(Tea, Scenario(name="odd", timeline=(wrong,), file="odd.yaml"))
    with pytest.raises(ScenarioError, match=r"^odd: .* between 1 and 5"):
        rehearse(Tea, Scenario(name="odd", timeline=(replace(wrong, line=0),), file="odd.yaml"))


def test_an_order_cannot_be_heard_of_before_it_is_placed() -> None:
    early = Scenario(name="early", heard=when("day -2 10:00"))
    with pytest.raises(ScenarioError, match=r"early: The order is heard of .* before it is placed"):
        rehearse(Tea, early)


# --- providers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "confirmation", "care"),
    [
        (Fault.DOWN, "sent", "sent"),
        (Fault.BUSY, "sent", "sent"),
        (Fault.REJECTS, "skipped", "skipped"),
        (Fault.DEAD_ADDRESS, "skipped", "skipped"),
        (Fault.AMBIGUOUS, "sent", "unknown"),
        (Fault.ACCEPTS_THEN_DIES, "sent", "unknown"),
    ],
)
def test_each_fault_ends_as_the_ledger_promises(fault: Fault, confirmation: str, care: str) -> None:
    """What is owed goes again once that is safe; marketing whose fate nobody knows never does."""
    once = [
        Failing(at=when(moment), channel=Channel.EMAIL, fault=fault, calls=1)
        for moment in ("+0s", "day 5 08:00")
    ]
    timeline = rehearse(Tea, arrived(*once))
    assert timeline.ok
    found = outcomes(timeline)
    assert (found["order-confirmation"], found["care-guide"]) == (confirmation, care)


def test_a_provider_that_is_down_for_an_hour_is_tried_until_it_is_back() -> None:
    down = Failing(at=when("+0s"), channel=Channel.EMAIL, fault=Fault.DOWN, lasts=timedelta(hours=1))
    first = rehearse(Tea, arrived(down)).sent[0]
    assert timedelta(hours=1) <= first.at - first.due_at <= timedelta(hours=1, minutes=6)


def test_what_the_provider_took_is_not_sent_again_when_it_says_so() -> None:
    dies = Failing(at=when("+0s"), channel=Channel.EMAIL, fault=Fault.ACCEPTS_THEN_DIES, calls=1)
    timeline = rehearse(Tea, arrived(dies))
    confirmation = timeline.touch("order-confirmation")
    assert confirmation is not None
    assert confirmation.sent
    assert len([t for t in timeline.sent if t.step == "order-confirmation"]) == 1


# --- people ------------------------------------------------------------------------------------------------


def test_who_never_agreed_gets_no_marketing_and_who_has_no_address_nothing() -> None:
    silent = rehearse(Tea, arrived(person=Person(consents=())))
    assert silent.touch("care-guide").reason == "not_consented"  # type: ignore[union-attr]
    nobody = rehearse(Tea, arrived(person=Person(reach=())))
    assert {t.reason for t in nobody.touches} == {"missing_identifier"}
    bounced = rehearse(Tea, arrived(person=Person(suppressed=(Channel.EMAIL,))))
    assert {t.reason for t in bounced.touches} == {"suppressed"}


@pytest.mark.parametrize(
    ("report", "reason"), [(Report.BOUNCED, "suppressed"), (Report.SPAM, "suppressed"), (Report.OPENED, "")]
)
def test_what_a_provider_reports_of_an_address_binds_what_follows(report: Report, reason: str) -> None:
    timeline = rehearse(Tea, arrived(Reported(at=when("day 4 20:00"), report=report)))
    assert timeline.touch("care-guide").reason == reason  # type: ignore[union-attr]


def test_the_shops_own_rules_hold() -> None:
    policy = StorePolicy(caps=(Cap(limit=1, window=timedelta(days=30)),), headroom=0)
    timeline = rehearse(Tea, arrived(shop=replace(DEFAULT_SHOP, policy=policy)))
    assert timeline.touch("review-request").reason == "frequency_capped"  # type: ignore[union-attr]
    everybody = StorePolicy(holdout_percent=100)
    held = rehearse(Tea, arrived(shop=replace(DEFAULT_SHOP, policy=everybody)))
    assert held.touch("care-guide").reason == "holdout"  # type: ignore[union-attr]


def test_an_agents_action_is_answered_as_in_the_console() -> None:
    skip = Steered(at=when("day 4 20:00"), action=ActionKind.SKIP, step="review-request")
    again = Steered(at=when("day 20 20:00"), action=ActionKind.PAUSE)
    timeline = rehearse(Tea, arrived(skip, again))
    assert timeline.touch("review-request").detail == "skipped by an agent"  # type: ignore[union-attr]
    said = [e.detail for e in timeline.events if e.kind is Kind.AGENT]
    assert said[1] == "refused: There is no open journey."


def test_the_sandboxed_run_is_the_same() -> None:
    scenario = shelf.load("good-review")
    assert rehearse("standard", scenario, sandboxed=True) == rehearse("standard", scenario)
