"""The processes with other hash seeds stand in other time zones, and what follows their zone is told as that."""

from __future__ import annotations

import inspect
import time
from datetime import UTC, datetime

import pytest
from tests.rehearsal.homely import Homely, Worldly
from typer.testing import CliRunner

from doorstep import cli
from doorstep.rehearsal import shelf
from doorstep.rehearsal.in_sandbox import proven
from doorstep.rehearsal.proving import ZONES, with_hash_seed

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def by_the_wall() -> list[str]:
    """All that asks for the machine's zone and that the sandbox lets pass: with its moment given it reads no clock."""
    stamp = NOON.timestamp()
    return [
        NOON.astimezone().isoformat(),
        datetime.fromtimestamp(stamp).isoformat(),  # noqa: DTZ006 - this is it
        str(NOON.replace(tzinfo=None).timestamp()),
        str(time.mktime(NOON.timetuple())),
        str(time.localtime(stamp)),
        str(time.tzname),
        str(time.timezone),
    ]


def test_whatever_asks_for_the_machines_zone_differs_between_the_processes() -> None:
    target = f"{__name__}:by_the_wall"
    first, second = (with_hash_seed(target, 1, zone=zone) for zone in ZONES)
    assert [one for one, other in zip(first, second, strict=True) if one == other] == []
    assert first[0][:10] != second[0][:10], "another date, too"


@pytest.fixture
def told() -> str:
    done = CliRunner().invoke(cli.app, ["rehearse", "homely", "--scenario", "happy-path"])
    assert done.exit_code == 1
    return " ".join(done.output.split())


def test_a_journey_that_goes_by_the_machines_zone_is_told_that_and_where(told: str) -> None:
    source, first = inspect.getsourcelines(Homely)
    line = first + next(n for n, text in enumerate(source) if "# here" in text)
    assert f"homely.py:{line}" in told
    assert "context.packed: '2026-03-0" in told
    assert f"under TZ={ZONES[0]} and [" in told
    assert f"under {ZONES[1]}, at" in told
    assert "It asks for the machine's time zone" in told
    assert "PYTHONHASHSEED" not in told
    assert "a set" not in told


def test_what_is_advised_the_sandbox_lets_pass() -> None:
    assert proven(Worldly, shelf.load("happy-path")).problems == ()
