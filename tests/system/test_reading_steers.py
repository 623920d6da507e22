"""A journey that hears what is opened, on the real server with the provider's signed callbacks, and in the engine: the
same timeline."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from callbacks import report
from house import House
from shopkeeper import STORE, morning_zone, own

from doorstep.domain.messages import Channel
from doorstep.domain.moments import zone
from doorstep.rehearsal.moments import Placed, when
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import Bought, Goods, Person, Report, Reported, Scenario
from doorstep.rehearsal.shop import Product, Shop
from doorstep.rehearsal.telling import Teller
from doorstep.rehearsal.timeline import Timeline
from simulators.sendgrid import SendGrid

pytestmark = pytest.mark.system

WITHIN = timedelta(minutes=2)
"""How far a server's instants may lie behind, whose clock goes on while it works. Another way of the journey is hours
away."""
TALES = Product(ref="tales", title="Tales from the Understorey", category="Books", price_minor=2200)
OPENED = Reported(at=when("day 1 15:00"), report=Report.OPENED, step="education", channel=Channel.EMAIL)
CLICKED = Reported(at=when("day 2 18:00"), report=Report.CLICKED, step="care-guide", channel=Channel.EMAIL)


async def test_what_a_signed_callback_says_was_opened_steers_the_journey(
    connected: House, mail: SendGrid
) -> None:
    """A machine that fetches the pictures steers nothing; a person who opens is told more, and one who clicks gets no
    offer. The engine, told the same, says the same of every step."""
    begins = (connected.now() + timedelta(minutes=1)).replace(second=0, microsecond=0)
    await connected.until(begins)
    here = begins.astimezone(zone(morning_zone(begins)))
    scenario = Scenario(
        name="reads",
        placed=Placed(at=here.time(), on=here.date()),
        person=Person(zone=morning_zone(begins)),
        shop=Shop(id=STORE, zone=morning_zone(begins), catalogue=(TALES,)),
        bought=Bought(goods=(Goods(product="tales"),)),
        timeline=(OPENED, CLICKED),
    )
    teller = Teller(scenario, begins)
    journey = teller.journey_id("first")
    await connected.tell(own("first", teller.first()))

    await connected.until(teller.resolved(when("day 1 12:00")))
    (letter,) = mail.accepted
    await report(connected, mail, letter, "open", sg_machine_open=True)
    await connected.pass_time(hours=1)
    assert await waits(connected, journey) == ["message.opened"]

    await connected.until(teller.resolved(OPENED.at))
    await report(connected, mail, letter, "open")
    await report(connected, mail, letter, "open")  # again, later: the first counts
    await connected.pass_time(seconds=3)
    assert await waits(connected, journey) == ["care-guide"]
    await connected.until(teller.resolved(CLICKED.at))
    assert [sent.touch.rpartition(":")[2] for sent in mail.accepted] == ["education", "care-guide"]
    await report(connected, mail, mail.accepted[1], "open", "click", url="https://fern.example/care")
    await connected.pass_time(seconds=3)
    await connected.pass_time(days=4)

    shown = await connected.journey(journey)
    person = shown["person"]["ref"]
    told = rehearse("heeding", scenario, render=False, person_ref=person)
    assert told.ok, told.problems
    assert shown["outcome"] == told.outcome == "read education by email"
    assert apart(await connected.steps(journey), told) == []
    assert told.touch("win-back-30").reason == "not_relevant"

    unread = rehearse("heeding", replace(scenario, timeline=()), render=False, person_ref=person)
    assert (unread.outcome, [t.step for t in unread.sent]) == ("not read", ["education", "community"])


async def waits(house: House, journey: str) -> list[str]:
    return [wait["name"] for wait in (await house.journey(journey))["waits"]]


def apart(steps: dict[str, dict[str, Any]], told: Timeline) -> list[str]:
    """In what the two runs of the journey differ, step by step."""
    engine = {touch.name: touch for touch in told.touches}
    found = [f"only one has {name}" for name in steps.keys() ^ engine.keys()]
    for name in steps.keys() & engine.keys():
        step, touch = steps[name], engine[name]
        pairs = [
            (step["outcome"], touch.outcome),
            (step["reason"] or "", touch.reason),
            (step["channel"] or "", touch.channel),
        ]
        found += [f"{name}: {a} on the server, {b} in the engine" for a, b in pairs if a != b]
        times = {"due": (step["due"], touch.due_at), "at": (step["sent"] or step["decided"], touch.at)}
        for what, (server, there) in times.items():
            late = datetime.fromisoformat(server["utc"]) - there
            if not -timedelta(seconds=1) <= late <= WITHIN:  # a callback tells whole seconds
                found.append(f"{name}: {what} {late} later on the server")
    return found
