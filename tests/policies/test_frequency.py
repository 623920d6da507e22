"""Caps: how much is too much, who goes first, and that waiting always ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from test_gate import TRANSACTIONAL, facts, reason

from doorstep.domain.customers import Cap, CountedTouch, Facts, StorePolicy, WaitingTouch
from doorstep.domain.moments import SendWindow
from doorstep.domain.outcomes import Defer, Send, SkipReason, TouchState
from doorstep.policies.gate import decide
from fakes import NOON, request

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
ONE_A_DAY = StorePolicy(caps=(Cap(limit=1, window=DAY),), headroom=0)


def sent(at: datetime, *, shadow: bool = False) -> CountedTouch:
    state = TouchState.SKIPPED if shadow else TouchState.ACCEPTED
    return CountedTouch(key=f"jny_x:{at.isoformat()}", at=at, state=state, shadow=shadow)


def waits(
    key: str, priority: int = 50, *, due_at: datetime = NOON, lasts: timedelta = 5 * DAY
) -> WaitingTouch:
    return WaitingTouch(key=key, priority=priority, due_at=due_at, expires_at=due_at + lasts)


def capped(policy: StorePolicy = ONE_A_DAY, **changes: Any) -> Facts:
    return facts(policy=policy, **changes)


def test_a_slot_is_free_again_exactly_one_window_after_the_touch_that_held_it() -> None:
    """A second earlier it is not; the deferral names that very instant."""
    here = capped(counted=(sent(NOON),))
    early = decide(request(), here, NOON + DAY - timedelta(seconds=1))
    assert isinstance(early, Defer)
    decision = decide(request(), here, NOON + 3 * HOUR)
    assert isinstance(decision, Defer)
    assert (decision.until, decision.reason) == (NOON + DAY, SkipReason.FREQUENCY_CAPPED)
    assert isinstance(decide(request(), here, decision.until), Send)


def test_parts_of_a_second_decide_nothing() -> None:
    """A weekly touch at one local hour meets the end of its window: how late each timer fired is not asked."""
    weekly = StorePolicy(caps=(Cap(limit=1, window=7 * DAY),), headroom=0)
    late, later = timedelta(milliseconds=900), timedelta(milliseconds=1100)
    here = capped(weekly, counted=(sent(NOON + late),))
    assert isinstance(decide(request(expires_at=NOON + 9 * DAY), here, NOON + 7 * DAY), Send)
    here = capped(weekly, counted=(sent(NOON + later),))
    decision = decide(request(expires_at=NOON + 9 * DAY), here, NOON + 7 * DAY)
    assert isinstance(decision, Defer)
    assert isinstance(
        decide(request(expires_at=NOON + 9 * DAY), here, NOON + 7 * DAY + timedelta(milliseconds=20)), Send
    )


def test_a_deferral_is_never_shorter_than_a_minute() -> None:
    """Also when the slot is free in a second."""
    at = NOON + DAY - timedelta(seconds=1)
    decision = decide(request(), capped(counted=(sent(NOON),)), at)
    assert isinstance(decision, Defer)
    assert decision.until == at + MINUTE


def test_all_caps_are_met_at_the_instant_a_touch_is_deferred_to() -> None:
    """The latest of the caps' free instants counts, not the first."""
    policy = StorePolicy(caps=(Cap(limit=1, window=HOUR), Cap(limit=2, window=2 * DAY)), headroom=0)
    decision = decide(request(), capped(policy, counted=(sent(NOON), sent(NOON + DAY))), NOON + DAY)
    assert isinstance(decision, Defer)
    assert decision.until == NOON + 2 * DAY


def test_a_slot_that_frees_in_the_night_defers_to_the_morning_at_once() -> None:
    """One wake is enough: the next opening at or after the free slot."""
    decision = decide(request(), capped(counted=(sent(NOON - 14 * HOUR),)), NOON)
    assert isinstance(decision, Defer)
    assert decision.until == (NOON + DAY).replace(hour=9)


def test_a_slot_that_frees_after_the_touch_expires_ends_it() -> None:
    """Waiting would be in vain, also until the very instant of its expiry."""
    want = request(expires_at=NOON + DAY)
    assert reason(decide(want, capped(counted=(sent(NOON),)), NOON)) is SkipReason.FREQUENCY_CAPPED
    later = request(expires_at=NOON + DAY + MINUTE)
    assert isinstance(decide(later, capped(counted=(sent(NOON),)), NOON), Defer)


