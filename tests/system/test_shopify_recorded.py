"""Shopify's recorded deliveries through the endpoint into a journey. Others' data, read where it is, as bytes."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from house import House
from shopkeeper import STORE, Delivery, shopify

from doorstep.domain import ids

HERE = Path(__file__).resolve().parents[3]
PAYLOADS = Path(os.environ.get("DOORSTEP_PAYLOADS", HERE / "shared" / "payloads")) / "shopify"
pytestmark = pytest.mark.system
if not PAYLOADS.is_dir():
    pytest.skip(
        "no recorded payloads beside this checkout: only the project's own are sent (test_ninety_days)",
        allow_module_level=True,
    )
ORDER = "820982911946154508"
"""The exact id: bodies hold it rounded, the GID and `X-Shopify-Order-Id` hold every digit."""
LIVE = 820982911946154777
FILES = (
    *("orders_create", "orders_paid", "orders_updated", "orders_cancelled", "fulfillments_create"),
    *(
        "fulfillments_update",
        "fulfillment_events_create",
        "refunds_create",
        "returns_request",
        "returns_approve",
    ),
)


def recorded(name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_bytes())
    return told


def as_recorded(name: str) -> Delivery:
    """The delivery with the headers it had, signed anew; its order linked by the exact id in the header."""
    told = recorded(name)
    theirs = {k: v for k, v in told["headers"].items() if k.startswith("x-shopify-")}
    known = {k: theirs.pop(k) for k in ("x-shopify-topic", "x-shopify-webhook-id")}
    theirs.pop("x-shopify-hmac-sha256")
    extra = theirs | {"X-Shopify-Order-Id": ORDER}
    return shopify(known["x-shopify-topic"], known["x-shopify-webhook-id"], told["body"], **extra)


def words_of(body: dict[str, Any]) -> list[str]:
    """What is personal in a recorded order."""
    where = body["shipping_address"]
    return [body["email"], body["customer"]["email"], where["last_name"], where["address1"], where["city"]]


async def test_every_recorded_delivery_is_taken_and_the_order_leaves_as_cancelled(house: House) -> None:
    """Each is answered 2xx and kept. The order was cancelled at creation, years ago: its journey exits with its
    cancellation on record and tells nobody."""
    house.personal += words_of(recorded("orders_create")["body"])
    for name in FILES:
        answer = await house.post(as_recorded(name))
        assert answer.status_code == 200, name
        assert answer.json()["status"] in ("accepted", "quarantined", "ignored"), name
    await house.settled()
    await house.pass_time(days=6)

    with house.database.reading() as connection:
        kept = connection.exec_driver_sql("SELECT count(*) FROM inbox_webhooks").scalar()
    assert kept == len(FILES)
    seen = await house.journey(ids.order_ref(STORE, ORDER))
    assert (seen["status"], seen["exit_cause"]) == ("closed", "order_cancelled")
    assert (seen["order"]["number"], len((await house.get("/journeys"))["journeys"])) == ("#9999", 1)
    told = {s["step"]: (s["outcome"], s["reason"]) for s in seen["steps"]}
    assert told["order-cancelled"] == ("skipped", "stale")
    assert await house.outbox() == []


def live(topic: str, name: str, at: datetime, **changes: Any) -> Delivery:
    """A recorded body as a living order's: another id, not cancelled, its times now."""
    stamp = at.isoformat()
    times = {"created_at": stamp, "updated_at": stamp}
    body = recorded(name)["body"] | times | changes
    body.pop("admin_graphql_api_id", None)
    return shopify(topic, f"live-{topic}-{stamp}", body)


async def test_a_living_order_of_the_same_shape_goes_its_way(house: House) -> None:
    """The recorded bodies, made a living order: confirmed at once, followed to the door, asked after."""
    first = recorded("orders_create")["body"]
    house.personal += words_of(first)
    placed = house.now()
    alive = {"id": LIVE, "cancelled_at": None, "cancel_reason": None, "processed_at": placed.isoformat()}
    await house.tell(live("orders/create", "orders_create", placed, **alive))
    await house.tell(live("orders/paid", "orders_paid", placed, **alive))
    await house.pass_time(seconds=3)
    lines = [{**line, "fulfillment_status": None} for line in first["line_items"]]
    parcel = {"order_id": LIVE, "status": "success", "line_items": lines}
    await house.until(placed + timedelta(days=1))
    await house.tell(live("fulfillments/create", "fulfillments_create", house.now(), **parcel))
    for day, status in ((1.5, "in_transit"), (3, "out_for_delivery"), (3.2, "delivered")):
        await house.until(placed + timedelta(days=day))
        scan = {"order_id": LIVE, "status": status, "happened_at": house.now().isoformat()}
        await house.tell(live("fulfillment_events/create", "fulfillment_events_create", house.now(), **scan))
        await house.pass_time(seconds=3)
    await house.until(placed + timedelta(days=6))

    seen = await house.journey(ids.order_ref(STORE, str(LIVE)))
    assert (seen["status"], seen["phase"]) == ("open", "delivered")
    sent = [m for m in await house.outbox() if m["purpose"] == "transactional"]
    assert [m["template"] for m in sent] == [
        *("order-confirmation", "shipped", "out-for-delivery", "delivered", "arrived-safely"),
    ]
    assert {m["to"] for m in sent} == {first["email"]}
    assert "#9999" in sent[0]["subject"] + sent[0]["text"]
    assert "None" not in sent[0]["text"]
