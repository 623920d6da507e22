"""Reports, the journey's own word, sweeps, and how rows count for others."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from accidents import Died, Mortal

from doorstep.domain.messages import Channel, Purpose, Receipt
from doorstep.domain.outcomes import Outcome, OutcomeKind, SkipReason, TouchState
from doorstep.domain.touches import LedgerRow
from doorstep.errors import ProviderAmbiguous
from doorstep.touch import as_counted, as_waiting, perform, record, reported, settle
from fakes import NOON, World, lose, request

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
RECEIPT = Receipt(provider="email-provider", provider_message_id="m-9")
STALE = Outcome(kind=OutcomeKind.SKIPPED, reason=SkipReason.STALE, detail="Started late.")
CANCELLED = Outcome(kind=OutcomeKind.CANCELLED, detail="The journey left its course.")
TRANSACTIONAL: dict[str, Any] = {"purpose": Purpose.TRANSACTIONAL}


def tell(world: World, at: datetime = NOON + MINUTE) -> Outcome | None:
    return reported(
        world.store, store_id="sto_1", person_ref="per_1", key="jny_a:care", receipt=RECEIPT, at=at
    )


def lost(**changes: Any) -> World:
    """A world in which the provider took the message and its answer was lost."""
    world = World(reports=False)
    world.senders[Channel.EMAIL].answers = [lose(ProviderAmbiguous("timed out"))]
    perform(world.ports, request(**changes), NOON)
    return world


def dead_at(boundary: int) -> World:
    world = World()
    world.store.at_boundary = Mortal(frozenset({boundary}))
    with pytest.raises(Died):
        perform(world.ports, request(), NOON)
    return world


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_report_turns_an_ambiguous_touch_into_an_accepted_one_for_good(purpose: Purpose) -> None:
    """Unknown marketing and reconciling transactional alike; nothing is sent again."""
    world = lost(purpose=purpose)
    told = tell(world)
    assert told is not None
    assert told.sent
    assert tell(world, NOON + DAY) == told
    assert perform(world.ports, request(purpose=purpose), NOON + DAY) == told
    assert len(world.taken) == 1


def test_a_report_that_arrives_while_a_dead_attempt_is_looked_into_is_kept() -> None:
    """The lookup knew nothing yet; what it missed is not overwritten."""
    world = World(reports=False)
    world.store.at_boundary = Mortal(frozenset({9}))
    with pytest.raises(Died):
        perform(world.ports, request(), NOON)
    told = []

    def callback(name: str) -> None:
        if name == "lookup":
            told.append(tell(world))

    world.store.at_boundary = callback
    assert perform(world.ports, request(), NOON + MINUTE).sent
    assert len(told) == 1


def test_an_ambiguous_touch_that_is_deferred_is_looked_up_again_before_it_goes() -> None:
    """An SMS lost in the evening waits for the morning; by then the provider can say that it took it."""
    world, evening = World(reports=False), NOON.replace(hour=19, minute=55)
    sms = request(channels=(Channel.SMS,), at=evening, **TRANSACTIONAL)
    world.senders[Channel.SMS].answers = [lose(ProviderAmbiguous("timed out"))]
    perform(world.ports, sms, evening)
    night = perform(world.ports, sms, evening + 10 * MINUTE)
    assert (night.kind, night.until) == (OutcomeKind.DEFERRED, (NOON + DAY).replace(hour=9))
    world.senders[Channel.SMS].reports = True
    assert perform(world.ports, sms, (NOON + DAY).replace(hour=9)).sent
    assert len(world.taken) == 1


def test_a_report_about_what_we_never_sent_changes_nothing() -> None:
    """No row, or a row whose provider was never called."""
    world = World()
    assert tell(world) is None
    record(world.store, request(), STALE, NOON)
    before = world.row()
    assert tell(world) is None
    assert world.row() == before


def test_the_journeys_own_word_closes_a_touch_once() -> None:
    """With its reason, its trace and one decision, however often it is told."""
    world = World()
    outcome = record(world.store, request(), STALE, NOON)
    assert record(world.store, request(), CANCELLED, NOON + DAY) == outcome
    assert (outcome.kind, outcome.reason, outcome.detail) == (
        OutcomeKind.SKIPPED,
        SkipReason.STALE,
        "Started late.",
    )
    assert len(world.records.decisions) == 1
    assert perform(world.ports, request(), NOON) == outcome


def test_the_journeys_own_word_never_overwrites_what_a_provider_may_have_taken() -> None:
    """Accepted, unknown and reconciling rows stay; a sent one is not claimed by a journey either."""
    for changes in ({}, TRANSACTIONAL):
        world = lost(**changes)
        before = world.row()
        record(world.store, request(**changes), CANCELLED, NOON + DAY)
        assert world.row() == before
    world = World()
    record(world.store, request(), Outcome(kind=OutcomeKind.SENT), NOON)
    assert world.rows == {}


def test_a_cancellation_while_an_attempt_renders_takes_the_touch_away_from_it() -> None:
    """The attempt finds its reservation gone, sends nothing, and reports the cancellation."""
    world = World()

    def boundary(name: str) -> None:
        if name == "content":
            record(world.store, request(), CANCELLED, NOON)

    world.store.at_boundary = boundary
    assert perform(world.ports, request(), NOON).kind is OutcomeKind.CANCELLED
    assert world.taken == []


def test_a_sweep_closes_what_nobody_will_ask_about_again() -> None:
    """Reconciling past R: unknown, or accepted when the provider says so. Past expiry: skipped as stale."""
    world = lost(**TRANSACTIONAL)
    assert settle(world.ports, world.row(), NOON + 9 * MINUTE) is None
    assert ended(world, NOON + 10 * MINUTE).kind is OutcomeKind.UNKNOWN
    world = lost(**TRANSACTIONAL)
    world.senders[Channel.EMAIL].reports = True
    assert ended(world, NOON + MINUTE).sent
    world = dead_at(2)
    assert settle(world.ports, world.row(), NOON + MINUTE) is None
    stale = ended(world, NOON + 6 * DAY)
    assert (stale.kind, stale.reason) == (OutcomeKind.SKIPPED, SkipReason.STALE)


def ended(world: World, at: datetime) -> Outcome:
    """What a sweep closes the row with. A second sweep that read the row before is told that it closed nothing."""
    before = world.row()
    outcome = settle(world.ports, before, at)
    assert outcome is not None
    assert settle(world.ports, before, at) is None
    return outcome


def test_a_dead_attempts_reservation_is_taken_over_and_expires_for_others() -> None:
    """Its own retry keeps the slot; another touch gets it two minutes later."""
    world = dead_at(2)
    other = request("jny_b:care")
    assert perform(world.ports, other, NOON + MINUTE).kind is OutcomeKind.DEFERRED
    assert perform(world.ports, request(), NOON + MINUTE).sent
    assert world.row().fence == 2
    world = dead_at(2)
    assert perform(world.ports, other, NOON + 2 * MINUTE).sent
    assert perform(world.ports, request(), NOON + 2 * MINUTE).reason is SkipReason.FREQUENCY_CAPPED


@pytest.mark.parametrize("state", list(TouchState))
def test_reserved_sending_accepted_and_unknown_marketing_fills_caps(state: TouchState) -> None:
    """Transactional never does; a shadow skip does, marked as such."""
    row = LedgerRow(request=request(), state=state, decided_at=NOON, reserved_until=NOON + MINUTE)
    counts = {TouchState.RESERVED, TouchState.SENDING, TouchState.ACCEPTED, TouchState.UNKNOWN}
    assert (as_counted(row, NOON) is not None) is (state in counts)
    assert as_counted(replace(row, request=request(**TRANSACTIONAL)), NOON) is None
    if state is TouchState.SKIPPED:
        shadow = as_counted(replace(row, shadow=True), NOON)
        assert shadow is not None
        assert shadow.shadow


@pytest.mark.parametrize("reason", [None, *SkipReason])
def test_only_a_touch_deferred_for_a_slot_ranks_before_others(reason: SkipReason | None) -> None:
    """One held by its own order's trouble would block the person's other orders for days."""
    row = LedgerRow(request=request(), state=TouchState.DEFERRED, reason=reason, deferred_until=NOON + DAY)
    for_a_slot = reason in (SkipReason.FREQUENCY_CAPPED, SkipReason.QUIET_HOURS_EXPIRED)
    assert (as_waiting(row, NOON) is not None) is for_a_slot
    assert as_waiting(row, NOON - MINUTE) is None
    assert as_waiting(row, NOON + 5 * DAY) is None
