"""What support and rehearsal ask of Temporal, and what they hear when it does not answer."""

from __future__ import annotations

import asyncio
import time

import pytest

from doorstep.errors import NotFound, Unavailable
from doorstep.gateway import Courier, Gateway, connect
from doorstep.gateway import courier as couriers
from doorstep.gateway.marks import Delivered
from doorstep.ingest import Accepted, Answer
from doorstep.models import Database
from doorstep.settings import Settings
from gateway.stage import Stage
from ingest.telling import order, take, whole


async def started(stage: Stage) -> str:
    await stage.gateway.deliver(take(stage.database, whole(order(stage.order())), "w1").journeys)
    return stage.journey()


async def test_state_action_and_history_of_a_live_journey(stage: Stage) -> None:
    journey = await started(stage)
    async with stage.worker():
        assert (await stage.gateway.query_state(journey, 5)).phase == "order.placed"
        assert (await stage.gateway.act(journey, "act_1", 5)).detail == "act_1"
    history = await stage.gateway.history(journey)

    assert history.workflow_id == journey
    assert len(history.events) > 4
    assert await stage.gateway.reachable()


async def test_without_a_worker_the_answer_is_unavailable_in_time(stage: Stage) -> None:
    journey = await started(stage)
    for call in (stage.gateway.query_state(journey, 0.5), stage.gateway.act(journey, "act_1", 0.5)):
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await call
        assert time.monotonic() - began < 15


async def test_a_journey_that_temporal_does_not_know_is_not_found(stage: Stage) -> None:
    with pytest.raises(NotFound):
        await stage.gateway.history("jny_nobody")
    with pytest.raises(NotFound):
        await stage.gateway.act("jny_nobody", "act_1", 5)


async def test_without_a_server_everything_is_unavailable_and_nothing_is_lost(
    database: Database, tmp_path: object, stage: Stage
) -> None:
    settings = Settings(data_dir=stage.settings.data_dir, temporal_address="127.0.0.1:9")
    gateway = Gateway(await connect(settings, lazy=True), database, settings, clock=stage.clock)
    done = take(database, whole(order(stage.order())), "w1")

    assert not await gateway.reachable()
    result = await gateway.deliver(done.journeys)

    assert (result.unavailable, result.failed, result.started) == (True, 1, 0)
    with pytest.raises(Unavailable):
        await gateway.query_state(stage.journey(), 0.5)


def told(*journeys: str) -> Accepted:
    return Accepted(id="w", status=Answer.ACCEPTED, journeys=frozenset(journeys))


async def idle(courier: Courier) -> None:
    while not courier.idle:
        await asyncio.sleep(0.005)


async def test_the_courier_tells_one_journey_by_one_at_a_time_and_often_as_once() -> None:
    under_way: set[str] = set()
    rounds: list[str] = []
    begun, let_go = asyncio.Event(), asyncio.Event()

    async def deliver(journeys: object, persons: object) -> Delivered:
        names = list(journeys)  # type: ignore[call-overload]
        assert not under_way & set(names)
        under_way.update(names)
        begun.set()
        await let_go.wait()
        under_way.difference_update(names)
        rounds.extend(names)
        return Delivered()

    courier = Courier(deliver, workers=3, batch=2, pace=0.0, quiet=0.0)
    courier.start()
    for _ in range(10):
        courier.wake(told("a", "b", "c"))
    await begun.wait()
    courier.wake(told("a"))  # while it is being told: once more, afterwards
    let_go.set()
    await idle(courier)
    await courier.stop()

    assert sorted(rounds) == ["a", "a", "b", "c"]


async def test_what_comes_in_quick_succession_is_told_together() -> None:
    """The first at once, what follows a pace later as one round, and when no more comes without waiting for it."""
    rounds: list[list[str]] = []

    async def deliver(journeys: object, persons: object) -> Delivered:
        rounds.append(sorted(journeys))  # type: ignore[call-overload]
        return Delivered()

    courier = Courier(deliver, pace=3600.0, quiet=1.5)
    courier.start()
    courier.wake(told("a"))
    await asyncio.sleep(0.05)
    for name in ("a", "b", "a"):
        courier.wake(told(name))
        await asyncio.sleep(0.02)
    assert rounds == [["a"]]
    await asyncio.wait_for(idle(courier), 60)
    await courier.stop()

    assert rounds == [["a"], ["a", "b"]]


async def test_while_somebody_waits_too_long_for_an_answer_rounds_are_small_and_then_grow_again() -> None:
    """The intake goes first; what waits meanwhile is all carried afterwards."""
    rounds: list[int] = []
    hurried = True

    async def deliver(journeys: object, persons: object) -> Delivered:
        rounds.append(len(list(journeys)))  # type: ignore[call-overload]
        return Delivered()

    courier = Courier(deliver, workers=1, batch=32, pace=0.01, quiet=3600.0, pressure=lambda: hurried)
    courier.wake(told(*(str(n) for n in range(200))))
    courier.start()
    while len(rounds) < 8:
        await asyncio.sleep(0.005)
    rushed = list(rounds)
    hurried = False
    await asyncio.wait_for(idle(courier), 60)
    await courier.stop()

    assert rushed[:6] == [16, 8, 4, 4, 4, 4]
    assert max(rounds) == 32
    assert sum(rounds) == 200


async def test_a_rush_that_does_not_end_puts_nothing_off_for_long() -> None:
    """Once the first has waited for its patience, rounds grow although webhooks still wait for their answers."""
    rounds: list[int] = []

    async def deliver(journeys: object, persons: object) -> Delivered:
        rounds.append(len(list(journeys)))  # type: ignore[call-overload]
        return Delivered()

    courier = Courier(
        deliver, workers=1, batch=32, pace=0.05, quiet=3600.0, patience=0.5, pressure=lambda: True
    )
    courier.wake(told(*(str(n) for n in range(200))))
    courier.start()
    await asyncio.wait_for(idle(courier), 60)
    await courier.stop()

    assert rounds[:4] == [16, 8, 4, 4]
    assert max(rounds[4:]) == 32
    assert sum(rounds) == 200


async def test_the_courier_drops_what_is_too_much_and_outlives_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(couriers, "REST_SECONDS", 0.05)
    seen: list[str] = []

    async def deliver(journeys: object, persons: object) -> Delivered:
        seen.extend(journeys)  # type: ignore[arg-type]
        if len(seen) == 1:
            raise RuntimeError("once")
        return Delivered()

    courier = Courier(deliver, workers=1, batch=1, bound=2)
    courier.wake(told("a", "b", "c"))
    assert courier.dropped == 1
    courier.start()
    while not seen:
        await asyncio.sleep(0.005)
    await asyncio.wait_for(idle(courier), 60)
    await courier.stop()

    assert len(seen) == 2