def test_a_cap_of_none_silences_marketing_without_waiting() -> None:
    """No slot will ever come free."""
    policy = StorePolicy(caps=(Cap(limit=0, window=DAY),))
    assert reason(decide(request(), capped(policy), NOON)) is SkipReason.FREQUENCY_CAPPED
    assert isinstance(decide(request(**TRANSACTIONAL), capped(policy), NOON), Send)


def test_headroom_is_kept_for_higher_priority_but_never_takes_the_last_slot() -> None:
    """Two of three are used: the third is for priority 60 and up; a cap of one still lets ordinary ones go."""
    policy = StorePolicy(caps=(Cap(limit=3, window=7 * DAY),), headroom=1, headroom_from=60)
    here = capped(policy, counted=(sent(NOON - DAY), sent(NOON - 3 * DAY)))
    assert isinstance(decide(request(priority=59), here, NOON), Defer)
    assert isinstance(decide(request(priority=60), here, NOON), Send)
    assert isinstance(decide(request(priority=59), here, NOON, holding=True), Send)
    tight = capped(StorePolicy(caps=(Cap(limit=1, window=DAY),), headroom=1))
    assert isinstance(decide(request(priority=10), tight, NOON), Send)


def test_headroom_is_kept_on_the_widest_cap_only() -> None:
    """The narrow one gives all its slots to anybody."""
    policy = StorePolicy(caps=(Cap(limit=2, window=DAY), Cap(limit=9, window=7 * DAY)), headroom=1)
    assert isinstance(decide(request(priority=0), capped(policy, counted=(sent(NOON),)), NOON), Send)


def test_a_touch_dated_after_the_decision_fills_its_cap_too() -> None:
    """The clocks of two journeys need not agree."""
    assert isinstance(decide(request(), capped(counted=(sent(NOON + HOUR),)), NOON), Defer)


def test_shadow_touches_count_for_the_held_out_only() -> None:
    """Both groups are capped alike, and neither by the other's world."""
    shadow = (sent(NOON - HOUR, shadow=True),)
    assert isinstance(decide(request(), capped(counted=shadow), NOON), Send)
    out = StorePolicy(caps=ONE_A_DAY.caps, headroom=0, holdout_percent=100.0)
    decision = decide(request(), capped(out, counted=shadow), NOON)
    assert reason(decision) is SkipReason.FREQUENCY_CAPPED
    assert isinstance(decision, Defer)


def test_a_waiting_touch_of_higher_rank_takes_the_free_slot() -> None:
    """Higher priority first, then due earlier, then by key; a lower or later one does not."""
    for first in (
        waits("jny_z:x", 51),
        waits("jny_z:x", due_at=NOON - HOUR),
        waits("jny_A:x"),
    ):
        decision = decide(request(), capped(waiting=(first,)), NOON)
        assert isinstance(decision, Defer)
        assert decision.until == NOON + DAY
        assert dict(decision.trace[-1].facts)["waiting_ahead"] == [first.key]
    for after in (waits("jny_z:x", 49), waits("jny_z:x", due_at=NOON + HOUR), waits("jny_z:x")):
        assert isinstance(decide(request(), capped(waiting=(after,)), NOON), Send)


def test_a_waiting_touch_that_is_not_due_or_has_expired_blocks_nobody() -> None:
    """A dead row stops counting at its expiry: no touch waits for it for ever."""
    later = waits("jny_a:a", 90, due_at=NOON + MINUTE)
    dead = waits("jny_a:b", 90, due_at=NOON - DAY, lasts=DAY)
    assert isinstance(decide(request(), capped(waiting=(later, dead)), NOON), Send)
    dying = waits("jny_a:c", 90, due_at=NOON - DAY, lasts=DAY + HOUR)
    decision = decide(request(), capped(waiting=(dying,)), NOON)
    assert isinstance(decision, Defer)
    assert decision.until == NOON + HOUR


def test_a_touch_that_holds_its_slot_is_not_outranked_any_more() -> None:
    """But it still obeys the caps."""
    first = waits("jny_z:x", 99)
    assert isinstance(decide(request(), capped(waiting=(first,)), NOON, holding=True), Send)
    assert isinstance(decide(request(), capped(counted=(sent(NOON),)), NOON, holding=True), Defer)


