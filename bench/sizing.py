"""What one real journey costs a deployment: the standard ninety days, told by the histories' own story to the
production runtime over HTTP, on a PostgreSQL-backed Temporal server that skips the waiting.

Skipping leaves events of its own in the history, and transitions; they are taken off. Billable actions are counted
from the history by Temporal Cloud's rules (https://docs.temporal.io/cloud/actions): the start, each timer, activity
(each attempt), signal and update; local activities once per workflow task.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine, text
from temporalio.api.enums.v1 import EventType

from bench.report import Figures
from doorstep.models.migrate import upgrade
from doorstep.postgres_server import PostgresServer
from doorstep.processes import LOOPBACK
from doorstep.server_stores import PostgresDatabases
from doorstep.temporal_server import TemporalServer

TESTS = Path(__file__).parents[1] / "tests"
STORY = "ninety-days-with-a-good-review"
SKIPPING = (
    "WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED",
    "WORKFLOW_EXECUTION_OPTIONS_UPDATED",
)
ACTIONS = (
    *(
        "WORKFLOW_EXECUTION_STARTED",
        "TIMER_STARTED",
        "ACTIVITY_TASK_SCHEDULED",
        "WORKFLOW_EXECUTION_SIGNALED",
    ),
    "WORKFLOW_EXECUTION_UPDATE_ACCEPTED",
)
HISTORY = "SELECT sum(pg_column_size(t.*)) FROM history_node t"
ROWS = "SELECT sum(pg_column_size(t.*)) FROM {} t"


def run(figures: Figures) -> None:
    """Adds `journey_*`: events, transitions, actions, and bytes in either database."""
    figures.prefix = ""  # one journey's size is no speed of a database
    sys.path[:0] = [str(TESTS / "histories"), str(TESTS / "system"), str(TESTS.parent)]
    with PostgresServer() as postgres, tempfile.TemporaryDirectory() as folder:
        stores = PostgresDatabases(host=LOOPBACK, port=postgres.port)
        with TemporalServer(Path(folder) / "temporal", stores=stores, time_skipping=True) as server:
            url = postgres.create("doorstep")
            upgrade(url)
            asyncio.run(_tell(figures, server.address, url, Path(folder) / "data"))
            _weigh(figures, postgres)


async def _tell(figures: Figures, address: str, url: str, folder: Path) -> None:
    from house import open_house  # type: ignore[import-not-found]
    from shopkeeper import IDA, morning_zone  # type: ignore[import-not-found]
    from stories import ROOMY, STORIES  # type: ignore[import-not-found]

    zone = morning_zone(datetime.now(UTC))
    async with open_house(address, url, folder, customers=(IDA,), zone=zone, policy=ROOMY) as house:
        await STORIES[STORY](house)
        [row] = (await house.get("/journeys", limit=10))["journeys"]
        handle = house.client.get_workflow_handle(row["id"])
        described = (await handle.describe()).raw_description.workflow_execution_info
        events = list((await handle.fetch_history()).events)
        touches = sum(
            step["state"] == "accepted" for step in (await house.get(f"/journeys/{row['id']}"))["steps"]
        )
    kinds = Counter(EventType.Name(e.event_type).removeprefix("EVENT_TYPE_") for e in events)
    skipped = [e for e in events if EventType.Name(e.event_type).removeprefix("EVENT_TYPE_") in SKIPPING]
    tasks = {e.marker_recorded_event_attributes.workflow_task_completed_event_id for e in events
             if e.HasField("marker_recorded_event_attributes")}  # fmt: skip
    figures.add("journey_touches", touches, "touches")
    figures.add("journey_events", len(events) - len(skipped), "events")
    figures.add("journey_transitions", described.state_transition_count - len(skipped), "transitions")
    figures.add("journey_actions", sum(kinds[kind] for kind in ACTIONS) + len(tasks), "actions")
    weight = described.history_size_bytes - sum(e.ByteSize() for e in skipped)
    figures.add("journey_history_kb", weight / 1024, "kB")


def _weigh(figures: Figures, postgres: PostgresServer) -> None:
    """Rows as PostgreSQL stores them (compressed), without indexes and what pages leave free."""
    engine = create_engine(postgres.url("temporal"))
    with engine.connect() as connection:
        kept = connection.execute(text(HISTORY)).scalar_one()
    engine.dispose()
    figures.add("journey_history_stored_kb", int(kept) / 1024, "kB")
    engine = create_engine(postgres.url("doorstep"))
    with engine.connect() as connection:
        names = connection.execute(text("SELECT relname FROM pg_stat_user_tables")).scalars().all()
        sizes = {name: connection.execute(text(ROWS.format(f'"{name}"'))).scalar_one() for name in names}
    engine.dispose()
    figures.add("journey_rows_kb", sum(int(size or 0) for size in sizes.values()) / 1024, "kB")
    for name, size in sorted(sizes.items(), key=lambda pair: -int(pair[1] or 0))[:4]:
        figures.note(f"{name}: {int(size or 0) / 1024:.1f} kB")
