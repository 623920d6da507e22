"""Two attempts at one touch, and many touches of one person, at the same time."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from random import Random

import pytest
from accidents import check, interleave, run_to_end
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.domain.customers import Cap
from doorstep.domain.messages import Purpose, Receipt
from doorstep.domain.outcomes import FINAL_STATES, Outcome, OutcomeKind
from doorstep.domain.touches import TouchRequest
from doorstep.touch import perform, reported
from fakes import NOON, World, request

schedules = st.lists(st.integers(0, 1), max_size=30)


def both(world: World, want: TouchRequest, schedule: list[int]) -> list[Outcome]:
    return interleave(world, [lambda: perform(world.ports, want, NOON)] * 2, schedule)


@settings(max_examples=60, deadline=None)
@given(schedule=schedules, purpose=st.sampled_from(list(Purpose)), reports=st.booleans())
def test_two_attempts_at_one_touch_send_it_once_however_they_interleave(
    schedule: list[int], purpose: Purpose, reports: bool
) -> None:
    """Neither claims what the provider did not take; whoever comes later tells the same end."""
    world = World(reports=reports)
    outcomes = both(world, request(purpose=purpose), schedule)
    check(world)
    end, _ = run_to_end(world, request(purpose=purpose), NOON)
    assert len(world.taken) == 1
    assert end.sent
    assert all(o.kind in (OutcomeKind.SENT, OutcomeKind.UNKNOWN, OutcomeKind.DEFERRED) for o in outcomes)
    if purpose is Purpose.TRANSACTIONAL:
        assert all(o.kind is not OutcomeKind.UNKNOWN for o in outcomes)


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("place", range(12))
def test_a_whole_attempt_at_any_boundary_of_another_sends_it_once(place: int, purpose: Purpose) -> None:
    """The one that was overtaken notices by its fence."""
    world = World()
    outcomes = both(world, request(purpose=purpose), [0] * place + [1] * 30)
    check(world)
    assert len(world.taken) == 1
    assert any(o.sent for o in outcomes)


@pytest.mark.parametrize("place", range(12))
def test_a_report_at_any_boundary_of_an_attempt_is_never_lost(place: int) -> None:
    """The provider may call back before our own call returns."""
    world = World()

    def callback() -> Outcome | None:
        if not world.taken:
            return None
        receipt = Receipt(provider="email-provider", provider_message_id="email-provider-1")
        return reported(
            world.store, store_id="sto_1", person_ref="per_1", key="jny_a:care", receipt=receipt, at=NOON
        )

    def attempt() -> Outcome | None:
        return perform(world.ports, request(), NOON)

    outcomes = interleave(world, [attempt, callback], [0] * place + [1] * 30)
    assert outcomes[0] is not None
    assert outcomes[0].sent
    assert len(world.taken) == 1


def crowd(count: int, random: Random) -> list[TouchRequest]:
    """Touches of one person's many orders, all due now."""
    return [
        request(
            f"jny_{number}:care",
            priority=random.choice([10, 50, 50, 70]),
            expires_at=NOON + timedelta(days=random.randint(1, 9)),
        )
        for number in range(count)
    ]


def assert_capped(world: World, cap: Cap) -> None:
    times = sorted(message.at for message in world.taken)
    for start in times:
        assert sum(start <= at < start + cap.window for at in times) <= cap.limit


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_fifty_touches_racing_for_one_person_never_exceed_a_cap(seed: int) -> None:
    """All at once, and again whenever they were deferred to; each ends, and the slots there are get used."""
    random, world = Random(seed), World()
    asks: dict[datetime, list[TouchRequest]] = {NOON: crowd(50, random)}
    rounds = 0
    while asks:
        at = min(asks)
        wanted = asks.pop(at)
        rounds += 1
        schedule = iter(lambda: random.randrange(50), None)
        calls = [partial(perform, world.ports, want, at) for want in wanted]
        for want, outcome in zip(wanted, interleave(world, calls, schedule), strict=True):
            if outcome.kind is OutcomeKind.DEFERRED:
                assert outcome.until is not None
                asks.setdefault(outcome.until, []).append(want)
    check(world, ended=True)
    for cap in world.records.shop.policy.caps:
        assert_capped(world, cap)
    assert len(world.rows) == 50
    assert Counter(row.state in FINAL_STATES for row in world.rows.values()) == {True: 50}
    assert len(world.taken) >= 4
    assert rounds < 60


def test_the_higher_of_two_waiting_touches_gets_the_slot_whichever_wakes_first() -> None:
    """And the lower one the next."""
    for first in (0, 1):
        world = World()
        assert perform(world.ports, request("jny_x:care"), NOON - timedelta(hours=2)).sent
        low, high = request("jny_l:care", priority=30), request("jny_h:care", priority=70)
        untils = [perform(world.ports, want, NOON).until for want in (low, high)]
        assert untils[0] == untils[1] is not None
        at = untils[0]
        assert at is not None
        for want in (low, high) if first == 0 else (high, low):
            perform(world.ports, want, at)
        assert [m.key for m in world.taken] == ["jny_x:care", "jny_h:care"]
        again = world.row("jny_l:care").deferred_until
        assert again is not None
        assert perform(world.ports, low, again).sent


def test_a_reserved_touch_keeps_its_slot_when_a_higher_one_comes_while_it_renders() -> None:
    """Giving way then would leave the slot to nobody: the higher one has already been deferred."""
    world = World()
    high = request("jny_h:care", priority=90)
    answers: list[Outcome] = []

    def boundary(name: str) -> None:
        if name == "content":
            answers.append(perform(world.ports, high, NOON))

    world.store.at_boundary = boundary
    assert perform(world.ports, request("jny_l:care", priority=10), NOON).sent
    assert [a.kind for a in answers] == [OutcomeKind.DEFERRED]
