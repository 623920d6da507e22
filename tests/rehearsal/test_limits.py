"""Limits: what each says, asked of stories that keep it and of stories that break it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from doorstep.domain.messages import Channel
from doorstep.errors import BadInput, ScenarioError
from doorstep.rehearsal import shelf
from doorstep.rehearsal.exploring.steps import steps
from doorstep.rehearsal.limits.finding import built_ins, check_steps, every, find
from doorstep.rehearsal.limits.said import FORMS
from doorstep.rehearsal.moments import After, when
from doorstep.rehearsal.reading import read
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import Failing, Fault, Report, Reported, Scenario, Told
from doorstep.rehearsal.timeline import Timeline, Touch
from doorstep.rehearsal.writing import write
from doorstep.workflows.standard_v1 import Standard


def played(name: str) -> tuple[Timeline, Scenario]:
    scenario = shelf.load(name)
    return rehearse("standard", scenario, render=False), scenario


def pushed(timeline: Timeline, step: str, by: timedelta) -> Timeline:
    """The story, had that touch gone so much later."""
    touches = [replace(t, at=t.at + by) if t.step == step else t for t in timeline.touches]
    return replace(timeline, touches=tuple(sorted(touches, key=lambda t: t.at)))


def broken(name: str, timeline: Timeline, scenario: Scenario) -> list[str]:
    return [breach.about for breach in find(name).breaches(timeline, scenario)]


def test_every_shipped_scenario_keeps_every_built_in_limit() -> None:
    found = {}
    for scenario in shelf.every():
        timeline = rehearse("standard", scenario)
        found[scenario.name] = [str(b) for one in built_ins() for b in one.breaches(timeline, scenario)]
    assert {name: breaches for name, breaches in found.items() if breaches} == {}


@pytest.mark.parametrize(
    ("limit_name", "scenario", "step", "days"),
    [
        ("no promotion after refund", "full-refund-on-day-12", "care-guide", 20),
        ("no promotion with an open complaint", "bad-review-resolved", "check-in", 5),
        ("nothing without consent", "unsubscribes-on-day-3", "education", 5),
    ],
)
def test_a_promotion_at_the_wrong_time_breaks_its_limit(
    limit_name: str, scenario: str, step: str, days: int
) -> None:
    timeline, told = played(scenario)
    assert broken(limit_name, timeline, told) == []
    assert broken(limit_name, pushed(timeline, step, timedelta(days=days)), told) == [step]


def test_a_service_message_with_an_offer_is_a_promotion() -> None:
    timeline, told = played("full-refund-on-day-12")
    offer = {"purpose": "transactional", "promotes": True}
    touches = tuple(replace(t, **offer) if t.step == "refund-confirmation" else t for t in timeline.touches)
    changed = pushed(replace(timeline, touches=touches), "refund-confirmation", timedelta(days=1))
    assert broken("no promotion after refund", changed, told) == ["refund-confirmation"]


def test_what_a_provider_took_twice_and_the_same_words_twice_a_day_break_one_limit() -> None:
    timeline, told = played("happy-path")
    first = timeline.touch("delivered")
    assert isinstance(first, Touch)
    taken = replace(timeline, touches=(replace(first, taken=2),))
    assert broken("no touch twice", taken, told) == ["delivered"]
    said = replace(first, body_digest="d", subject="s")
    again = replace(
        said, key="other", occurrence=f"{said.occurrence}:again", at=said.at + timedelta(minutes=5)
    )
    assert broken("no touch twice", replace(timeline, touches=(said, again)), told) == ["delivered"]
    other = replace(again, body_digest="e")
    assert broken("no touch twice", replace(timeline, touches=(said, other)), told) == []


def test_a_journey_that_never_ends_is_one_defect_whatever_it_waits_for() -> None:
    """A search finds it once, and makes it small whichever arms still wait in the smaller story."""
    ended = rehearse("standard", shelf.load("happy-path"), render=False)
    waits = ("a miracle (tea.py:66)", "a miracle (tea.py:66), review.submitted (tea.py:63)")
    told = [replace(ended, problems=(f"first: the journey never ends: it waits for {w}",)) for w in waits]
    found = [
        breach
        for t in told
        for breach in find("the journey always ends").breaches(t, shelf.load("happy-path"))
    ]
    assert len(found) == len(waits)
    assert len({breach.about for breach in found}) == 1


def test_limits_said_in_words() -> None:
    timeline, told = played("happy-path")
    assert broken("at most 1 message in 1 hour", timeline, told) == []
    assert len(broken("at most 1 marketing in 7 days", timeline, told)) == 1
    assert broken("never education after order.placed", timeline, told) == ["education"]
    assert broken("never review-request before order.placed", timeline, told) == []
    assert broken("Never care-guide after  education.", timeline, told) == ["care-guide"]


def test_what_is_said_of_a_breach_is_for_people() -> None:
    """No length as Python prints it, and no key that only our code reads."""
    timeline, told = played("happy-path")
    start, cause = timeline.placed_at, "review.submitted:first::2026-03-07T11:00:00Z:bjnrgik7i6"
    ones = [replace(t, occurrence=cause, step="sorry-offer", taken=1) for t in timeline.sent[:3]]

    def says(name: str, *after: timedelta, **changes: Any) -> str:
        touches = [replace(t, at=start + wait, **changes) for t, wait in zip(ones, after, strict=False)]
        story = replace(timeline, touches=tuple(touches))
        return find(name).breaches(story, told)[0].what

    hours, nights = timedelta(hours=23, minutes=48, seconds=50), timedelta(days=4, seconds=9)
    day0, day1 = "sorry-offer (day 0)", "sorry-offer (day 1)"
    assert (
        says("at most 1 email in 7 days", timedelta(), hours) == f"2 in 23 hours 48 minutes: {day0}, {day1}."
    )
    assert says("at most 1 email in 1 week", timedelta(), nights).startswith("2 in 4 days: ")
    assert says("at most 1 email in 1 hour", *[timedelta()] * 2) == f"2 at once: {day0}, {day0}."
    assert says("at most 0 emails in 1 hour", timedelta()) == f"1: {day0}."
    assert says("never sorry-offer before sorry-offer", timedelta(), hours).startswith("sorry-offer went on ")
    assert says("no touch twice", timedelta(), taken=2) == "a provider took sorry-offer 2 times."
    twice = says("no touch twice", timedelta(), timedelta(minutes=1), body_digest="d", subject="s")
    assert twice == (
        "sorry-offer went on day 0 at 2026-03-02 09:15 UTC, and again with the same words 1 minute later."
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("at most 2 sms in 100000000000000 days", "There is no limit"),
        ("no promotion after refunds", "Did you mean 'no promotion after refund'?"),
        ("never sms after order.refund", "Did you mean 'order.refunded'?"),
        ("never education after email", "a step or an event must stand, and 'email' is a channel. Name one"),
        ("never education after promotions", "'promotion' is a kind of message"),
        ("never order.placed after education", "'order.placed' is an event, which comes in. Name a step"),
        ("at most 2 order.placed in 1 day", "In 'at most 2 … in 1 day' something that is sent must stand"),
        (
            "never marketing before order.delivered",
            "follows from other events, and a limit sees what was told.",
        ),
        ("never education after message.opened", "Say it with an @limit function"),
        ("at most 2 sms in 0 days", "no time at all. Give at least 1 hour."),
        ("twice", "'at most 2 sms in 1 day'"),
    ],
)
def test_an_unknown_limit_is_refused_with_the_nearest(text: str, says: str) -> None:
    with pytest.raises(BadInput) as error:
        find(text)
    assert says in str(error.value)


def test_what_ends_in_s_takes_no_other() -> None:
    """A limit of 'smss' counted texts, and its name was read back as it was mistyped."""
    for text in ("at most 2 smss in 1 day", "never smss after order.refunded"):
        with pytest.raises(
            BadInput, match=r"names 'smss', which is no step of the journey. Did you mean 'sms'\?"
        ):
            check_steps(text, Standard)
    timeline, told = played("happy-path")
    texted = replace(timeline, touches=tuple(replace(t, channel="sms") for t in timeline.touches))
    assert broken("at most 0 sms in 7 days", texted, told) != []
    assert broken("at most 0 smss in 7 days", texted, told) == []


def test_an_unknown_limit_is_offered_all_that_the_list_names() -> None:
    with pytest.raises(BadInput) as error:
        find("every step reachble")
    listed = [one.name for one in every()]
    assert f"There are: {', '.join(listed)}; and of a whole search" in str(error.value)
    assert "Did you mean 'every step reachable'?" in str(error.value)
    with pytest.raises(BadInput, match="Did you mean 'at most 4 marketing in 7 days'"):
        find("at most 4 marketing within 7 days")


def test_each_form_that_is_offered_is_one() -> None:
    """One of them was about an event that no timeline shows, and held for ever."""
    for form in re.findall(r"'([^']+)'", FORMS):
        assert find(form).name == form
    timeline, told = played("happy-path")
    early = replace(timeline, touches=tuple(replace(t, purpose="marketing") for t in timeline.touches))
    assert broken("never marketing before shipment.delivered", early, told) != []


def test_a_step_is_read_as_it_is_written_and_all_else_in_any_case() -> None:
    """A step with capitals could never be met."""
    timeline, told = played("happy-path")
    touches = tuple(replace(t, step="Care-Guide") if t.step == "care-guide" else t for t in timeline.touches)
    limit = find("Never Care-Guide after Order.Placed")
    assert limit.name == "never Care-Guide after order.placed"
    assert [b.about for b in limit.breaches(replace(timeline, touches=touches), told)] == ["Care-Guide"]
    assert find("AT MOST 2 Emails in 1 Day").name == "at most 2 emails in 1 day"
    with pytest.raises(BadInput, match="Did you mean 'care-guide'"):
        check_steps("never Care-Guide after order.placed", Standard)
    with pytest.raises(BadInput, match=r"names 'order.plced', which is no step"):
        check_steps("never order.plced after education", Standard)
    assert when("3h after Care-Guide") == After(step="Care-Guide", wait=timedelta(hours=3))


def test_a_step_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadInput, match="Did you mean 'review-request'"):
        check_steps("never review-requests after return.received", Standard)
    check_steps("never sms after shipped", Standard)


def test_a_scenario_names_its_limits_and_fails_when_it_breaks_one() -> None:
    told = replace(shelf.load("happy-path"), limits=("never care-guide after shipment.delivered",))
    assert read(write(told), "written") == told
    timeline = rehearse("standard", told, render=False)
    assert not timeline.ok
    assert "care-guide went on" in timeline.problems[0]


def test_an_unknown_limit_in_a_file_is_refused_with_its_line() -> None:
    with pytest.raises(ScenarioError, match=r"mine\.yaml:2: There is no limit"):
        read("scenario: mine\nlimits: [no touch thrice]\n", "mine.yaml")


@pytest.mark.parametrize(
    ("words", "wrong", "right"),
    [
        ("never care-giude after order.placed", "care-giude", "care-guide"),
        ("at most 1 emial in 1 day", "emial", "email"),
        ("never sms after shiped", "shiped", "shipped"),
        ("at most 1 marketting in 7 days", "marketting", "marketing"),
    ],
)
def test_a_limit_of_a_file_about_what_the_journey_does_not_have_is_refused_with_its_line(
    words: str, wrong: str, right: str, tmp_path: Path
) -> None:
    """It would hold for ever, and say so."""
    file = tmp_path / "mine.yaml"
    file.write_text(f"scenario: mine\nlimits:\n  - no touch twice\n  - {words}\n")
    timeline = rehearse("standard", shelf.load(str(file)), render=False)
    assert timeline.problems == (
        f"{file}:4: The limit '{words}' names '{wrong}', which is no step of the journey. Did you mean '{right}'?",
    )
    told = replace(shelf.load("happy-path"), limits=(words,), file="")
    [problem] = rehearse("standard", told, render=False).problems
    assert problem.startswith("The limit '"), "and without a file, without one"


def test_a_limit_of_a_shipped_scenario_about_another_journeys_step_is_noted() -> None:
    words = ("never brew-guide after order.refunded", "never care-guide after order.placed")
    timeline = rehearse("standard", replace(shelf.load("happy-path"), limits=words), render=False)
    assert timeline.lacks == ("brew-guide",)
    [problem] = timeline.problems
    assert "care-guide went on" in problem


def test_the_steps_of_the_standard_journey_are_read_from_its_source_and_its_mixins() -> None:
    found = steps(Standard)
    assert {"cross-sell-7", "cross-sell-14", "cross-sell-21"} <= found  # an f-string over a loop
    assert {"shipped", "delivered", "returned-to-sender"} <= found  # a table of a mixin
    assert {"return-requested", "return-received"} <= found  # either of two
    assert {"partial-refund", "refund-confirmation"} <= found  # given by callers
    assert not [step for step in found if "*" in step]


def test_what_left_before_a_bounce_was_sent_though_its_answer_was_lost() -> None:
    """Found by a search: its provider took it and died, the address bounced, and then it was found to be taken."""
    story = Scenario(
        name="lost",
        timeline=(
            Told(at=when("day 5 12:00"), event="shipment.delivered"),
            Failing(at=when("day 6 12:00"), channel=Channel.EMAIL, fault=Fault.ACCEPTS_THEN_DIES, calls=1),
            Reported(at=when("day 7 10:04"), report=Report.BOUNCED),
        ),
    )
    timeline = rehearse("standard", story, render=False)
    touch = timeline.touch("arrived-safely")
    assert touch is not None
    assert touch.handed_at is not None
    assert touch.handed_at < touch.at
    assert list(find("nothing without consent").breaches(timeline, story)) == []
