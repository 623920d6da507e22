"""From the inbox to journeys: started once, told at least once, never a second run."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select
from temporalio.client import Client, WorkflowExecutionStatus

from doorstep.domain.ids import shipment_ref
from doorstep.gateway import Gateway, marks
from doorstep.gateway.delivery import Deliverer
from doorstep.gateway.rpc import Refused
from doorstep.ingest.sql import EVENTS
from gateway.stage import LATER, Stage
from ingest.telling import ADA, NOON, event, hours, order, rows, scan, take, told, whole


def inbox(stage: Stage) -> dict[str, str]:
    return {r["type"]: r["status"] for r in rows(stage.database, "SELECT * FROM inbox_events")}


def journey(stage: Stage, n: int = 1) -> Any:
    (row,) = rows(stage.database, "SELECT * FROM journeys WHERE id = :j", j=stage.journey(n))
    return row


async def test_a_journey_starts_with_everything_that_was_held_for_it(stage: Stage) -> None:
    parcel = shipment_ref("shop", stage.order())
    take(stage.database, told(event("shipment.in_transit", hours(20), stage.order(), subject=parcel)), "w1")
    done = take(stage.database, whole(order(stage.order())), "w2")

    result = await stage.gateway.deliver(done.journeys)

    assert (result.started, result.delivered, result.failed) == (1, 2, 0)
    assert (journey(stage)["status"], journey(stage)["type"]) == ("open", "standard.v1")
    assert set(inbox(stage).values()) == {"delivered"}
    async with stage.worker():
        assert await stage.heard() == (["order.placed", "shipment.in_transit"], 0)


async def test_a_journey_hears_at_its_start_what_its_person_did_before_the_order_was_told(
    stage: Stage,
) -> None:
    """Browsing that was told before the order reaches its journey if it happened after it, else not."""
    for n, at in enumerate((hours(2), hours(-2))):
        looked = event("product.browsed", at, None, fact=f"looked-{n}", subject="p1", person=ADA)
        early = take(stage.database, told(looked), f"w{n}")
        await stage.gateway.deliver((), early.persons)
    done = take(stage.database, whole(order(stage.order())), "w9")

    result = await stage.gateway.deliver(done.journeys)

    assert (result.started, result.delivered, result.failed) == (1, 1, 0)
    async with stage.worker():
        assert await stage.heard() == (["order.placed", "product.browsed"], 0)


async def test_a_starting_journey_hears_its_persons_news_behind_any_number_of_other_orders_events(
    stage: Stage,
) -> None:
    """Five hundred events of the person's other orders do not keep what the person did from a new journey."""
    other = take(stage.database, whole(order(stage.order(1))), "w1")
    await stage.gateway.deliver(other.journeys)
    looked = event("product.browsed", hours(3), None, fact="looked", subject="p1", person=ADA)
    await stage.gateway.deliver((), take(stage.database, told(looked), "w2").persons)
    with stage.database.writing() as connection:
        (placed,) = connection.execute(select(EVENTS).where(EVENTS.c.type == "order.placed")).mappings()
        many = [
            {**placed, "id": f"e{n}", "external_id": f"e{n}", "occurred_at": hours(2)} for n in range(500)
        ]
        connection.execute(insert(EVENTS), many)
    done = take(stage.database, whole(order(stage.order(2), placed=hours(1))), "w3")

    await stage.gateway.deliver(done.journeys)

    async with stage.worker():
        assert "product.browsed" in (await stage.heard(2))[0]


