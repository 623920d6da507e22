"""Workflows beside others: children, signals and cancellations between them, on the real server and in the engine."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker
from tests.rehearsal import mischief, relatives

from doorstep.rehearsal import execution, kin
from doorstep.rehearsal.activities import ActivityCall
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.log import Entry, value
from doorstep.rehearsal.trouble import NotDeterministic, Refused, Spinning
from doorstep.sandbox import sandbox
from doorstep.temporal_server import TemporalServer
from servers import client_of

START = datetime(2026, 3, 1, tzinfo=UTC)
STARTED = [relatives.Sleeper, relatives.Answers]
PLAYED = [
    relatives.StartsChildren,
    relatives.ChildFails,
    relatives.ChildRetries,
    relatives.ChildGivesUp,
    relatives.ChildTakesTooLong,
    relatives.ChildIsLateTwice,
    relatives.ChildContinuesInTime,
    relatives.ChildFailsOnItsWay,
    relatives.ReachesNobody,
    relatives.TakesASignalBack,
    relatives.ReplacesTheOneThatRuns,
    relatives.CallsAChild,
    relatives.SignalsTheGone,
    relatives.HearsFromAChild,
    relatives.CancelsAChildWaiting,
    relatives.CancelsAStubbornChild,
    relatives.CancelsAChildTrying,
    relatives.CancelsAChildAsking,
    relatives.AbandonsAChild,
    relatives.CancelsAtOnce,
    relatives.CancelsFromTheSide,
    relatives.StartsTheSameTwice,
    relatives.LeavesChildren,
    relatives.ContinuesBesideChildren,
    relatives.Descends,
    relatives.BecomesAnother,
]
ARGS: dict[type[Any], list[Any]] = {relatives.BecomesAnother: [1, "well"]}
#: they read the clock, which on a server goes on while the machine works
TIMED = (
    relatives.CancelsAChildWaiting,
    relatives.CancelsAStubbornChild,
    relatives.CancelsAChildTrying,
    relatives.CancelsAChildAsking,
    relatives.AbandonsAChild,
)

LIMITED = (relatives.ChildIsLateTwice, relatives.ChildContinuesInTime)
"""Theirs have some seconds for a run, which a busy server needs."""
LEAVING = (relatives.LeavesChildren, relatives.ContinuesBesideChildren)
"""They end before their children do, of which there is one for each policy."""


@dataclass(frozen=True)
class Played:
    """`said`: what was asked of others and heard of them, in order. `left`: how those ended who were left behind."""

    result: Any
    said: list[tuple[str, ...]]
    left: dict[str, str]


@pytest.fixture(scope="module")
def on_the_server(temporal_server: TemporalServer) -> dict[type[Any], Played]:
    """Many at once, for a server skips no time while a child is open; but then those that must be in time."""
    few = asyncio.Semaphore(8)

    async def in_turn(client: Client, cls: type[Any]) -> Played:
        async with few:  # a machine that is late with all of them tells some of it in another order
            return await _on_server(client, cls)

    async def all_of_them() -> dict[type[Any], Played]:
        client = await client_of(
            temporal_server.address,
            namespace=temporal_server.namespace,
            data_converter=pydantic_data_converter,
        )
        async with Worker(
            client, task_queue="relatives", workflows=[*PLAYED, *STARTED], workflow_runner=sandbox()
        ):
            others = [cls for cls in PLAYED if cls not in LIMITED]
            told = await asyncio.gather(*(in_turn(client, cls) for cls in others))
            hasty = await asyncio.gather(*(_on_server(client, cls) for cls in LIMITED))
        return dict(zip((*others, *LIMITED), (*told, *hasty), strict=True))

    return asyncio.run(all_of_them())


async def _on_server(client: Client, cls: type[Any]) -> Played:
    name = f"relatives-{cls.__name__}"
    handle: Any = await client.start_workflow(
        cls.__name__, args=ARGS.get(cls, []), id=name, task_queue="relatives"
    )
    result = await asyncio.wait_for(handle.result(), 120)
    first = client.get_workflow_handle(name, run_id=handle.first_execution_run_id)
    events = (await first.fetch_history()).events
    left = await _left(client, name) if cls in LEAVING else {}
    return Played(result, list(_server_said(events, name)), left)


async def _left(client: Client, name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for policy in ("TERMINATE", "ABANDON", "REQUEST_CANCEL"):
        child = client.get_workflow_handle(f"{name}/{policy}")
        while (status := (await child.describe()).status) is None or status.name == "RUNNING":
            await asyncio.sleep(0.1)
        found[policy] = status.name
    return found


_WORDS = {
    "child_workflow_execution_started": "child_started",
    "child_workflow_execution_completed": "child_completed",
    "child_workflow_execution_failed": "child_failed",
    "child_workflow_execution_canceled": "child_cancelled",
    "child_workflow_execution_timed_out": "child_timed_out",
    "child_workflow_execution_terminated": "child_terminated",
}


def _server_said(events: Iterable[HistoryEvent], name: str) -> Iterable[tuple[str, ...]]:
    for event in events:
        kind = (event.WhichOneof("attributes") or "").removesuffix("_event_attributes")
        told: Any = getattr(event, f"{kind}_event_attributes")
        if kind == "start_child_workflow_execution_initiated":
            id_ = told.workflow_id.removeprefix(name)
            yield "start", told.workflow_type.name, id_, _values(told.input.payloads)
        elif kind == "signal_external_workflow_execution_initiated":
            id_ = told.workflow_execution.workflow_id.removeprefix(name)
            yield "signal", told.signal_name, id_, _values(told.input.payloads)
        elif kind == "request_cancel_external_workflow_execution_initiated":
            yield "cancel", told.workflow_execution.workflow_id.removeprefix(name)
        elif kind in _WORDS:
            yield _WORDS[kind], told.workflow_type.name


def _engine_said(log: Iterable[Entry], name: str) -> Iterable[tuple[str, ...]]:
    children: dict[int, Any] = {}
    log = list(log)
    unsent: set[Any] = {entry.told.seq for entry in log if entry.kind == "cancel_signal_workflow"}
    for entry in log:
        told: Any = entry.message
        if entry.kind == "start_child_workflow_execution":
            children[told.seq] = told
            yield "start", told.workflow_type, told.workflow_id.removeprefix(name), _values(told.input)
        elif entry.kind == "signal_external_workflow_execution" and told.seq in unsent:
            continue  # taken back in the task that asked for it, it never leaves the worker
        elif entry.kind == "signal_external_workflow_execution":
            id_ = (told.child_workflow_id or told.workflow_execution.workflow_id).removeprefix(name)
            yield "signal", told.signal_name, id_, _values(told.args)
        elif entry.kind == "request_cancel_external_workflow_execution":
            yield "cancel", told.workflow_execution.workflow_id.removeprefix(name)
        elif entry.kind == "cancel_child_workflow_execution":
            asked = children[told.child_workflow_seq]
            if asked.cancellation_type != 0:  # an abandoned one's never leaves the worker
                yield "cancel", asked.workflow_id.removeprefix(name)
        elif entry.kind in _WORDS.values():
            yield entry.kind, entry.name
        elif entry.kind == "continue_as_new_workflow_execution":
            return


def _values(payloads: Iterable[Any]) -> str:
    return json.dumps([value(payload) for payload in payloads])


_STATUS = {
    "terminated": "TERMINATED",
    "complete_workflow_execution": "COMPLETED",
    "cancel_workflow_execution": "CANCELED",
}


def engine_for(cls: type[Any], **options: Any) -> Engine:
    options.setdefault("workflows", STARTED)
    return Engine(
        cls,
        *ARGS.get(cls, []),
        workflow_id=f"relatives-{cls.__name__}",
        start=START,
        converter=pydantic_data_converter,
        **options,
    )


def in_engine(cls: type[Any], **options: Any) -> Played:
    name = f"relatives-{cls.__name__}"
    with engine_for(cls, **options) as engine:
        engine.run()
        assert engine.next_due is None
        assert engine._company is not None
        others = engine._company.book.items() if cls in LEAVING else ()
        ended = {id_.partition("/")[2]: _STATUS[other.ending.kind] for id_, other in others if other.ending}
        left = {name: status for name, status in ended.items() if name.isupper()}
        return Played(engine.result, list(_engine_said(engine.log, name)), left)


def untimed(cls: type[Any], result: Any) -> Any:
    return result[:-1] if cls in TIMED else result


@pytest.mark.system
@pytest.mark.parametrize("cls", PLAYED, ids=lambda cls: cls.__name__)
def test_a_workflow_among_others_says_and_hears_the_same(
    on_the_server: dict[type[Any], Played], cls: type[Any]
) -> None:
    server, engine = on_the_server[cls], in_engine(cls)
    assert untimed(cls, engine.result) == untimed(cls, server.result)
    assert engine.left == server.left
    if cls is relatives.CancelsAtOnce:  # neither leaves a worker
        assert server.said == []
        return
    assert engine.said == server.said


def test_each_is_proven_in_the_sandbox_and_then_played_fast() -> None:
    """Children are proven as their parents are, one by one; in the sandbox and outside they come to the same."""
    for cls in PLAYED:
        assert in_engine(cls, sandboxed=True) == in_engine(cls, sandboxed=False)


def test_time_passes_for_all_of_them_and_all_are_taken_down() -> None:
    """A child's next moment is its parent's; left in the middle, nobody stays behind."""
    with engine_for(relatives.StartsChildren) as engine:
        engine.run_until(START + relatives.BEAT)
        assert engine.next_due == START + relatives.BEAT * 2
        engine.run_until(START + relatives.BEAT * 3)
        assert engine._company is not None
        others = [other for id_, other in engine._company.book.items() if "/" in id_]
        assert [other.done for other in others] == [True, False, True]
    assert all(other._machine is None for other in others)


@pytest.mark.parametrize("how", ["activity", "child", "below"])
def test_what_fails_or_begets_for_ever_is_told_with_its_line(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No retry of it is a task of the workflow's, whose tasks are counted."""
    monkeypatch.setattr(kin, "TRIES", 50)
    monkeypatch.setattr(execution, "TRIES", 50)

    def fails(call: ActivityCall) -> None:
        raise ValueError("as always")

    with (
        pytest.raises(Spinning) as found,
        Engine(
            mischief.AlwaysFailing, how, workflow_id="w", start=START, workflows=[mischief.AlwaysFailing],
            activities={"a": fails},
        ) as engine,
    ):  # fmt: skip
        engine.run()
    assert found.value.file == mischief.__file__
    assert found.value.line == marked_line(mischief.AlwaysFailing, how)
    assert "generations of children" in str(found.value) or "as always" in str(found.value)


