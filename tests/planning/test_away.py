"""Of a journey that has ended, its history is kept: what was planned of it is told while Temporal is away."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import col
from tests.planning.test_knew import Whole
from typer.testing import CliRunner

from doorstep import cli
from doorstep.api.app import create_app
from doorstep.api.wiring import Services
from doorstep.gateway.archive import FORMAT, packed
from doorstep.models.archive import HistoryArchiveRow
from doorstep.models.base import Database
from doorstep.models.journeys import JourneyRow
from doorstep.settings import load_settings
from shop import add


@pytest.fixture
def whole(database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Whole:
    """A journey that has ended, with its history kept; nothing listens where Temporal would be."""
    monkeypatch.setenv("DOORSTEP_DATABASE_URL", database_url)
    monkeypatch.setenv("DOORSTEP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DOORSTEP_TEMPORAL_ADDRESS", "127.0.0.1:9")
    monkeypatch.setattr(cli.base.logs, "configure", lambda *_: None)
    whole = Whole(database, "a-part-goes-back")
    end = {"status": "closed", "outcome": "completed", "closed_at": whole.now, "archived_at": whole.now}
    with database.write() as session:
        session.connection().execute(
            update(JourneyRow).where(col(JourneyRow.id) == whole.start.journey_id).values(**end)
        )
    kept = {"run_id": "r", "type": "standard.v1", "format": FORMAT, "events": len(whole.history.events)}
    body = packed(whole.history)
    add(
        database,
        HistoryArchiveRow(journey_id=whole.start.journey_id, body=body, archived_at=whole.now, **kept),
    )
    return whole


def test_plan_and_explain_read_the_kept_history(whole: Whole) -> None:
    """`--help` said so; the connection to Temporal failed before the kept one was looked for."""
    then = (whole.begun + timedelta(days=1)).isoformat()

    def told(*asked: str) -> dict[str, object]:
        done = CliRunner().invoke(cli.app, [*asked, "--json"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return dict(json.loads(done.stdout))

    assert told("plan", whole.start.journey_id)["rebuilt"]
    past = told("plan", whole.start.journey_id, "--as-of", then)
    assert past["rebuilt"]
    assert past["touches"]
    assert told("explain", whole.start.journey_id, "--as-of", then)["ahead"]


async def test_the_api_that_has_not_found_temporal_yet_reads_it_too(whole: Whole, database: Database) -> None:
    services: Services = create_app(load_settings(), database=database).state.services
    history = await services.gateway.history(whole.start.journey_id, 4.0)
    assert len(history.events) == len(whole.history.events)
