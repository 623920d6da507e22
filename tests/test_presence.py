"""Workers say what they can carry on; nothing begins that one of them could not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from doorstep import presence
from doorstep.errors import SetupError
from doorstep.gateway.fleet import Fleet
from doorstep.models import workers
from doorstep.models.base import Database
from doorstep.models.journeys import JourneyRow
from doorstep.models.tables import table
from doorstep.models.workers import GONE_AFTER, WorkerRow
from doorstep.presence import Presence
from doorstep.settings import Settings
from doorstep.workflows import patches, registry
from shop import open_shop

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
QUEUE = "journeys"


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(data_dir=tmp_path, database_url=database_url, task_queue=QUEUE)


@pytest.fixture(autouse=True)
def own_patches(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is declared and held here is for this test only."""
    registry.load()
    monkeypatch.setattr(patches, "_DECLARED", set())
    monkeypatch.setattr(patches, "_HELD", set())
    return


def there(
    database: Database, name: str, *types: str, at: datetime = NOW, patches: tuple[str, ...] = ()
) -> None:
    """Another worker, last seen then."""
    with database.writing() as connection:
        workers.enter(
            connection,
            WorkerRow(
                id=name, task_queue=QUEUE, build="b", place=name, types=list(types), patches=list(patches),
                started_at=at, seen_at=at,
            ),
        )  # fmt: skip


def carried(database: Database, at: datetime = NOW, queue: str = QUEUE) -> frozenset[str] | None:
    with database.reading() as connection:
        return Fleet(queue, lambda: at).types(connection)


# --- which version an order gets -----------------------------------------------------------------------


def test_a_new_version_is_taken_when_the_last_worker_without_it_has_ended(database: Database) -> None:
    """While one lacks it, nobody gets it; ended in order it counts no more, at once."""
    there(database, "older", "tea.v1")
    there(database, "newer", "tea.v1", "tea.v2")
    assert carried(database) == {"tea.v1"}
    with database.writing() as connection:
        workers.leave(connection, "older", NOW)
    assert carried(database) == {"tea.v1", "tea.v2"}
    assert carried(database, queue="another") is None


def test_a_worker_that_died_counts_until_it_is_taken_for_dead(database: Database) -> None:
    there(database, "older", "tea.v1")
    later = NOW + GONE_AFTER - timedelta(seconds=1)
    there(database, "newer", "tea.v1", "tea.v2", at=later)
    assert carried(database, later) == {"tea.v1"}
    assert carried(database, later + timedelta(seconds=2)) == {"tea.v1", "tea.v2"}


def test_with_no_worker_there_the_last_one_is_asked(database: Database) -> None:
    """Whoever comes next may be like it; where none ever was, everything goes."""
    assert carried(database) is None
    there(database, "older", "tea.v1")
    assert carried(database, NOW + timedelta(days=2)) == {"tea.v1"}


def test_routing_takes_the_newest_that_all_have_and_waits_for_what_none_may_miss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name falls back to its older version; a version by its number, and a name that is new, wait."""
    monkeypatch.setattr(
        registry, "_JOURNEYS", dict.fromkeys(("tea.v1", "tea.v9", "tea.v10", "mate.v1"), object)
    )
    assert registry.newest("tea") == "tea.v10"
    assert registry.newest("tea", frozenset({"tea.v1", "tea.v9"})) == "tea.v9"
    for name in ("tea.v10", "mate"):
        with pytest.raises(registry.NotEverywhere, match=name):
            registry.newest(name, frozenset({"tea.v1"}))
    with pytest.raises(SetupError, match="Did you mean 'tea'"):
        registry.newest("tee", frozenset())


# --- who may start, and go on ----------------------------------------------------------------------------


async def test_an_older_build_waits_and_refuses_what_has_begun(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that it is there first; what a gateway began before it heard so is there when it looks."""
    now = datetime.now(UTC)
    there(database, "newer", "standard.v1", "standard.v2", at=now)
    open_shop(database)
    older = Presence(database, settings, news_travels=timedelta(seconds=2))
    entering = asyncio.create_task(older.enter(asyncio.Event()))
    while len(_present(database)) < 2:
        await asyncio.sleep(0.01)
    assert carried(database, now) == {"standard.v1"}, "from now on nobody starts the second version"
    _retype(database, "standard.v2")
    with pytest.raises(SetupError, match=r"1 of type 'standard\.v2'"):
        await entering


async def test_a_worker_that_finds_out_later_stops(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journey it lacks has begun while it slept: it sets `stop`, says why, and takes no more."""
    monkeypatch.setattr(workers, "BEAT", timedelta(seconds=0.05))
    open_shop(database)
    worker, stop = Presence(database, settings), asyncio.Event()
    await worker.enter(stop)
    staying = asyncio.create_task(worker.stay(stop))
    _retype(database, "standard.v7")
    await asyncio.wait_for(stop.wait(), 60)
    await staying
    assert isinstance(worker.trouble, SetupError)
    assert "standard.v7" in worker.trouble.what


async def test_a_patch_applies_once_every_worker_knows_it(database: Database, settings: Settings) -> None:
    """Held while an older worker runs; begun when it has ended, and on record. Who shares something hears how many
    run."""
    among: list[int] = []
    patches.declare_patch("quieter")
    there(database, "older", "standard.v1", at=datetime.now(UTC))
    newer = Presence(database, settings, among=among.append)
    await newer.enter(asyncio.Event())
    assert patches.held("quieter")

    with database.writing() as connection:
        workers.leave(connection, "older", datetime.now(UTC))
    newer._beat()
    assert not patches.held("quieter")
    with database.reading() as connection:
        assert workers.begun(connection) == {"quieter"}

    there(database, "older again", "standard.v1", at=datetime.now(UTC))
    newer._beat()
    assert not patches.held("quieter"), "what has begun does not end"
    assert among == [2, 1, 2]


async def test_a_build_without_a_patch_that_has_begun_refuses(database: Database, settings: Settings) -> None:
    """Only as long as journeys are open that may have taken the new way."""
    with database.writing() as connection:
        workers.begin(connection, ["quieter"], NOW)
    await Presence(database, settings).enter(asyncio.Event())
    open_shop(database)
    with pytest.raises(SetupError, match="new way of quieter"):
        await Presence(database, settings).enter(asyncio.Event())
    patches.declare_patch("quieter")
    await Presence(database, settings).enter(asyncio.Event())


async def test_a_worker_is_there_for_as_long_as_it_works(database: Database, settings: Settings) -> None:
    async with presence.present(database, settings, asyncio.Event()):
        (row,) = _present(database)
        assert row.types >= {"standard.v1"}
        assert len(row.build) == 12
    with database.reading() as connection:
        stopped = connection.execute(table(WorkerRow).select()).one().stopped_at
    assert stopped is not None


def _present(database: Database) -> list[workers.Present]:
    with database.reading() as connection:
        return workers.present(connection, QUEUE, datetime.now(UTC))


def _retype(database: Database, kind: str) -> None:
    with database.writing() as connection:
        connection.execute(update(table(JourneyRow)).values(type=kind))
