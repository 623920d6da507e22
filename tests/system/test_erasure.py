"""Who asks to be forgotten is: no table, no file and no history knows them any more, with the codec on and off."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from house import House
from privacy import found_in, histories, of_archive, of_database, of_files, of_statistics
from shopkeeper import IDA, STORE, Customer, Delivery, Order, shopify

from conftest import Houses
from doorstep.activities.forgetting import forget_shops
from doorstep.codec import draw_key
from doorstep.domain.ids import order_ref
from doorstep.domain.messages import Channel
from doorstep.maintenance.archiving import archive_some
from doorstep.models.addresses import address_hash
from doorstep.models.links import Link, LinkPurpose, url
from doorstep.models.migrate import upgrade
from doorstep.postgres_server import PostgresServer
from doorstep.privacy.scrub import scrub, scrub_if_due

pytestmark = pytest.mark.system
PRIVACY = Path(__file__).parents[2] / "docs" / "privacy.md"
ZEPH = Customer(
    id=907716551, first_name="Zephyrinella", last_name="Quastlemoorer", phone="+493023125099",
    street="Knisterpfad 8817", city="Wunderkessel", zip="QZ4 7XW",
)  # fmt: skip
FREE = ("Zephyrinella rang, whispers of a broken pot", "meant Zephyrinella Quastlemoorer, not her")
REVIEW = "The glaze crackled like Knisterpfad gravel"
TRACKING = "0034ZQ771X"
Places = dict[str, Any]
"""Where → what stands there, text or bytes."""
THEIRS = (*ZEPH.personal, str(ZEPH.id), TRACKING, REVIEW, *FREE)


def redact(customer: Customer, orders: list[int], n: int = 1) -> Delivery:
    """`customers/redact` in the shape of Shopify's own example."""
    body = {
        "shop_id": 954889,
        "shop_domain": "fern.myshopify.com",
        "customer": {"id": customer.id, "email": customer.email, "phone": customer.phone},
        "orders_to_redact": orders,
    }
    return shopify("customers/redact", f"redact-{n}", body)


async def through_everything(house: House) -> tuple[Order, Order]:
    """Both orders, one told twice and by two sources; a parcel with its link; an incident with its case; a rating with
    words; an agent's actions on their journey and on another's that names them; failures; something held."""
    order = Order(id=47901, customer=ZEPH, placed=house.now())
    other = Order(id=47902, customer=IDA, placed=house.now())
    await house.tell(order.placed_event(), order.created("orders/updated"), other.placed_event())
    await house.pass_time(seconds=3)
    parcel = shopify(
        "fulfillments/create",
        "f-47901",
        json.loads(order.fulfilled(house.now()).content)
        | {"tracking_number": TRACKING, "tracking_url": f"https://carrier.example/{TRACKING}"},
    )
    await house.tell(parcel, order.scanned("in_transit", house.now()))
    review = await _review_link(house, order)
    answer = await house.http.post(review, content=f"score=2&text={REVIEW}", headers=_FORM)
    assert answer.status_code == 200
    for journey, reason in ((order.journey, FREE[0]), (other.journey, FREE[1])):
        assert (await house.act(journey, "pause", reason=reason)).status_code == 200
        assert (await house.act(journey, "resume", reason=reason)).status_code == 200
    await house.tell(order.scan("exception", house.now(), substatus="address_problem"))
    await house.until(order.placed + timedelta(days=3))
    broken = {"type": "no.such_event", "person": {"email": ZEPH.email, "phone": ZEPH.phone}}
    wrong = {
        "events": [broken, {"type": "survey.answered", "order": "47901", "data": {"kind": ZEPH.first_name}}]
    }
    await house.post(Delivery(connection="fern-api", id="broken", content=json.dumps(wrong).encode()))
    await house.post(Order(id=47999, customer=ZEPH, placed=house.now()).scanned("delivered", house.now()))
    return order, other


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def _review_link(house: House, order: Order) -> str:
    """As a message would carry it; the first messages ask for no rating yet."""
    person = (await house.journey(order.journey))["person"]["ref"]
    link = Link(
        purpose=LinkPurpose.REVIEW,
        store_id=STORE,
        person_ref=person,
        order_ref=order_ref(STORE, str(order.id)),
    )
    return url("", house.settings.secret_key(), link)


