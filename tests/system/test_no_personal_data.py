"""Names, addresses and numbers live in the database and in messages, and nowhere else."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from house import House
from privacy import PAGES, found_in, histories, of_database, outside
from shopkeeper import IDA, Order
from temporalio.client import Client

pytestmark = pytest.mark.system
PLANTED = "somebody.planted@nowhere.invalid"


async def test_a_journey_with_everything_personal_in_it_tells_nobody(house: House) -> None:
    """An order with name, email, phone and address, searched for, steered and gone wrong, leaves none of them in
    any history, log line, address or machine's page; the same search finds every one of them in the database."""
    order = Order(id=47001, customer=IDA, placed=house.now())
    await house.tell(order.placed_event(), order.created("orders/updated"))
    await house.pass_time(seconds=3)
    await house.http.post("/journeys/search", json={"email": IDA.email, "phone": IDA.phone})
    await house.http.post("/webhooks/fern-api", content=b'{"email": "%s"' % IDA.email.encode())
    await house.tell(
        order.event("survey.answered", house.now(), data={"kind": IDA.email, "score": IDA.street})
    )
    await house.tell(order.scan("exception", house.now(), substatus="address_problem", city=IDA.city))
    await house.act(order.journey, "send-now", step="reassurance")
    await house.until(order.placed + timedelta(days=3))

    places = await outside(house)
    assert order.journey in places[f"history of {order.journey}"]
    assert places["log"].count("\n") > 10
    assert all(places[page] for page in PAGES)
    assert found_in(places, IDA.personal) == []
    kept = found_in(of_database(house.database), IDA.personal)
    for word in IDA.personal:
        assert any(hit.endswith(f": {word.lower()}") for hit in kept), f"the search cannot find {word!r}"


async def test_the_search_reads_inside_payloads(temporal_client: Client) -> None:
    """Were an address ever handed to Temporal, the search would find it."""
    handle = await temporal_client.start_workflow(
        "nobody.v1", {"to": PLANTED}, id=str(uuid4()), task_queue=f"nobody-{uuid4()}"
    )
    places = await histories(temporal_client, [handle.id])
    await handle.terminate()
    assert found_in(places, [PLANTED]) != []
