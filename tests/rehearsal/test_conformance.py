"""Odd workflows command by command: the real time-skipping server and the engine say the same."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from tests.rehearsal import odd, odd_ends
from tests.rehearsal.conformance import Script, Stage, in_engine, on_server
from tests.rehearsal.said import Said, histories, server_said

from doorstep.errors import Conflict
from doorstep.rehearsal.ending import ENDS
from doorstep.rehearsal.rebuild import rebuild
from doorstep.temporal_server import TemporalServer
from servers import client_of

HOUR = timedelta(hours=1)
SETTLING = 5.0
"""Seconds of real time that pass on the server while a script waits for it to settle."""


async def nothing(stage: Stage) -> None: ...


async def stopped_and_released(stage: Stage) -> None:
    await stage.signal("stop")
    await stage.release()


async def released_after_a_second(stage: Stage) -> None:
    await stage.idle(1)
    await stage.release()


async def idle_for_four_seconds(stage: Stage) -> None:
    """The SDK's core measures a local activity by the machine's clock, which no skipping moves."""
    await stage.idle(4)


async def cancelled_on_day_two(stage: Stage) -> None:
    await stage.forward(timedelta(days=2))
    await stage.cancel()


async def asked_while_it_waits(stage: Stage) -> None:
    await stage.forward(HOUR)
    await stage.update("ask", "yes")
    await stage.update("ask", "no")
    await stage.forward(HOUR)
    await stage.signal("stop")


async def asked_what_fails(stage: Stage) -> None:
    for word in ("at once", "never", "later", "fine"):
        await stage.update("ask", word)
    await stage.signal("stop")


#: workflow, arguments, script, whether virtual times can be compared (not where an activity takes real time)
ODD: list[tuple[type[Any], tuple[Any, ...], Script, bool]] = [
    (odd.Gathers, (), nothing, True),
    (odd.Shields, (), released_after_a_second, False),
    (odd.CancelsTrying, (), stopped_and_released, False),
    (odd.CancelsWaiting, (), stopped_and_released, False),
    (odd.CancelsAbandoning, (), stopped_and_released, False),
    (odd.CancelsAtOnce, (), nothing, True),
    (odd.IsCancelled, (), cancelled_on_day_two, True),
    (odd.Retries, (), nothing, True),
    (odd.TimesOut, (), nothing, True),
    (odd.Updated, (), asked_while_it_waits, True),
    (odd.Patched, (), nothing, True),
    (odd.Local, (), nothing, False),
    (odd.Continues, (1,), nothing, False),  # the server's skipped clock counts twice after a continue-as-new
    (odd.Remembers, (), nothing, True),
    (odd.Fails, (), nothing, True),
    (odd_ends.Heartbeats, (), nothing, True),
    (odd_ends.HeartbeatsLate, (), nothing, True),
    (odd_ends.RunsOutOfTime, (), nothing, True),
    (odd_ends.LocalTimesOut, (), nothing, True),
    (odd_ends.LocalIsResumedLate, (), idle_for_four_seconds, True),
    (odd_ends.RunsOut, (1,), nothing, False),
    (odd_ends.KeepsAttributes, (1,), nothing, False),
    (odd_ends.UpdateFails, (), asked_what_fails, True),
]


@pytest.fixture
async def client(temporal_server: TemporalServer) -> Client:
    made = await client_of(
        temporal_server.address,
        namespace=temporal_server.namespace,
        data_converter=pydantic_data_converter,
    )
    with contextlib.suppress(RPCError):  # it knows them from the test before
        await made.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=temporal_server.namespace,
                search_attributes={odd_ends.KEYWORD.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD},
            )
        )
    return made


def untimed(said: list[Said]) -> list[Said]:
    return [dataclasses.replace(s, after=0.0) for s in said]


@pytest.mark.system
@pytest.mark.parametrize(("cls", "args", "script", "timed"), ODD, ids=[o[0].__name__ for o in ODD])
async def test_an_odd_workflow_says_the_same_to_both(
    client: Client, cls: type[Any], args: tuple[Any, ...], script: Script, timed: bool
) -> None:
    begun = time.monotonic()
    runs = await histories(client, *await on_server(client, cls, args, script))
    took = time.monotonic() - begun  # the server's clock goes on for as long as the machine works
    server = list(server_said(runs))
    engine = await in_engine(cls, args, script)
    assert untimed(engine) == untimed(server)
    if timed:
        within = max(SETTLING, took)
        drift = [(e, s) for e, s in zip(engine, server, strict=True) if abs(e.after - s.after) > within]
        assert not drift
    rebuilt_as_recorded(cls, runs)


def rebuilt_as_recorded(cls: type[Any], runs: list[WorkflowHistory]) -> None:
    """Each run rebuilt from its history ends as it ended, to the byte."""
    for run in runs:
        last = getattr(run.events[-1], run.events[-1].WhichOneof("attributes") or "")
        ended = [e for e in rebuild(run, {cls.__name__: cls}).log if e.kind in ENDS]
        if not ended:  # nothing the workflow said
            assert run.events[-1].HasField("workflow_execution_timed_out_event_attributes")
            continue
        told: Any = ended[-1].message
        if ended[-1].kind == "complete_workflow_execution":
            assert told.result == last.result.payloads[0]
        if ended[-1].kind == "continue_as_new_workflow_execution":
            assert list(told.arguments) == list(last.input.payloads)


@pytest.mark.system
async def test_a_rebuilt_workflow_draws_what_it_drew(client: Client) -> None:
    """`workflow.random()` and `uuid4()` follow from the run id, as the SDK's core makes their seed of it."""
    rebuilt_as_recorded(odd.Draws, await histories(client, *await on_server(client, odd.Draws, (), nothing)))


async def stopped_at_the_deadline(stage: Stage) -> None:
    await stage.forward(HOUR)
    with contextlib.suppress(RPCError, Conflict):  # the deadline came first, and all is over
        await stage.signal("stop")


async def stopped_just_before_the_deadline(stage: Stage) -> None:
    await stage.forward(HOUR - timedelta(microseconds=1))
    await stage.signal("stop")


@pytest.mark.system
async def test_a_signal_at_the_instant_of_its_deadline_is_one_of_the_two_orders(client: Client) -> None:
    runs = await histories(client, *await on_server(client, odd.WaitsUntil, (), stopped_at_the_deadline))
    server = list(server_said(runs))
    either = [
        untimed(await in_engine(odd.WaitsUntil, (), script))
        for script in (stopped_at_the_deadline, stopped_just_before_the_deadline)
    ]
    assert either[0] != either[1]
    assert untimed(server) in either


async def test_what_is_due_at_one_instant_is_one_task_with_signals_first() -> None:
    """The order the engine states: what was due by then comes before a signal given at that instant."""
    late = await in_engine(odd.WaitsUntil, (), stopped_at_the_deadline)
    assert late[-1].what == ('[["too late", "chase"]]',)
    early = await in_engine(odd.WaitsUntil, (), stopped_just_before_the_deadline)
    assert early[-1].what == ('[["in time", "thank"]]',)
