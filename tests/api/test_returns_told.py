"""A return that was asked for is no return yet: to support and to the customer the pieces are still theirs."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from api import desk
from api.conftest import Client
from api.opened import address
from api.test_customer_pages import change, deliver, words
from doorstep.domain.orders import Return
from doorstep.domain.values import replace
from doorstep.models.base import Database
from doorstep.models.codec_json import order_json, order_state
from doorstep.models.links import LinkPurpose
from doorstep.models.orders import OrderRow
from doorstep.models.people import PersonRow

ALL, SOCKS = (("l1", 2), ("l2", 3)), (("l2", 3),)


@pytest.fixture(autouse=True)
def arrived(furnished: Database) -> None:
    deliver(furnished)


def go_back(database: Database, asked: Return) -> None:
    """Nothing of the order was refunded, and that return is known of it."""
    with database.read() as session:
        row = session.get(OrderRow, desk.ORDER)
        assert row is not None
        state = replace(order_state(row.state), refunds={}, returns={"b": asked})
    change(database, OrderRow, desk.ORDER, state=order_json(state))


async def wismo(agent: httpx.AsyncClient) -> str:
    return str((await agent.get(f"/journeys/{desk.JOURNEY}")).json()["wismo"])


async def test_support_hears_that_it_arrived_and_what_is_to_go_back(
    agent: httpx.AsyncClient, furnished: Database
) -> None:
    go_back(furnished, Return(lines=ALL))
    answer = await wismo(agent)
    assert "was delivered in full on" in answer
    assert "A return was asked for and is not here yet: 2 × Trail shoe, 3 × Wool sock." in answer
    assert "Not part of it" not in answer
    go_back(furnished, Return(lines=ALL, received=SOCKS))
    answer = await wismo(agent)
    assert "Not part of it any more: 3 × Wool sock." in answer
    assert "A return was asked for and is not here yet: 2 × Trail shoe." in answer
    go_back(furnished, Return(lines=ALL, received=ALL))
    assert "was refunded or returned in full." in await wismo(agent)


@pytest.mark.parametrize(
    ("locale", "asked", "whole", "here", "came_back"),
    [
        ("en-GB", "To be sent back", "You are sending all of your order back.", "Came back to us", "All of your order"),
        (
            "de-DE",
            "Zur Rücksendung angemeldet",
            "Sie schicken Ihre ganze Bestellung zurück.",
            "Wieder bei uns",
            "Ihre ganze Bestellung ist",
        ),
    ],
)  # fmt: skip
async def test_the_customer_reads_what_is_to_be_sent_back_and_what_came_back(
    client: Client,
    app: FastAPI,
    furnished: Database,
    locale: str,
    asked: str,
    whole: str,
    here: str,
    came_back: str,
) -> None:
    change(furnished, PersonRow, desk.PERSON, locale=locale)
    person, page = client(None), address(app, LinkPurpose.TRACKING)

    async def read() -> str:
        return words((await person.get(page)).text)

    go_back(furnished, Return(lines=SOCKS))
    found = await read()
    assert asked in found
    assert here not in found
    assert 'class="gone"' not in (await person.get(page)).text
    go_back(furnished, Return(lines=ALL))
    assert whole in await read()
    assert "0034" in await read()  # the parcel that brought it
    go_back(furnished, Return(lines=ALL, received=SOCKS))
    found = await read()
    assert asked in found
    assert here in found
    go_back(furnished, Return(lines=ALL, received=ALL))
    found = await read()
    assert came_back in found
    assert asked not in found