async def test_a_journey_that_starts_while_its_persons_news_is_being_told_hears_it_too(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The news was read before the order was there, the order's journey started before the news was marked as told."""
    looked = event("product.browsed", hours(3), None, fact="looked", subject="p1", person=ADA)
    take(stage.database, whole(order(stage.order(1))), "w1")
    news = take(stage.database, told(looked), "w2")
    loop, plan = asyncio.get_running_loop(), Deliverer._plan

    def planned(deliverer: Deliverer, *whom: frozenset[str]) -> Any:
        made = plan(deliverer, *whom)
        monkeypatch.setattr(Deliverer, "_plan", plan)
        done = take(stage.database, whole(order(stage.order(2), placed=hours(1))), "w3")
        asyncio.run_coroutine_threadsafe(stage.gateway.deliver(done.journeys), loop).result(20)
        return made

    monkeypatch.setattr(Deliverer, "_plan", planned)
    await stage.gateway.deliver((), news.persons)

    assert (journey(stage, 2)["status"], inbox(stage)["product.browsed"]) == ("open", "delivered")
    async with stage.worker():
        assert (await stage.heard(2))[0] == ["order.placed", "product.browsed"]
        assert (await stage.heard(1))[0].count("product.browsed") == 1


async def test_what_comes_later_is_one_signal_for_all_of_it(stage: Stage) -> None:
    await stage.gateway.deliver(take(stage.database, whole(order(stage.order())), "w1").journeys)
    for n, status in enumerate(("in_transit", "out_for_delivery", "delivered")):
        done = take(stage.database, scan(status, hours(n + 1), stage.order(), stage.order()), f"s{n}")

    result = await stage.gateway.deliver(done.journeys)

    assert result.delivered == 3
    async with stage.worker():
        types, signals = await stage.heard()
    assert types[1:] == ["shipment.in_transit", "shipment.out_for_delivery", "shipment.delivered"]
    assert signals == 1


async def test_killed_between_commit_and_delivery_the_sweep_delivers(stage: Stage) -> None:
    take(stage.database, whole(order(stage.order())), "w1", LATER)  # and then the process died
    assert (await stage.gateway.sweep()).delivered == 0  # the courier's turn first
    stage.now = LATER + timedelta(seconds=10)

    assert (await stage.gateway.sweep()).started == 1

    assert journey(stage)["status"] == "open"


async def test_killed_between_start_and_mark_it_is_not_started_again(stage: Stage) -> None:
    done = take(stage.database, whole(order(stage.order())), "w1")
    await stage.gateway.deliver(done.journeys)
    with stage.database.writing() as connection:  # as if the marks had never been written
        connection.exec_driver_sql("UPDATE journeys SET status='pending', type=''")
        connection.exec_driver_sql("UPDATE inbox_events SET status='pending', delivered_at=NULL")

    result = await stage.gateway.deliver(done.journeys)

    assert (result.delivered, result.failed) == (1, 0)
    assert (journey(stage)["status"], journey(stage)["type"]) == ("open", "standard.v1")
    async with stage.worker():
        assert (await stage.heard())[0] == [
            "order.placed",
            "order.placed",
        ]  # journeys drop what they have heard


async def test_two_processes_that_deliver_the_same_do_no_harm(stage: Stage) -> None:
    done = take(stage.database, whole(order(stage.order())), "w1")

    results = await asyncio.gather(*(stage.gateway.deliver(done.journeys) for _ in range(4)))

    assert sum(r.failed for r in results) == 0
    assert sum(r.started for r in results) == 1
    assert inbox(stage) == {"order.placed": "delivered"}


async def test_events_of_a_journey_that_is_over_stay_on_the_record_and_start_nothing(stage: Stage) -> None:
    await stage.gateway.deliver(take(stage.database, whole(order(stage.order())), "w1").journeys)
    async with stage.worker():
        done = take(stage.database, told(event("insert.scanned", hours(2), stage.order())), "w2")
        await stage.gateway.deliver(done.journeys)
        assert await stage.ended() == "scanned"

    late = take(
        stage.database, told(event("review.submitted", hours(3), stage.order(), data={"rating": 5})), "w3"
    )
    result = await stage.gateway.deliver(late.journeys)

    assert (result.kept, result.failed) == (1, 0)
    assert inbox(stage)["review.submitted"] == "kept"
    assert journey(stage)["status"] == "closed"
    described = await stage.client.get_workflow_handle(stage.journey()).describe()
    assert described.status == WorkflowExecutionStatus.COMPLETED


async def test_a_start_that_finds_its_journey_over_closes_it(stage: Stage) -> None:
    done = take(stage.database, whole(order(stage.order())), "w1")
    async with stage.worker():
        await stage.gateway.deliver(done.journeys)
        last = take(stage.database, told(event("insert.scanned", hours(2), stage.order())), "w2")
        await stage.gateway.deliver(last.journeys)
        await stage.ended()
    with stage.database.writing() as connection:
        connection.exec_driver_sql("UPDATE journeys SET status='pending'")
        connection.exec_driver_sql("UPDATE inbox_events SET status='pending'")

    await stage.gateway.deliver(done.journeys)

    assert journey(stage)["status"] == "closed"
    assert set(inbox(stage).values()) == {"kept"}


async def test_an_event_of_the_person_goes_to_each_of_their_open_journeys(stage: Stage) -> None:
    first = take(stage.database, whole(order(stage.order(1))), "w1")
    await stage.gateway.deliver(first.journeys)
    second = take(stage.database, whole(order(stage.order(2), placed=hours(5))), "w2")
    data = {"channel": "email", "purpose": "marketing"}
    out = take(stage.database, told(event("consent.withdrawn", hours(6), None, person=ADA, data=data)), "w3")

    await stage.gateway.deliver(second.journeys | out.journeys, second.persons | out.persons)

    assert set(inbox(stage).values()) == {"delivered"}
    async with stage.worker():
        heard_first, heard_second = (await stage.heard(1))[0], (await stage.heard(2))[0]
    assert heard_first == ["order.placed", "customer.ordered_again", "consent.withdrawn"]
    assert heard_second == ["order.placed", "consent.withdrawn"]


async def test_the_person_alone_wakes_a_journey_that_has_not_started(stage: Stage) -> None:
    take(stage.database, whole(order(stage.order(1))), "w1")
    data = {"channel": "email", "purpose": "marketing"}
    out = take(stage.database, told(event("consent.withdrawn", hours(6), None, person=ADA, data=data)), "w3")

    result = await stage.gateway.deliver(persons=out.persons)

    assert (result.started, result.delivered) == (1, 2)
    async with stage.worker():
        assert await stage.heard(1) == (["order.placed", "consent.withdrawn"], 0)


async def test_another_namespace_closes_no_journey_and_keeps_its_events_waiting(stage: Stage) -> None:
    """A namespace that is not there is Temporal being away, not a journey that is over."""
    await stage.gateway.deliver(take(stage.database, whole(order(stage.order())), "w1").journeys)
    done = take(stage.database, scan("delivered", hours(2), stage.order(), stage.order()), "w2")
    elsewhere = await Client.connect(
        stage.client.service_client.config.target_host,
        namespace="nowhere",
        data_converter=stage.client.data_converter,
    )

    result = await Gateway(elsewhere, stage.database, stage.settings, clock=stage.clock).deliver(
        done.journeys
    )

    assert (result.failed, result.unavailable) == (1, True)
    assert inbox(stage)["shipment.delivered"] == "pending"
    assert journey(stage)["status"] == "open"


@pytest.mark.parametrize(
    ("days", "status", "kept"), [(90, "open", "pending"), (121, "closed", "kept")], ids=["young", "old"]
)
async def test_an_open_journey_unknown_to_temporal_is_over_only_when_it_is_old_enough(
    stage: Stage, days: int, status: str, kept: str
) -> None:
    """A fresh Temporal database behind the same tables swallows no event."""
    done = take(stage.database, whole(order(stage.order())), "w1")
    with stage.database.writing() as connection:
        connection.exec_driver_sql("UPDATE journeys SET status='open', type='standard.v1'")
    stage.now = NOON + timedelta(days=days)

    await stage.gateway.deliver(done.journeys)

    (row,) = rows(stage.database, "SELECT * FROM inbox_events")
    assert (journey(stage)["status"], row["status"]) == (status, kept)
    assert ("does not know" in row["error"]) is (kept == "pending")


async def test_what_fails_is_tried_later_and_ever_less_often(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.gateway.deliver(take(stage.database, whole(order(stage.order())), "w1").journeys)
    done = take(stage.database, scan("delivered", hours(2), stage.order(), stage.order()), "w2")
    with monkeypatch.context() as patch:
        patch.setattr("doorstep.gateway.delivery.CALL_SECONDS", 1e-6)
        failed = await stage.gateway.deliver(done.journeys)
        again = await stage.gateway.deliver(done.journeys)  # woken again before its time: not tried

    assert (failed.failed, failed.unavailable) == (1, True)
    assert again.failed == 0
    (row,) = rows(stage.database, "SELECT * FROM inbox_events WHERE type='shipment.delivered'")
    assert (row["status"], row["attempts"], row["error"]) == (
        "pending",
        1,
        "Temporal did not answer in time.",
    )
    stage.now = LATER + timedelta(seconds=2)
    assert (await stage.gateway.sweep()).delivered == 1


async def test_a_poison_event_is_given_up_and_its_neighbours_are_delivered(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.gateway.deliver(take(stage.database, whole(order(stage.order())), "w1").journeys)
    take(stage.database, scan("in_transit", hours(1), stage.order(), stage.order()), "w2")
    done = take(stage.database, told(event("content.shared", hours(2), stage.order())), "w3")
    real = stage.gateway._deliverer._signal

    async def refuse(errand: Any, some: list[Any], started: str) -> Any:
        if any(w.envelope.type == "content.shared" for w in some):
            return marks.Failed(why=Refused("Temporal refused the call.").what, final=True)
        return await real(errand, some, started)

    monkeypatch.setattr(type(stage.gateway._deliverer), "_signal", lambda _self, *a: refuse(*a))
    for n in range(marks.GIVE_UP_AFTER):
        stage.now = LATER + timedelta(hours=n)
        await stage.gateway.deliver(done.journeys)

    assert inbox(stage) == {
        "order.placed": "delivered",
        "shipment.in_transit": "delivered",
        "content.shared": "kept",
    }
    (webhook,) = rows(stage.database, "SELECT * FROM inbox_webhooks WHERE external_id='w3'")
    assert webhook["status"] == "quarantined"


async def test_an_order_that_cannot_be_routed_or_sent_waits_and_the_others_start(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def route(facts: Any, carried: Any = None) -> str:
        if facts.total_minor == 666:
            raise ZeroDivisionError
        return "standard.v1"

    real = type(stage.client).start_workflow

    async def start(client: Client, kind: str, given: Any, **options: Any) -> Any:
        if options["id"] == stage.journey(3):
            raise TypeError
        return await real(client, kind, given, **options)

    monkeypatch.setattr("doorstep.workflows.registry.route", route)
    monkeypatch.setattr(Client, "start_workflow", start)
    good = take(stage.database, whole(order(stage.order(1))), "w1")
    bad = take(stage.database, whole(replace(order(stage.order(2), placed=hours(1)), total_minor=666)), "w2")
    odd = take(stage.database, whole(order(stage.order(3), placed=hours(2))), "w3")

    result = await stage.gateway.deliver(good.journeys | bad.journeys | odd.journeys)

    assert result.started == 1
    assert [journey(stage, n)["status"] for n in (1, 2, 3)] == ["open", "pending", "pending"]
    left = rows(stage.database, "SELECT * FROM inbox_events WHERE type='order.placed' AND status='pending'")
    assert {row["error"] for row in left} == {
        "Routing failed (ZeroDivisionError).",
        "It cannot be started (TypeError).",
    }


def test_failed_deliveries_back_off_from_one_second_to_five_minutes() -> None:
    waits = [marks.backoff(n).total_seconds() for n in range(1, 12)]

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
