"""GET /journeys: filters, and pages that do not move under inserts."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from api import desk
from api.conftest import Client
from doorstep.domain.ids import journey_id
from doorstep.models.base import Database
from doorstep.models.journeys import JourneyRow


async def ids(agent: httpx.AsyncClient, **params: object) -> list[str]:
    answer = await agent.get("/journeys", params={k: str(v) for k, v in params.items()})
    assert answer.status_code == 200, answer.text
    return [journey["id"] for journey in answer.json()["journeys"]]


async def test_pages_hold_every_journey_once_newest_first_while_new_ones_begin(
    agent: httpx.AsyncClient, furnished: Database
) -> None:
    made = desk.many(furnished, 25)
    seen, cursor = [], None
    for page in range(6):
        params = {"limit": "5", "phase": "many"} | ({"cursor": cursor} if cursor else {})
        answer = (await agent.get("/journeys", params=params)).json()
        seen += [journey["id"] for journey in answer["journeys"]]
        cursor = answer["next_cursor"]
        late = f"ord_late{page}"
        with furnished.write() as session:
            session.add(desk.order(late, desk.MINE, late, late, desk.PERSON))
            session.flush()
            session.add(
                desk.journey(
                    late, desk.MINE, desk.PERSON, phase="many", started_at=desk.NOW + timedelta(days=1)
                )
            )
        if cursor is None:
            break
    assert seen == list(reversed(made))


async def test_journeys_that_began_in_the_same_instant_are_paged_whole(
    agent: httpx.AsyncClient, furnished: Database
) -> None:
    made = set(desk.many(furnished, 7))
    with furnished.write() as session:
        for ref in made:
            row = session.get(JourneyRow, ref)
            assert row is not None
            row.started_at = desk.NOW
            session.add(row)
    seen, cursor = [], None
    while True:
        params = {"limit": "2", "phase": "many"} | ({"cursor": cursor} if cursor else {})
        answer = (await agent.get("/journeys", params=params)).json()
        seen += [journey["id"] for journey in answer["journeys"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize(
    ("filters", "mine", "other"),
    [
        ({"status": "open"}, True, True),
        ({"status": "closed"}, False, False),
        ({"phase": "in transit"}, True, False),
        ({"type": "standard.v1"}, True, True),
        ({"type": "standard.v2"}, False, False),
        ({"paused": "true"}, False, False),
        ({"store": desk.OTHER}, False, True),
        ({"person": desk.PERSON}, True, False),
        ({"due_before": (desk.NOW + timedelta(days=3)).isoformat()}, True, True),
        ({"due_before": (desk.NOW + timedelta(days=1)).isoformat()}, False, False),
        ({"started_after": (desk.PLACED + timedelta(minutes=30)).isoformat()}, False, True),
        ({"started_before": (desk.PLACED + timedelta(minutes=30)).isoformat()}, True, False),
    ],
)
async def test_a_filter_keeps_what_fits(
    agent: httpx.AsyncClient, filters: dict[str, str], mine: bool, other: bool
) -> None:
    found = await ids(agent, **filters)
    assert (desk.JOURNEY in found, desk.OTHER_JOURNEY in found) == (mine, other)


async def test_a_stores_key_lists_its_own_store_only(client: Client) -> None:
    mine = client(store=desk.MINE)
    assert await ids(mine) == [desk.JOURNEY]
    assert (await mine.get("/journeys", params={"store": desk.OTHER})).status_code == 404


async def test_a_list_names_no_person(agent: httpx.AsyncClient) -> None:
    answer = await agent.get("/journeys")
    assert not [secret for secret in desk.PERSONAL if secret in answer.text]


@pytest.mark.parametrize(
    "cursor", ["nonsense", "WzEsMl0", "e30", "bnVsbA", "é", "W10", "WyJ4IiwieCJd", "A" * 300]
)
async def test_a_cursor_that_is_none_of_ours_is_refused(agent: httpx.AsyncClient, cursor: str) -> None:
    answer = await agent.get("/journeys", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")


def test_ids_follow_from_orders() -> None:
    assert journey_id(desk.ORDER) == desk.JOURNEY
