"""The shipped scenarios: every one plays, no two alike, each says what its name promises."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise

import pytest

from doorstep.rehearsal import page, shelf, terminal
from doorstep.rehearsal.reading import read
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.timeline import Kind, Timeline
from doorstep.rehearsal.writing import write
from doorstep.workflows import patches
from doorstep.workflows.journey import ONCE_REACHED

NAMES = sorted(shelf.files())
#: what the issue names, each once
ASKED_FOR = {
    *("happy-path", "late-parcel", "exception-then-delivered", "never-arrived", "lost-scan", "two-parcels"),
    *("partial-refund", "full-refund-on-day-12", "cancel-before-shipping", "return-after-review-request"),
    *("bad-review-resolved", "good-review", "unsubscribes-on-day-3", "sms-stop", "hard-bounce-with-fallback"),
    *("repurchase-on-day-10", "three-orders-at-once", "quiet-hours-across-a-clock-change", "gift-order"),
    *("subscription-refill", "imported-twenty-days-late", "provider-down-for-a-day"),
    *("paused-and-resumed-skip", "paused-and-resumed-send-still-useful", "paused-and-resumed-shift"),
    "delivered-before-shipped-was-heard",
}


@pytest.fixture(scope="module")
def played() -> dict[str, Timeline]:
    return {name: rehearse("standard", shelf.load(name)) for name in NAMES}


def sent(timeline: Timeline, order: str = "first") -> list[str]:
    return [touch.step for touch in timeline.sent if touch.order == order]


def test_every_scenario_that_was_asked_for_is_there() -> None:
    assert set(NAMES) >= ASKED_FOR
    assert len(NAMES) >= 24


@pytest.mark.parametrize("name", NAMES)
def test_each_is_named_as_its_file_and_reads_the_same_after_it_was_written(name: str) -> None:
    scenario = shelf.load(name)
    assert scenario.name == name
    assert scenario.about
    assert read(write(scenario), "written") == scenario


def test_each_plays_to_an_end_with_nothing_to_mend(played: dict[str, Timeline]) -> None:
    assert {n: t.problems for n, t in played.items() if not t.ok} == {}
    assert [n for n, t in played.items() if not all(t.outcomes.values())] == []


def test_no_two_have_the_same_timeline(played: dict[str, Timeline]) -> None:
    """Neither the same messages at the same moments for the same reasons, nor the same news."""
    seen: dict[str, str] = {}
    for name, timeline in played.items():
        touches = [
            (t.at, t.name, t.state, t.reason, t.channel, t.order, t.deferrals) for t in timeline.touches
        ]
        events = [(e.at, e.kind, e.what, e.order) for e in timeline.events]
        told = repr((touches, events))
        assert told not in seen, f"{name} and {seen[told]}"
        seen[told] = name


def test_a_timeline_survives_its_json(played: dict[str, Timeline]) -> None:
    for timeline in played.values():
        assert Timeline.from_json(json.loads(json.dumps(timeline.as_json()))) == timeline


def test_the_same_scenario_gives_the_same_timeline_again(played: dict[str, Timeline]) -> None:
    for name in ("happy-path", "three-orders-at-once", "answer-lost-on-the-way"):
        assert rehearse("standard", shelf.load(name)) == played[name]


def test_two_hash_seeds_give_the_same_timelines() -> None:
    """The order of sets and of hashed keys decides nothing."""
    code = (
        "import hashlib, json; from doorstep.rehearsal.shelf import every;"
        "from doorstep.rehearsal.rehearse import rehearse\n"
        "def plain(t): d = t.as_json(); del d['elapsed_ms']; return d\n"
        "print(hashlib.sha256(json.dumps([plain(rehearse('standard', s)) for s in every()]).encode()).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed},
            check=True, capture_output=True, text=True,
        ).stdout
        for seed in ("1", "4711")
    }  # fmt: skip
    assert len(told) == 1
    assert len(told.pop().strip()) == len(hashlib.sha256().hexdigest())


# --- each says what its name promises ----------------------------------------------------------------


def test_happy_path_tells_everything_once(played: dict[str, Timeline]) -> None:
    steps = sent(played["happy-path"])
    assert steps[0] == "order-confirmation"
    assert len(steps) == len(set(steps))
    assert {"shipped", "delivered", "care-guide", "review-request", "win-back-60"} <= set(steps)
    assert played["happy-path"].outcome == "completed"


def test_points_that_wait_say_from_when_they_can_be_used(played: dict[str, Timeline]) -> None:
    """In the terminal and on the page; those that are usable at once say nothing."""
    timeline = played["good-review"]
    order, review = (event for event in timeline.events if event.kind is Kind.POINTS)
    assert order.usable_at == order.at + timedelta(days=30)
    assert review.usable_at is None
    lines = [" ".join(line.split()) for line in terminal.page(timeline)]
    assert any(line.endswith(f"◦ points {order.what} order, usable from day 30") for line in lines)
    assert any(line.endswith(f"◦ points {review.what} review") for line in lines)
    assert "order, usable from day 30" in page.page([timeline])


def test_a_refund_is_waited_for_two_weeks(played: dict[str, Timeline]) -> None:
    never, later = played["cancelled-and-never-refunded"], played["refunded-five-days-after-cancelling"]
    assert (never.outcome, later.outcome) == ("order_cancelled", "order_cancelled")
    assert never.day(never.ends_at) == 15
    assert sent(never)[-1] == "order-cancelled"
    assert later.day(later.ends_at) == 5
    assert sent(later)[-1] == "refund-confirmation"


def test_full_refund_on_day_12_ends_a_thirty_day_wait_at_once(played: dict[str, Timeline]) -> None:
    timeline = played["full-refund-on-day-12"]
    assert timeline.outcome == "nothing_kept"
    assert sent(timeline)[-1] == "refund-confirmation"
    assert timeline.day(timeline.ends_at) == 12


def test_trouble_with_the_parcel_holds_promotion(played: dict[str, Timeline]) -> None:
    timeline = played["exception-then-delivered"]
    community = timeline.touch("community")
    assert community is not None
    assert community.deferrals[0].reason == "open_exception"
    assert "shipping-exception" in sent(timeline)
    assert [e.what for e in timeline.events if e.kind is Kind.TICKET] == ["parcel-exception"]


def test_silence_is_told_before_the_customer_asks(played: dict[str, Timeline]) -> None:
    silence = played["lost-scan"].touch("silence")
    assert silence is not None
    assert played["lost-scan"].day(silence.at) == 5


def test_a_bad_review_stops_promotion_until_it_is_resolved(played: dict[str, Timeline]) -> None:
    timeline = played["bad-review-resolved"]
    review = next(e for e in timeline.events if e.what == "review.submitted")
    resolved = next(e for e in timeline.events if e.what == "complaint.resolved")
    between = [t for t in timeline.touches if review.at < t.at < resolved.at and t.purpose == "marketing"]
    assert between
    assert not any(t.sent for t in between)
    assert any(t.sent and t.purpose == "marketing" for t in timeline.touches if t.at > resolved.at)


def test_after_an_unsubscribe_nothing_but_the_order_is_spoken_of(played: dict[str, Timeline]) -> None:
    timeline = played["unsubscribes-on-day-3"]
    later = [t for t in timeline.sent if timeline.day(t.at) >= 4]
    assert later
    assert {t.purpose for t in later} == {"transactional"}


def test_stop_and_a_dead_number_turn_texts_into_emails(played: dict[str, Timeline]) -> None:
    for name in ("sms-stop", "hard-bounce-with-fallback"):
        out = played[name].touch("out-for-delivery")
        assert out is not None
        assert (out.sent, out.channel) == (True, "email"), name
    texted = played["sms-stop"].touch("attempt-failed")
    assert texted is not None
    assert texted.channel == "sms"


def test_the_next_order_ends_selling_and_brings_the_welcome(played: dict[str, Timeline]) -> None:
    timeline = played["repurchase-on-day-10"]
    assert "vip-welcome" in sent(timeline)
    assert not any(step.startswith("win-back") for step in sent(timeline))
    assert timeline.outcomes == {"first": "repurchased", "second": "completed"}


def test_who_buys_again_before_the_parcel_is_there_is_welcomed_when_it_is(
    played: dict[str, Timeline], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Due with the delivery, not with the order that came before it; a journey from before goes its old way."""
    timeline = played["repurchase-before-delivery"]
    (welcome,) = [touch for touch in timeline.touches if touch.step == "vip-welcome"]
    (delivered,) = [e for e in timeline.events if e.what == "shipment.delivered" and e.order == "first"]
    assert welcome.due_at == delivered.at
    assert timedelta() < welcome.at - delivered.at < timedelta(days=1)
    monkeypatch.setattr(patches, "_HELD", {ONCE_REACHED})
    before = rehearse("standard", shelf.load("repurchase-before-delivery"))
    assert [t.reason for t in before.touches if t.step == "vip-welcome"] == ["stale"]


