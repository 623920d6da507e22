"""Histories are kept before Temporal forgets them: once, whole, sealed as they were, and found again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from temporalio.client import Client

from doorstep.converter import data_converter
from doorstep.errors import NotFound, Unavailable
from doorstep.gateway import Gateway, connect
from doorstep.gateway.archive import LOST
from doorstep.maintenance.archiving import BATCH, FORGOTTEN
from doorstep.maintenance.jobs import Jobs
from doorstep.models.base import Database
from doorstep.models.journeys import JourneyRow
from doorstep.models.tables import table
from doorstep.processes import free_ports
from doorstep.settings import Settings
from doorstep.workflows.maintenance import Done, Job, Round
from maintenance.stage import add_journeys, kept, run_workflows

pytestmark = pytest.mark.system

AN_HOUR_AGO = timedelta(hours=1)
ARCHIVE = Round(job=Job.ARCHIVE)


def closed_lately() -> datetime:
    return datetime.now(UTC) - AN_HOUR_AGO


async def elsewhere(client: Client) -> Client:
    """A client of a Temporal that knows none of our journeys: as ours, once retention has passed."""
    return await Client.connect(
        client.service_client.config.target_host, namespace="temporal-system", data_converter=data_converter()
    )


async def test_a_closed_journey_is_kept_and_read_back(
    jobs: Jobs, client: Client, database: Database, settings: Settings
) -> None:
    """Equal to what Temporal told, event by event, where Temporal has forgotten it or does not answer."""
    (journey,) = add_journeys(database, 1, closed_lately())
    await run_workflows(client, [journey])
    told = await client.get_workflow_handle(journey).fetch_history()
    assert (await jobs.maintain(ARCHIVE)).counts == {"archived": 1}
    assert kept(database)[journey].events == len(told.events)
    forgetful = Gateway(await elsewhere(client), database, settings)
    nowhere = f"127.0.0.1:{free_ports(1)[0]}"
    away = Gateway(await connect(replace(settings, temporal_address=nowhere), lazy=True), database, settings)
    for gateway in (forgetful, away):
        again = await gateway.history(journey, timeout=30)
        assert again.to_json() == told.to_json()
        assert again.run_id == told.run_id
    assert (await jobs.maintain(ARCHIVE)).counts == {}
    with pytest.raises(NotFound):
        await forgetful.history("jny_nobodys")
    with pytest.raises(Unavailable):
        await away.history("jny_nobodys", timeout=1)


async def test_what_is_not_to_be_kept_yet_is_left(jobs: Jobs, client: Client, database: Database) -> None:
    """An open journey, one that closed a moment ago, and one whose workflow still runs are nobody's business yet."""
    add_journeys(database, 1, None)
    add_journeys(database, 1, datetime.now(UTC))
    (running,) = add_journeys(database, 1, closed_lately())
    await run_workflows(client, [running], "open")
    assert (await jobs.maintain(ARCHIVE)).counts == {"running": 1}
    assert kept(database) == {}
    await client.get_workflow_handle(running).terminate()
    assert (await jobs.maintain(ARCHIVE)).counts == {"archived": 1}


async def test_an_empty_temporal_writes_nothing_off(jobs: Jobs, database: Database) -> None:
    """Unknown to Temporal is no proof of loss: it may be another Temporal. Only what it must have forgotten long
    ago is marked as lost, so that it is not asked for every hour; it reads back as nothing."""
    (lately,) = add_journeys(database, 1, closed_lately())
    (long_ago,) = add_journeys(database, 1, datetime.now(UTC) - FORGOTTEN - timedelta(days=1))
    assert (await jobs.maintain(ARCHIVE)).counts == {"missing": 1, "lost": 1}
    assert {j: row.format for j, row in kept(database).items()} == {long_ago: LOST}
    gateway = Gateway(jobs.client, database, jobs.settings)
    for journey in (lately, long_ago):
        with pytest.raises(NotFound):
            await gateway.history(journey)


async def test_twice_side_by_side_and_beyond_one_batch(
    jobs: Jobs, client: Client, database: Database
) -> None:
    """Two runs at once keep each history once; a batch that cannot be kept does not stand in the way of others."""
    before = datetime.now(UTC) - timedelta(hours=3)
    add_journeys(database, BATCH + 1, before)  # Temporal knows none of them, and they come first
    journeys = add_journeys(database, 20, closed_lately())
    await run_workflows(client, journeys)
    both = await asyncio.gather(jobs.maintain(ARCHIVE), jobs.maintain(ARCHIVE))
    assert set(kept(database)) == set(journeys)
    assert sum(done.counts.get("archived", 0) for done in both) == len(journeys)
    rows = table(JourneyRow)
    with database.reading() as connection:
        marked = connection.execute(select(rows.c.id).where(rows.c.archived_at.is_not(None))).scalars()
        assert set(marked) == set(journeys)


async def test_a_round_without_time_goes_on_where_it_ended(
    jobs: Jobs, client: Client, database: Database
) -> None:
    """The place where it stopped travels with the workflow."""
    journeys = add_journeys(database, BATCH + 5, closed_lately())
    await run_workflows(client, journeys)
    jobs.seconds = 0.001
    rounds: list[Done] = [await jobs.maintain(ARCHIVE)]
    assert rounds[0].after
    jobs.seconds = 30.0
    rounds.append(await jobs.maintain(Round(job=Job.ARCHIVE, after=rounds[0].after)))
    assert rounds[1].after == ""
    assert set(kept(database)) == set(journeys)
