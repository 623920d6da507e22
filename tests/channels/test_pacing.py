"""Not faster than the provider takes messages: turns, a share for each worker, and a 429 that holds the channel."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from doorstep.channels.base import Identity
from doorstep.channels.pacing import PATIENCE, Pace, Paces
from doorstep.channels.sendgrid import SendGridSender
from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import OutcomeKind, TouchState
from doorstep.settings import Settings, load_settings
from doorstep.touch import perform
from fakes import NOON, World, request
from simulators.sendgrid import SendGrid, problem

FROM = Identity(name="Fjord & Field", mailbox="post@fjord.example")


class Time:
    """A clock that moves when somebody sleeps, or is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def pace(self, per_second: float) -> Pace:
        return Pace(per_second, clock=self.clock, sleep=self.sleep)


def test_turns_come_at_the_pace_and_those_told_to_come_back_do_not_come_at_once() -> None:
    """Ten a second, no two nearer than a tenth; a crowd without patience is spread over the time it takes."""
    time = Time()
    pace = time.pace(10)
    sent = []
    for _ in range(30):
        assert pace.turn() == timedelta(0)
        sent.append(time.now)
    assert min(b - a for a, b in itertools.pairwise(sent)) >= 0.0999

    crowd = Pace(10, clock=lambda: 0.0, sleep=lambda _: None)  # everybody at the same instant
    back = [wait for wait in (crowd.turn() for _ in range(1000)) if wait]
    assert len(back) >= 1000 - 10 * (PATIENCE + 1)
    assert min(back) > timedelta(seconds=PATIENCE)
    assert len(set(back)) == len(back)
    assert timedelta(seconds=90) < max(back) < timedelta(seconds=110)


def test_workers_share_a_pace_evenly() -> None:
    """Two of them at ten a second: five each; alone again, ten."""
    time = Time()
    pace = time.pace(10)
    for workers, expected in ((2, 0.2), (1, 0.1)):
        pace.among(workers)
        pace.turn()
        began = time.now
        for _ in range(10):
            pace.turn()
        assert time.now - began == pytest.approx(10 * expected, abs=0.11)


def test_the_settings_say_the_pace() -> None:
    """Per channel; nonsense is refused with what is allowed."""
    paces = Paces.of(Settings(sms_per_second=0.5))
    assert not any(paces(Channel.EMAIL) for _ in range(100))
    assert [bool(paces(Channel.SMS)) for _ in range(2)] == [False, True]
    assert load_settings({"DOORSTEP_EMAIL_PER_SECOND": "2.5"}).email_per_second == 2.5
    with pytest.raises(Exception, match="DOORSTEP_EMAIL_PER_SECOND is 'fast'"):
        load_settings({"DOORSTEP_EMAIL_PER_SECOND": "fast"})


@pytest.fixture
def vendor() -> Iterator[SendGrid]:
    with SendGrid() as running:
        yield running


def test_a_429_holds_the_channel_for_every_message(vendor: SendGrid) -> None:
    """One message is told to wait; the next asks nobody, is not `sending` meanwhile, and goes when the time is up."""
    world, time = World(), Time()
    pace = time.pace(0)
    paces = Paces({Channel.EMAIL: pace})
    sender = paces.heeding(Channel.EMAIL, SendGridSender(vendor.api_key, lambda _: FROM, url=vendor.url))
    ports = replace(world.ports, senders={Channel.EMAIL: sender}, pace=paces)
    first = request("jny_a:care", channels=(Channel.EMAIL,))
    second = request("jny_b:care", channels=(Channel.EMAIL,), person_ref="per_2")

    vendor.script = [problem(429, "too many requests", None, **{"Retry-After": "60"})]
    told = perform(ports, first, NOON)
    assert (told.kind, told.until) == (OutcomeKind.DEFERRED, NOON + timedelta(seconds=60))
    told = perform(ports, second, NOON)
    assert told.kind is OutcomeKind.DEFERRED
    assert told.until is not None
    assert timedelta(seconds=60) <= told.until - NOON < timedelta(seconds=61)
    assert (world.row("jny_b:care").state, world.row("jny_b:care").sending_at) == (TouchState.DEFERRED, None)
    assert len(vendor.requests) == 1

    time.now += 61
    for one in (first, second):
        assert perform(ports, one, NOON + timedelta(seconds=61)).kind is OutcomeKind.SENT
    assert [mail.touch for mail in vendor.accepted] == ["jny_a:care", "jny_b:care"]