def test_a_childs_fault_is_told_with_its_own_line() -> None:
    """Chance in a child is found as it is in a parent, with the child's file and line."""
    with (
        pytest.raises(NotDeterministic) as found,
        engine_for(mischief.StartsADrawer, workflows=[mischief.Draws]) as engine,
    ):
        engine.run()
    assert (found.value.file, found.value.line) == (mischief.__file__, marked_line(mischief.Draws))


def marked_line(cls: type[Any], mark: str = "here") -> int:
    source, first = inspect.getsourcelines(cls)
    return first + next(n for n, text in enumerate(source) if f"# {mark}" in text)


@pytest.mark.parametrize("cls", [relatives.StartsChildren, relatives.BecomesAnother])
def test_one_whose_class_was_not_given_is_refused(cls: type[Any]) -> None:
    with (
        pytest.raises(Refused, match="'Sleeper', which a rehearsal does not do") as refused,
        engine_for(cls, workflows=[relatives.Answers]) as engine,
    ):
        engine.run()
    assert "workflows=" in refused.value.mend


def test_a_workflow_that_is_not_here_is_not_signalled() -> None:
    """Nobody knows what a stranger would do: that is refused, and no failure that the author might catch."""
    with (
        pytest.raises(Refused, match="signals another workflow 'wake'"),
        engine_for(mischief.SignalsAnother) as engine,
    ):
        engine.run()