def test_three_orders_are_one_person(played: dict[str, Timeline]) -> None:
    """The caps hold over all of them: one a day, four in any seven days."""
    timeline = played["three-orders-at-once"]
    told = sorted(t.at for t in timeline.sent if t.purpose == "marketing")
    assert all((b - a).total_seconds() >= 20 * 3600 for a, b in pairwise(told))
    assert all((b - a).days >= 7 for a, b in zip(told, told[4:], strict=False))


def test_a_text_in_the_night_of_a_clock_change_waits_for_nine_by_the_new_clock(
    played: dict[str, Timeline],
) -> None:
    timeline = played["quiet-hours-across-a-clock-change"]
    out = timeline.touch("out-for-delivery")
    assert out is not None
    assert out.channel == "sms"
    assert f"{out.at:%Y-%m-%d %H:%M}" == "2026-03-29 07:00"  # 09:00 in Berlin, by summer time


def test_an_import_tells_nothing_stale(played: dict[str, Timeline]) -> None:
    timeline = played["imported-twenty-days-late"]
    stale = {t.step for t in timeline.touches if t.reason == "stale"}
    assert {"order-confirmation", "delivered", "care-guide", "check-in"} <= stale
    assert all(timeline.day(t.at) >= 20 for t in timeline.touches)


