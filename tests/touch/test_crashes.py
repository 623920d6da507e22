"""The process may die at every boundary, and the promise holds: marketing at most once, transactional at
least once, and once when the provider reports back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import chain, combinations, repeat
from typing import Any

import pytest
from accidents import Mortal, check, run_to_end
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.outcomes import OutcomeKind, TouchState
from doorstep.errors import ProviderAmbiguous, ProviderRefused, ProviderRejected
from fakes import NOON, World, consented, lose, request

#: the boundaries of a touch without accidents, in order; a death is named by its place here
BOUNDARIES = [
    *("lock", "commit", "committed", "content"),
    *("lock", "commit", "committed", "send", "taken"),
    *("lock", "commit", "committed"),
]
SENDING, SEND, TOLD = 6, 7, 11
"""`sending` is committed; the provider is about to be called; our record of its yes is committed."""


def lived(purpose: Purpose, deaths: frozenset[int], *, reports: bool) -> tuple[World, OutcomeKind]:
    world = World(reports=reports)
    world.store.at_boundary = Mortal(deaths)
    outcome, _ = run_to_end(world, request(purpose=purpose), NOON)
    return world, outcome.kind


def test_a_touch_passes_these_boundaries() -> None:
    """The tests below die at each; this one says that none is missed."""
    world = World()
    world.store.at_boundary = mortal = Mortal(frozenset())
    run_to_end(world, request(), NOON)
    assert mortal.names == BOUNDARIES


@pytest.mark.parametrize("reports", [True, False])
@pytest.mark.parametrize("death", range(len(BOUNDARIES)))
def test_marketing_is_sent_at_most_once_wherever_the_process_dies(death: int, reports: bool) -> None:
    """Before `sending` it is sent by the next attempt; from then on it is unknown, unless the provider says."""
    world, kind = lived(Purpose.MARKETING, frozenset({death}), reports=reports)
    taken = len(world.taken)
    assert taken == (0 if SENDING <= death <= SEND else 1)
    told = death < SENDING or death == TOLD or (reports and taken)
    assert kind is (OutcomeKind.SENT if told else OutcomeKind.UNKNOWN)


@pytest.mark.parametrize("death", range(len(BOUNDARIES)))
def test_transactional_is_sent_once_when_the_provider_reports_and_at_least_once_when_not(death: int) -> None:
    """Only a death between the provider's yes and our commit can double it, and only without a report."""
    world, kind = lived(Purpose.TRANSACTIONAL, frozenset({death}), reports=True)
    assert (kind, len(world.taken)) == (OutcomeKind.SENT, 1)
    world, kind = lived(Purpose.TRANSACTIONAL, frozenset({death}), reports=False)
    assert (kind, len(world.taken)) == (OutcomeKind.SENT, 2 if SEND < death < TOLD else 1)


def test_any_two_deaths_break_no_promise() -> None:
    """The second one in the same attempt or in the next."""
    for deaths in combinations(range(len(BOUNDARIES) + 6), 2):
        for reports in (True, False):
            lived(Purpose.MARKETING, frozenset(deaths), reports=reports)
            world, kind = lived(Purpose.TRANSACTIONAL, frozenset(deaths), reports=reports)
            assert kind is OutcomeKind.SENT
            assert not reports or len(world.taken) == 1


def withdraw(world: World) -> None:
    world.person(consents=())


def grant(world: World) -> None:
    world.person(consents=consented())


def move(world: World) -> None:
    world.person(addresses={Channel.SMS: "+15550100"})


def leave(world: World) -> None:
    world.exited("jny_a", NOON)


def wait(world: World) -> None:
    """Nothing changes."""


changes = st.lists(st.sampled_from([withdraw, grant, move, leave, wait, wait]), max_size=6)
answers = st.lists(
    st.sampled_from(
        [
            None,
            ProviderRejected("No such mailbox.", suppress=True),
            ProviderRejected("Too long."),
            ProviderRefused("Nobody there."),
            ProviderRefused("Slow down.", retry_after=timedelta(minutes=3)),
            ProviderAmbiguous("timed out"),
            lose(ProviderAmbiguous("timed out")),
            lose(RuntimeError("surprise")),
        ]
    ),
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(
    purpose=st.sampled_from(list(Purpose)),
    deaths=st.frozensets(st.integers(0, 40), max_size=6),
    by_email=answers,
    by_sms=answers,
    events=changes,
    reports=st.booleans(),
)
def test_deaths_answers_and_changing_facts_together_break_no_promise(
    purpose: Purpose,
    deaths: frozenset[int],
    by_email: list[Any],
    by_sms: list[Any],
    events: list[Callable[[World], None]],
    reports: bool,
) -> None:
    """`run_to_end` checks after each call; at the end, `skipped` means that nobody got it, and a provider
    that reports back got it once."""
    world = World(reports=reports)
    world.senders[Channel.EMAIL].answers = list(by_email)
    world.senders[Channel.SMS].answers = list(by_sms)
    world.store.at_boundary = Mortal(deaths)
    between: Iterator[Callable[[World], None]] = chain(events, repeat(wait))
    want = request(purpose=purpose, channels=(Channel.EMAIL, Channel.SMS))
    run_to_end(world, want, NOON, between=between)
    check(world, ended=True)
    if world.row().state is TouchState.SKIPPED:
        assert world.taken == []
    if reports:
        assert len(world.taken) <= 1


@settings(max_examples=120, deadline=None)
@given(death=st.integers(0, 20), opt_out=st.integers(0, 20))
def test_an_opt_out_committed_before_sending_wins_over_any_crash(death: int, opt_out: int) -> None:
    """Whenever it is withdrawn before `sending` is committed nothing is sent; never is it sent after."""
    world = World()
    mortal = Mortal(frozenset({death}))
    out: list[bool] = []

    def boundary(name: str) -> None:
        if mortal.passed == opt_out and name != "commit":
            out.append("jny_a:care" in world.rows and world.row().sending_at is not None)
            withdraw(world)
        mortal(name)

    world.store.at_boundary = boundary
    run_to_end(world, request(), NOON)
    if out and not out[0]:
        assert world.taken == []
