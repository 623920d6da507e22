"""A release takes over what the one before left: its database, and Temporal with journeys that are open. Each of them
goes on where it stood and comes to its end; nothing is lost, nothing is said twice.

The fixture was recorded by that release's own code (`scripts/record-upgrade`) and its journeys stand forty days into
their story. However long ago that was: today's worker finds them as after an outage of so long. It stood on SQLite;
on PostgreSQL the same rows stand in the tables that its own migrations make there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from house import House, open_house
from left import RELEASES, WHOSE, Left, Rows, contents
from shopkeeper import CLARA, IDA, JONAS
from standing import CLOSING, FRESH, LOST, MOVING, OVER, PARTLY, PAUSED, SELLING

from databases import Postgres
from doorstep.models.migrate import check, head, upgrade
from doorstep.temporal_server import TemporalServer

pytestmark = pytest.mark.system


@pytest.fixture(params=["sqlite", "postgres"])
def on(request: pytest.FixtureRequest) -> str:
    """Which database the release stood on."""
    return str(request.param)


@pytest.fixture(params=RELEASES, ids=lambda about: about.parent.name)
def left(
    request: pytest.FixtureRequest, on: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Left]:
    monkeypatch.setenv("DOORSTEP_SECRET_KEY", "the key of these tests")
    found = Left(request.param, tmp_path)
    if on == "sqlite":
        yield found
        return
    there: Postgres = request.getfixturevalue("postgres")
    url = there.create("left_by_a_release")
    found.move_to(url)
    yield found
    there.drop(url)


def test_every_row_is_there_after_the_migrations(left: Left) -> None:
    """On the release's own file, and where its rows stand in PostgreSQL: same rows, same values in every column that
    there was; the tables are today's."""
    assert upgrade(left.url) == head()
    assert check(left.url) == []
    lost_nothing(left.rows, contents(left.url))


def lost_nothing(before: Rows, after: Rows) -> None:
    assert sum(map(len, before.values())) > 250, "the fixture is no empty database"
    for name, rows in before.items():
        if name == "alembic_version":
            continue
        kept = (
            [{column: row[column] for column in rows[0] if column in row} for row in after[name]]
            if rows
            else []
        )
        missing = [row for row in rows if {c: v for c, v in row.items() if c in kept[0]} not in kept]
        assert missing == [], f"{name} lost {len(missing)} of {len(rows)}"


@pytest.fixture
async def house(left: Left) -> AsyncIterator[House]:
    """Today's code on what that release left."""
    upgrade(left.url)
    with TemporalServer(left.folder / "temporal", time_skipping=True) as server:
        made = open_house(
            server.address, left.url, left.folder / "data", customers=(IDA, JONAS, CLARA),
            taken_over=left.about["namespace"],
        )  # fmt: skip
        async with made as opened:
            opened.time.ahead = timedelta(seconds=left.about["ahead_seconds"])
            await opened.settled()
            yield opened


COMES_TO = {
    SELLING: "repurchased", PAUSED: "repurchased", OVER: "cancelled_by_agent", LOST: "repurchased",
    PARTLY: "nothing_kept", CLOSING: "order_cancelled", MOVING: "completed", FRESH: "completed",
}  # fmt: skip
LEFT_ALONE = (
    COMES_TO | dict.fromkeys((PAUSED, LOST, MOVING, FRESH), "never_arrived") | {PARTLY: "repurchased"}
)
"""For one whose ninety days are over before it hears the news: the fixture grows old."""


async def test_open_journeys_of_the_release_before_come_to_their_end(left: Left, house: House) -> None:
    """Paused, on the way, cancelled, lost, never yet moved: each hears what comes, says what it has to say once, and
    closes as its story says."""
    before = {m["id"]: m for m in await house.outbox()}
    assert len(before) > 25
    going_on = {row["id"] for row in (await house.get("/journeys", status="open", limit=100))["journeys"]}
    assert going_on <= set(left.about["open"])
    for journey in sorted(going_on):
        seen = await house.journey(journey, live=1)
        assert seen["differences"] == [], "what the tables say is what the workflow says"

    await news(left, house)
    await house.until(house.now() + timedelta(days=100))

    listed = (await house.get("/journeys", limit=100))["journeys"]
    assert {row["status"] for row in listed} == {"closed"}
    ended = {number: await house.journey(left.order(number).journey) for number in WHOSE}
    for number, seen in ended.items():
        comes_to = COMES_TO if left.order(number).journey in going_on else LEFT_ALONE
        assert (number, seen["outcome"] or seen["exit_cause"]) == (number, comes_to[number])
    nothing_lost_and_nothing_twice(house, before, await house.outbox(), ended)
    for number in {CLOSING, PARTLY}:
        journey = left.order(number).journey
        assert ("refund-confirmation" in await house.sent(journey)) == (journey in going_on)


async def news(left: Left, house: House) -> None:
    """What comes after the upgrade, one thing for each journey."""
    now = house.now()
    closing, paused, partly = left.order(CLOSING), left.order(PAUSED), left.order(PARTLY)
    refund = {"amount_minor": 3500, "currency": "EUR"}
    await house.tell(closing.event("order.refunded", now, subject="rf-1", data=refund))
    resumed = await house.act(paused.journey, "resume", catch_up="skip")
    assert resumed.status_code == (200 if (await house.journey(paused.journey))["status"] == "open" else 409)
    await house.tell(
        *(left.order(n).scan("delivered", now, parcel="1") for n in (PAUSED, LOST, MOVING, FRESH))
    )
    rest = partly.event(
        "order.refunded", now, subject="rf-2",
        data={"lines": [[str(partly.line(2)), 1]], "amount_minor": 1010, "currency": "EUR"},
    )  # fmt: skip
    await house.tell(rest)
    await house.pass_time(hours=1)


def nothing_lost_and_nothing_twice(
    house: House,
    before: dict[str, dict[str, Any]],
    after: list[dict[str, Any]],
    ended: dict[int, dict[str, Any]],
) -> None:
    still = {m["id"]: m for m in after}
    assert {id_: still.get(id_) for id_ in before} == before, "what was sent before is as it was"
    keys = [m["key"] for m in after]
    assert len(keys) == len(set(keys)), "no touch went twice"
    for seen in ended.values():
        for step in seen["steps"]:
            assert step["outcome"] in ("sent", "skipped", "cancelled"), step["key"]
    with house.database.reading() as connection:
        waiting = connection.exec_driver_sql("SELECT type FROM inbox_events WHERE status = 'pending'").all()
    assert waiting == []