def test_a_day_without_the_provider_loses_nothing_and_repeats_nothing(played: dict[str, Timeline]) -> None:
    timeline = played["provider-down-for-a-day"]
    delivered = timeline.touch("delivered")
    assert delivered is not None
    assert delivered.sent
    assert timeline.day(delivered.at) == 5
    assert len({t.key for t in timeline.sent}) == len(timeline.sent) == len(played["happy-path"].sent)


def test_a_provider_nobody_reaches_is_tried_until_it_answers(played: dict[str, Timeline]) -> None:
    shipped = played["provider-unreachable-for-ten-minutes"].touch("shipped")
    assert shipped is not None
    assert shipped.sent
    assert 300 <= (shipped.at - shipped.due_at).total_seconds() <= 600


def test_the_three_ways_to_resume_differ(played: dict[str, Timeline]) -> None:
    skip, useful, shift = (
        played[f"paused-and-resumed-{how}"] for how in ("skip", "send-still-useful", "shift")
    )
    assert skip.touch("care-guide").reason == "stale"  # type: ignore[union-attr] # it fell due in the pause
    caught_up = [t for t in useful.sent if useful.day(t.at) == 11]
    assert caught_up
    care = shift.touch("care-guide")
    assert care is not None
    assert shift.day(care.at) == 11


def test_late_news_contradicts_nothing(played: dict[str, Timeline]) -> None:
    """Once it is delivered nobody is told that it has left."""
    timeline = played["delivered-before-shipped-was-heard"]
    shipped = timeline.touch("shipped")
    assert shipped is not None
    assert not shipped.sent
    assert "delivered" in sent(timeline)


def test_duplicates_change_nothing_but_the_news(played: dict[str, Timeline]) -> None:
    timeline = played["everything-twice-and-out-of-order"]
    assert len({t.key for t in timeline.sent}) == len(timeline.sent)
    assert sent(timeline).count("review-thanks") == 1


def test_a_lost_answer_is_asked_about_and_a_lost_marketing_message_is_left(
    played: dict[str, Timeline],
) -> None:
    """Marketing whose fate nobody knows is never sent again; what is owed is, once R has passed."""
    timeline = played["answer-lost-on-the-way"]
    assert [t.step for t in timeline.touches if t.outcome == "unknown"] == ["reassurance"]
    shipped = timeline.touch("shipped")
    assert shipped is not None
    assert shipped.sent
    assert (shipped.at - shipped.due_at).total_seconds() > 30


def test_a_providers_own_report_settles_what_nobody_knew(played: dict[str, Timeline]) -> None:
    timeline = played["lost-answer-reported-later"]
    reassurance = timeline.touch("reassurance")
    assert reassurance is not None
    assert reassurance.sent
    assert timeline.day(reassurance.at) == 1


def test_a_german_in_new_york_reads_german_at_their_own_hours(played: dict[str, Timeline]) -> None:
    timeline = played["reads-german-in-new-york"]
    assert timeline.zone == "America/New_York"
    first = timeline.sent[0]
    assert first.subject == "Wir haben Ihre Bestellung #1001 erhalten"


def test_every_shipped_scenario_is_for_the_standard_journey(played: dict[str, Timeline]) -> None:
    assert {n: t.lacks for n, t in played.items() if t.lacks} == {}


def test_only_in_a_file_of_ones_own_a_step_that_is_not_there_is_a_mistake() -> None:
    text = "scenario: mine\ntimeline:\n  - at: 1h after check-inn\n    customer: opens\n"
    assert not rehearse("standard", read(text, "mine.yaml")).ok