def test_send_now_goes_before_others_and_into_the_headroom_but_not_past_a_full_cap() -> None:
    """An agent's word ranks first; it does not add a message to what the person is promised."""
    now = request(priority=1, ignore_timing=True)
    assert isinstance(decide(now, capped(waiting=(waits("jny_z:x", 99),)), NOON), Send)
    roomy = StorePolicy(caps=(Cap(limit=2, window=DAY),), headroom=1, headroom_from=60)
    assert isinstance(decide(now, capped(roomy, counted=(sent(NOON - HOUR),)), NOON), Send)
    full = decide(now, capped(counted=(sent(NOON - HOUR),)), NOON)
    assert isinstance(full, Defer)
    assert (full.until, full.reason) == (NOON + DAY - HOUR, SkipReason.FREQUENCY_CAPPED)


def test_the_lower_of_two_that_wake_together_answers_the_same_whoever_asks_first() -> None:
    """Before the higher one is sent, or after: deferred to the same instant."""
    high = waits("jny_h:x", 80)
    before = decide(request(), capped(waiting=(high,)), NOON)
    after = decide(request(), capped(counted=(sent(NOON),)), NOON)
    assert isinstance(before, Defer)
    assert isinstance(after, Defer)
    assert before.until == after.until


instants = st.integers(-10 * 24 * 60, 24 * 60).map(lambda minutes: NOON + minutes * MINUTE)
caps = st.builds(Cap, limit=st.integers(1, 4), window=st.integers(1, 200).map(lambda h: h * HOUR))
policies = st.builds(
    StorePolicy,
    caps=st.lists(caps, max_size=3).map(tuple),
    headroom=st.integers(0, 3),
    headroom_from=st.integers(0, 100),
    window=st.sampled_from(
        [SendWindow(), SendWindow(opens=NOON.time(), closes=NOON.time().replace(hour=13))]
    ),
)
waiting = st.builds(
    lambda n, p, due, lasts: waits(f"jny_{n}:w", p, due_at=due, lasts=lasts * HOUR),
    st.integers(0, 5),
    st.integers(0, 100),
    instants,
    st.integers(1, 400),
)
crowded = st.builds(
    lambda policy, counted, queue: capped(policy, counted=tuple(counted), waiting=tuple(queue)),
    policies,
    st.lists(instants.map(sent), max_size=8),
    st.lists(waiting, max_size=5),
)


@settings(deadline=None)
@given(here=crowded, priority=st.integers(0, 100), lasts=st.integers(1, 30))
def test_waiting_for_a_slot_always_ends(here: Facts, priority: int, lasts: int) -> None:
    """Whatever is in the way, each deferral moves on by a minute or more, and few are enough: one
    for each touch in the way, and one each time the shortest window passes."""
    want = request(priority=priority, expires_at=NOON + lasts * DAY)
    at, asked = NOON, 0
    decision = decide(want, here, at)
    while isinstance(decision, Defer):
        assert at + MINUTE <= decision.until < want.expires_at
        at, asked = decision.until, asked + 1
        decision = decide(want, here, at)
    blockers = len(here.counted) * len(here.policy.caps) + len(here.waiting)
    passing = lasts * DAY / min((cap.window for cap in here.policy.caps), default=DAY)
    assert asked <= blockers + passing + 2


@settings(deadline=None)
@given(here=crowded, priority=st.integers(0, 100), after=st.integers(0, 4000))
def test_what_the_caps_let_go_is_within_every_cap(here: Facts, priority: int, after: int) -> None:
    """Counted the slow way: in no window that ends with this touch are there more than its limit."""
    at = NOON + after * MINUTE
    if isinstance(decide(request(priority=priority, expires_at=NOON + 9 * DAY), here, at), Send):
        for cap in here.policy.caps:
            assert sum(t.at > at - cap.window for t in here.counted) + 1 <= cap.limit


@settings(deadline=None)
@given(here=crowded, priority=st.integers(0, 100), share=st.floats(0, 0.999))
def test_a_touch_is_deferred_to_the_very_instant_at_which_it_may_go(
    here: Facts, priority: int, share: float
) -> None:
    """While nothing else changes the gate would refuse it at any earlier second, and lets it go then."""
    want = request(priority=priority, expires_at=NOON + 60 * DAY)
    lone = capped(here.policy, counted=here.counted)
    decision = decide(want, lone, NOON)
    if isinstance(decision, Defer) and decision.until > NOON + MINUTE:
        earlier = NOON + timedelta(seconds=int((decision.until - NOON).total_seconds() * share))
        assert not isinstance(decide(want, lone, earlier), Send)
        assert isinstance(decide(want, lone, decision.until), Send)
