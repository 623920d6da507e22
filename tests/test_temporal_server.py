"""The embedded server: ninety days pass in seconds, a crash loses nothing, and nothing is left running."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.testing import TimeSkipper, TimeSkippingConfig
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from doorstep import processes
from doorstep.errors import SetupError
from doorstep.server_binaries import ServerBinary
from doorstep.temporal_server import LONG_RETENTION, TemporalServer

pytestmark = pytest.mark.system


@workflow.defn
class Nap:
    """Sleeps for as many days as it is told and says how long that was, by its own clock."""

    @workflow.run
    async def run(self, days: int) -> float:
        fell_asleep = workflow.now()
        await workflow.sleep(timedelta(days=days))
        return (workflow.now() - fell_asleep).total_seconds()


def napper(client: Client, queue: str) -> Worker:
    return Worker(client, task_queue=queue, workflows=[Nap], workflow_runner=UnsandboxedWorkflowRunner())


async def test_ninety_days_pass_in_seconds(temporal_client: Client) -> None:
    """A workflow that sleeps ninety days wakes at the right time, within a real minute."""
    skipper = TimeSkipper(temporal_client, config=TimeSkippingConfig(enabled=False))
    began = time.monotonic()
    async with napper(temporal_client, "nap"):
        nap = await skipper.client.start_workflow(Nap.run, 90, id="nap-90", task_queue="nap")
        assert await asyncio.wait_for(skipper.fast_forward(nap, timedelta(days=89)), 50)
        assert (await nap.describe()).close_time is None, "89 days are not 90"
        await asyncio.wait_for(skipper.fast_forward(nap, timedelta(days=2)), 50)
        slept = await asyncio.wait_for(nap.result(), 50)
    assert slept == pytest.approx(90 * 86_400, abs=30)
    assert time.monotonic() - began < 60


async def test_time_skipping_is_off_unless_asked_for(tmp_path: Path) -> None:
    """A server as `doorstep up` starts it keeps real time: asking it to skip is refused."""
    async with TemporalServer(tmp_path) as server:
        client = await Client.connect(server.address)
        skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=True))
        with pytest.raises(Exception, match=r"(?i)time.?skipping"):
            await skipper.client.start_workflow(Nap.run, 90, id="nap", task_queue="nap")


async def test_a_killed_server_goes_on_where_it_was(tmp_path: Path) -> None:
    """SIGKILL, then another server on the same file, on other ports, with a longer retention: nothing is lost."""
    killed = TemporalServer(tmp_path)
    async with killed:
        client = await Client.connect(killed.address)
        assert await retention(client) == timedelta(days=1)
        await client.start_workflow(Nap.run, 0, id="nap", task_queue="nap")
        pid = killed.pid
        assert pid is not None
        killed.kill()
        assert not processes.alive(pid)
    async with TemporalServer(tmp_path, retention=LONG_RETENTION) as server:
        assert server.address != killed.address
        client = await Client.connect(server.address)
        assert await retention(client) == LONG_RETENTION, "a ninety-day journey's history outlives it"
        async with napper(client, "nap"):
            slept = await asyncio.wait_for(client.get_workflow_handle("nap").result(), 50)
        assert slept == pytest.approx(0, abs=30)


async def retention(client: Client) -> timedelta:
    found = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
    return found.config.workflow_execution_retention_ttl.ToTimedelta()


def test_it_listens_on_loopback_only_and_leaves_nothing(tmp_path: Path) -> None:
    """No port of the server is reachable from another machine, and after stop no port is open at all."""
    server = TemporalServer(tmp_path)
    with server:
        host, _, port = server.address.partition(":")
        assert processes.answers(int(port), host)
        assert server.pid is not None
        listening = listeners(server.pid)
        assert len(listening) >= 9
        assert {address for address, _ in listening} == {"127.0.0.1"}
        config = json.loads((tmp_path / "server.yaml").read_text())
        assert config["services"]["frontend"]["rpc"]["grpcPort"] == int(port), "and it says so, readably"
    assert server.pid is None
    assert not any(processes.answers(port) for _, port in listening)


def test_killing_the_starter_kills_the_server(tmp_path: Path) -> None:
    """`kill -9` of the process that started it leaves no server behind."""
    script = (
        "import sys, time; from pathlib import Path; from doorstep.temporal_server import TemporalServer\n"
        "server = TemporalServer(Path(sys.argv[1])); server.start(); print(server.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert processes.alive(pid)
        os.kill(starter.pid, signal.SIGKILL)
        assert processes.wait_gone(pid, timeout=30)


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The error holds the server's own last words and where the log is."""
    (tmp_path / "temporal.db").write_text("this is no database, but somebody's shopping list")
    with pytest.raises(SetupError, match="file is not a database") as refused:
        TemporalServer(tmp_path).start()
    assert str(tmp_path / "server.log") in refused.value.mend


def test_a_binary_that_is_none_is_a_setup_error(tmp_path: Path) -> None:
    """A binary that cannot be run is one sentence, not a traceback from the kernel."""
    with pytest.raises(SetupError, match="No such file"):
        TemporalServer(tmp_path, binary=ServerBinary(tmp_path / "missing", "v0")).start()


def test_ports_avoid_those_of_outgoing_connections() -> None:
    """A client that keeps dialling a stopped server's port can never occupy it by connecting to itself."""
    with socket.socket() as taken:
        taken.bind((processes.LOOPBACK, 0))
        assert not processes.is_free(taken.getsockname()[1])
    ports = processes.free_ports(20)
    assert len(set(ports)) == 20
    assert all(port < 32_768 for port in ports)


def listeners(pid: int) -> set[tuple[str, int]]:
    """Every address and port on which the process listens, from /proc."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        target = os.readlink(entry)
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for table, size in (("tcp", 8), ("tcp6", 32)):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            host, _, port = fields[1].partition(":")
            if fields[3] == "0A" and fields[9] in inodes:
                readable = ".".join(str(octet) for octet in bytes.fromhex(host)[::-1]) if size == 8 else host
                found.add((readable, int(port, 16)))
    return found
