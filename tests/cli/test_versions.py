"""`doorstep versions`: what still runs on each version, where it stands, and when the last can end."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from typer.testing import CliRunner, Result

from doorstep.cli import app
from doorstep.contracts import Projection, Wait
from doorstep.domain.orders import OrderState
from doorstep.models.base import Database
from doorstep.models.journeys import JourneyRow
from doorstep.models.projection import project
from doorstep.models.tables import table
from shop import JOURNEY, NOON, PERSON, add_order, open_shop

Run = Callable[..., Result]


@pytest.fixture
def run(database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DOORSTEP_DATABASE_URL", database_url)
    monkeypatch.setenv("DOORSTEP_DATA_DIR", str(tmp_path))
    open_shop(database)
    return lambda *arguments: CliRunner().invoke(app, ["versions", *arguments])


def stands(database: Database, journey: str, phase: str, *waits: Wait, **more: Any) -> None:
    project(database, Projection(journey_id=journey, revision=1, at=NOON, phase=phase, waits=waits, **more))


def as_json(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, done.output
    return {v["type"]: v for v in json.loads(done.stdout)["versions"]}


def test_open_journeys_are_counted_by_phase_and_step_and_bounded(run: Run, database: Database) -> None:
    """The last one's ninetieth day, or what it waits for if later; a left course waits for its last words only."""
    with database.write() as session:
        add_order(session, "ord_two", "jny_two", PERSON, OrderState(), placed_at=NOON + timedelta(days=10))
    late = NOON + timedelta(days=104)
    stands(
        database,
        JOURNEY,
        "delivered",
        Wait(kind="touch", name="win-back-60", until=NOON + timedelta(days=60)),
    )
    stands(
        database, "jny_two", "closing", Wait(kind="event", name="order.refunded", until=late),
        exit_cause="order_cancelled", paused=True,
    )  # fmt: skip

    told = as_json(run("--json"))["standard.v1"]
    assert (told["open"], told["paused"], told["code"], told["newest"]) == (2, 1, True, True)
    assert told["phases"] == {"delivered": 1, "closing": 1}
    assert told["steps"] == {"win-back-60": 1, "order.refunded": 1}
    assert told["last_expected"] == str(late)
    assert told["last_at_latest"] == str(late + timedelta(days=30))
    page = run().stdout
    assert "2 open: 1 closing, 1 delivered; 1 paused" in page
    assert max(map(len, page.splitlines())) <= 100


def test_a_version_without_code_and_one_without_journeys_are_told_apart(run: Run, database: Database) -> None:
    """The first needs its code back at once; of the built-in one nothing is open any more."""
    with database.writing() as connection:
        connection.execute(update(table(JourneyRow)).values(type="bespoke.v7"))
    told = as_json(run("--json"))
    assert (told["bespoke.v7"]["open"], told["bespoke.v7"]["code"]) == (1, False)
    assert "no worker starts" in told["bespoke.v7"]["advice"]
    assert (told["standard.v1"]["open"], told["standard.v1"]["advice"]) == (0, "")
    assert "nothing open" in run().stdout


def test_what_runs_cannot_be_retired(run: Run) -> None:
    """An open journey keeps its version, and the sentence says until when."""
    refused = run("retire", "standard.v1")
    assert refused.exit_code == 1
    assert "1 journeys of standard.v1 are open here" in str(refused.exception)
    assert "8 Jul 2026" in str(refused.exception)


def test_check_is_what_make_check_runs(run: Run) -> None:
    assert "standard.v1" in run("check").stdout
