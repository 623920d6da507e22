"""The API dies at each boundary of the inbox and of its delivery, and the worker at each of the sweep's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.system.kills import claims
from tests.system.kills.house import Lane, Zygote
from tests.system.kills.orders import PLACED, REVIEWED, Order
from tests.system.kills.plan import Doom

from doorstep.temporal_server import TemporalServer

pytestmark = pytest.mark.system

TAKEN_IN = ("inbox.before_commit", "inbox.after_commit")
MARKED = ("mark.before_commit", "mark.after_commit")
CALLS = {PLACED: ("start.before", "start.after"), REVIEWED: ("signal.before", "signal.after")}
CASES = [(event, at) for event, calls in CALLS.items() for at in (*TAKEN_IN, *calls, *MARKED)]
SWEPT = [(event, at) for event, calls in CALLS.items() for at in (*calls, *MARKED)]


def order_of(event: str, at: str, who: str) -> Order:
    return Order(f"{who}-{event}-{at}".replace(".", "-").replace("_", "-"))


def doom_of(event: str, at: str, who: str) -> Doom:
    order = order_of(event, at, who)
    subject = order.webhook(event) if at in TAKEN_IN else order.at(event)
    later = who == "api" and at not in TAKEN_IN
    return Doom(at=at, subject=subject, who=who, then="die_later" if later else "die")


async def open_in(lane: Lane, order: Order) -> None:
    """Until the journey has been started and says so: what comes then is a signal."""
    await lane.until(lambda: claims.journeys(lane).get(order.journey) == "open", f"{order.name} is open")


async def test_the_api_killed_at_any_boundary_of_the_inbox(
    tmp_path: Path, zygote: Zygote, temporal_server: TemporalServer, migrated: str
) -> None:
    """What was answered 2xx is never lost and never told again by the store; what was not is taken once when it
    comes again; and one order is one journey, wherever the API died between webhook and mark."""
    dooms = [doom_of(event, at, "api") for event, at in CASES]
    orders = [order_of(event, at, "api") for event, at in CASES]
    lane = Lane("api", tmp_path, zygote, temporal_server, migrated, dooms=dooms, concurrency=4)
    async with lane:
        lane.let_sweep(False)  # on a busy machine too it is the API that delivers, and dies of it
        for (event, _), order, doom in zip(CASES, orders, dooms, strict=True):
            if event == REVIEWED:
                await lane.sender.send(order, PLACED)
                await open_in(lane, order)
            await lane.answering()
            sending = asyncio.create_task(lane.sender.send(order, event))
            await lane.at(doom)
            if doom.then == "die_later":
                await sending  # the 2xx is out, and only then it dies
                doom.tell(lane.marks)
            await sending
            await lane.until(lambda doom=doom: not lane.died_at([doom]), f"death at {doom.at}")
        lane.let_sweep(True)
        placed = [order for (event, _), order in zip(CASES, orders, strict=True) if event == PLACED]
        await asyncio.gather(*(lane.sender.send(order, REVIEWED) for order in placed))
        await claims.over(lane, orders)
        assert set(claims.ledger(lane).values()) == {"accepted"}, "no touch hears of an API's death"
        wrong = lane.died_at(dooms) + claims.sent_wrong(lane, orders) + await claims.heard_wrong(lane, orders)
        for event, at in CASES:
            said = lane.sender.answers[order_of(event, at, "api").webhook(event)]
            last = "duplicate" if at == "inbox.after_commit" else "accepted"
            if said[-1] != last or set(said[:-1]) != ({"nothing"} if at in TAKEN_IN else set()):
                wrong.append(f"{at} of {event}: the store was answered {said}")
        assert not wrong, "\n".join(wrong)
        assert len(lane.deaths) == len(dooms), "and nothing else died"


async def test_a_worker_killed_at_any_boundary_of_the_sweep(
    tmp_path: Path, zygote: Zygote, temporal_server: TemporalServer, migrated: str
) -> None:
    """With an API that cannot reach Temporal the sweep alone starts and tells journeys, once each, wherever the
    worker that sweeps dies."""
    dooms = [doom_of(event, at, "worker") for event, at in SWEPT]
    orders = [order_of(event, at, "worker") for event, at in SWEPT]
    lane = Lane(
        "sweep",
        tmp_path,
        zygote,
        temporal_server,
        migrated,
        dooms=dooms,
        concurrency=4,
        api_sees_temporal=False,
    )
    async with lane:
        await asyncio.gather(*(lane.sender.send(order, PLACED) for order in orders))
        for order in orders:
            await open_in(lane, order)
        await asyncio.gather(*(lane.sender.send(order, REVIEWED) for order in orders))
        await claims.over(lane, orders)
        wrong = lane.died_at(dooms) + claims.sent_wrong(lane, orders) + await claims.heard_wrong(lane, orders)
        assert not wrong, "\n".join(wrong)
        assert len(lane.deaths) == len(dooms), "and nothing else died"