async def everywhere(house: House, *more: Path) -> Places:
    """Tables, files and histories, the kept ones too. `more`: folders with files besides the installation's own."""
    workflows = [w.id async for w in house.client.list_workflows("")]
    assert len(workflows) >= 2
    return {
        **{f"table {name}": told for name, told in of_database(house.database).items()},
        **({} if house.database.is_sqlite else of_statistics(house.database)),
        **of_files(house.settings.data_dir.parent, *more),
        **await histories(house.client, workflows),
        **await of_archive(house.database, house.client.data_converter.payload_codec),
        "log": house.log.getvalue(),
    }


def some_of(places: Places, kind: str) -> Places:
    return {name: told for name, told in places.items() if name.startswith(kind)}


@pytest.mark.parametrize("sealed", [False, True], ids=["codec off", "codec on"])
async def test_after_an_erasure_nothing_anywhere_knows_the_person(
    houses: Houses, sealed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every column of every table, every file byte for byte, every history opened: only the keyed hash remains. The
    same search finds every word before; late news of their order, and a second request, bring nothing back."""
    if sealed:
        monkeypatch.setenv("DOORSTEP_CODEC_KEYS", draw_key(datetime.now(UTC).date()))
    house: House = await houses(customers=(ZEPH, IDA))
    order, other = await through_everything(house)
    knows_them(await everywhere(house))

    await erased(house, order)
    after = await everywhere(house)
    assert found_in(after, THEIRS) == []
    await only_they_are_gone(house, order, other, after)


async def test_after_an_erasure_no_table_of_postgresql_knows_them_and_no_file_once_it_is_written_anew(
    own_postgres: PostgresServer, houses: Houses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once: every column of every table, the planner's statistics, every history. The server's own files, down to
    its log of what is to be written, after the words that docs/privacy.md gives the operator."""
    monkeypatch.setenv("DOORSTEP_CODEC_KEYS", draw_key(datetime.now(UTC).date()))
    database_url = own_postgres.create("doorstep")
    upgrade(database_url)
    house: House = await houses(customers=(ZEPH, IDA), database_url=database_url)
    order, other = await through_everything(house)
    for statement in ("ANALYZE", "CHECKPOINT"):
        own_postgres.execute(statement, "doorstep")
    before = await everywhere(house, own_postgres.folder)
    knows_them(before)
    for kind in ("statistics", str(own_postgres.folder / "data" / "pg_wal")):
        assert found_in(some_of(before, kind), [ZEPH.email]), f"{kind}: the search proves nothing"

    await erased(house, order)
    after = await everywhere(house)
    assert found_in(after, THEIRS) == []
    for statement in told_to_operators():
        own_postgres.execute(statement, "doorstep")
    after = await everywhere(house, own_postgres.folder)
    assert found_in(after, THEIRS) == []
    await only_they_are_gone(house, order, other, after)


def told_to_operators() -> list[str]:
    """The statements that docs/privacy.md says rid PostgreSQL's files at once."""
    block = PRIVACY.read_text().partition("```sql\n")[2].partition("```")[0]
    lines = [line.partition("--")[0].strip().rstrip(";") for line in block.splitlines()]
    assert "CHECKPOINT" in lines
    return [line for line in lines if line]


def knows_them(before: Places) -> None:
    held = {hit.rpartition(": ")[2] for hit in found_in(some_of(before, "table "), THEIRS)}
    assert held == {word.lower() for word in THEIRS}, "no table holds it: the search proves nothing"
    assert found_in(some_of(before, "/"), [ZEPH.email])


async def erased(house: House, order: Order) -> None:
    """Asked for twice, with late news of their order between; the files are scrubbed, and closed histories kept."""
    assert await house.tell(redact(ZEPH, [order.id])) == ["accepted"]
    await house.tell(
        order.created("orders/updated", updated_at=(house.now() + timedelta(hours=1)).isoformat()),
        redact(ZEPH, [order.id], 2),
    )
    await house.pass_time(seconds=3)
    assert scrub_if_due(house.database, house.now())
    assert not scrub_if_due(house.database, house.now())
    later = house.now() + timedelta(minutes=10)
    kept = await archive_some(house.client, house.database, later, "", seconds=20)
    assert kept.counts == {"archived": 1}


async def only_they_are_gone(house: House, order: Order, other: Order, after: Places) -> None:
    secret = house.settings.secret_key()
    for channel, address in ((Channel.EMAIL, ZEPH.email), (Channel.SMS, ZEPH.phone)):
        assert address_hash(secret, channel, address) in after["table suppressions"]
    gone = await house.journey(order.journey)
    assert gone["status"] == "closed"
    assert f"kept history of {order.journey}" in after
    assert IDA.email in after["table identities"]  # the other person lost nothing
    assert (await house.journey(other.journey))["status"] == "open"
    trail = await house.get("/audit", action="person.")
    assert [line["action"] for line in trail["lines"]] == ["person.erased"]


async def test_a_later_order_of_an_erased_address_is_confirmed_and_not_advertised_to(house: House) -> None:
    """The new order's person is new: what they bought is confirmed; marketing waits for a new yes."""
    first = Order(id=47911, customer=IDA, placed=house.now())
    await house.tell(first.placed_event())
    await house.pass_time(seconds=3)
    person = (await house.journey(first.journey))["person"]["ref"]
    answer = await house.http.post("/persons/erase", json={"person": person})
    assert answer.json() == {"person": person, "erased": True}
    await house.pass_time(seconds=3)
    assert (await house.journey(first.journey))["status"] == "closed"

    again = Order(id=47912, customer=IDA, placed=house.now() + timedelta(minutes=1), consents=())
    await house.tell(again.placed_event())
    await house.pass_time(minutes=2)
    assert (await house.journey(again.journey))["person"]["ref"] != person
    assert "order-confirmation" in await house.sent(again.journey), await house.steps(again.journey)


async def test_a_shop_that_leaves_takes_everybody_along(house: House) -> None:
    """`shop/redact` erases, in rounds that may be cut off, all whom the connection told of, and its raw webhooks."""
    orders = [Order(id=47920 + n, customer=c, placed=house.now()) for n, c in enumerate((ZEPH, IDA))]
    await house.tell(*(order.created() for order in orders))
    await house.pass_time(seconds=3)
    await house.tell(shopify("shop/redact", "leaves", {"shop_id": 1, "shop_domain": "fern.myshopify.com"}))
    secret = house.settings.secret_key
    assert forget_shops(house.database, secret, house.now(), most=1) == 1
    (open_one,) = (await house.get("/privacy/requests"))["requests"][:1]
    assert (open_one["kind"], open_one["done_at"]) == ("shop", None)
    assert forget_shops(house.database, secret, house.now()) == 1
    assert forget_shops(house.database, secret, house.now()) == 0
    assert all(r["done_at"] for r in (await house.get("/privacy/requests"))["requests"])
    await house.pass_time(seconds=6)
    await house.gateway.deliver()
    await house.settled()
    scrub(house.database)
    words = [word for customer in (ZEPH, IDA) for word in (*customer.personal, str(customer.id))]
    assert found_in(await everywhere(house), words) == []


async def test_an_export_holds_everything_and_the_audit_log_says_who_took_it(house: House) -> None:
    """Every word of theirs that any table holds is in the export of them, and nobody else's; it answers the request
    that Shopify passed on."""
    order, _ = await through_everything(house)
    asked = {
        "shop_id": 1,
        "shop_domain": "fern.myshopify.com",
        "orders_requested": [order.id],
        "customer": {"id": ZEPH.id, "email": ZEPH.email},
        "data_request": {"id": 9},
    }
    assert await house.tell(shopify("customers/data_request", "asks", asked)) == ["accepted"]
    (request,) = (await house.get("/privacy/requests"))["requests"]
    assert (request["kind"], request["done_at"], request["overdue"]) == ("access", None, False)

    answer = await house.http.post("/persons/export", json={"email": ZEPH.email, "reason": "asked by mail"})
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    flat = json.dumps(told, ensure_ascii=False).lower()
    for word in (*ZEPH.personal, str(ZEPH.id), TRACKING, FREE[0]):
        assert word.lower() in flat, word
    assert re.search("glaze.crackled", flat)
    assert not [word for word in IDA.personal if word.lower() in flat]
    assert told["holdings"]["outbox_messages"][0]["html"]
    assert (await house.get("/privacy/requests"))["requests"][0]["done_by"].startswith("key:")
    (line,) = (await house.get("/audit", action="person.exported"))["lines"]
    assert (line["reason"], line["subject"]) == ("asked by mail", told["person"])
