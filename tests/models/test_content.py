"""What templates are given is what they were promised."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.orders import Return
from doorstep.domain.shipments import ShipmentStatus
from doorstep.domain.touches import TouchRequest
from doorstep.errors import NotFound
from doorstep.models.addresses import address_hash
from doorstep.models.base import Database
from doorstep.models.codec_json import order_json
from doorstep.models.links import LinkPurpose, uncovered, verify
from doorstep.models.orders import OrderRow, ProductRow, ShipmentRow
from doorstep.models.people import PersonRow
from doorstep.models.store import SqlStore
from doorstep.models.stores import StoreRow
from doorstep.models.tables import table
from doorstep.templates.content import Content
from doorstep.templates.renderer import Renderer
from shop import NOON, ORDER, PERSON, SECRET, STATE, STORE, a_request, open_shop

RENDERER = Renderer()
REFUNDED = replace(STATE, refunds={"ref_1": (("l1", 1),)}, returns={"ret_1": Return(lines=(("l2", 1),))})


@pytest.fixture
def store(database: Database) -> SqlStore:
    open_shop(database)
    return SqlStore(database, secret=SECRET, base_url="https://shop.example/")


def content(store: SqlStore, request: TouchRequest | None = None) -> dict[str, Any]:
    return store.content(request or a_request(), Channel.EMAIL, NOON)


def change(database: Database, model: type, **values: object) -> None:
    with database.writing() as connection:
        connection.execute(update(table(model)).values(**values))


def test_every_promised_key_is_there(store: SqlStore) -> None:
    """The content has exactly the keys of its contract, at every level that may not leave any out."""
    found = content(store, a_request(offered=("cream",), items=("l1",)))
    assert set(found) == set(Content.__annotations__)
    for name, hint in (
        ("person", "PersonContent"),
        ("order", "OrderContent"),
        ("links", "LinksContent"),
        ("shipments", "ShipmentContent"),
        ("products", "ProductContent"),
        ("items", "LineContent"),
    ):
        from doorstep.templates import content as contract

        value = found[name]
        part = value[0] if isinstance(value, list) else value
        assert set(part) == set(getattr(contract, hint).__annotations__), name


def test_what_is_not_known_is_none_and_never_an_empty_text(store: SqlStore, database: Database) -> None:
    """Templates test for None only."""
    change(database, PersonRow, first_name="")
    found = content(store)
    assert found["person"] == {"first_name": None, "locale": "en-GB", "zone": "Europe/Berlin"}
    assert found["order"]["status_url"] is None
    assert found["shipments"][0]["carrier"] is None
    assert found["order"]["lines"][0]["image_url"] is None


def test_the_order_shows_what_is_still_wanted_of_it(store: SqlStore, database: Database) -> None:
    """Refunded pieces and returned lines leave the order's lines."""
    assert [(line["ref"], line["quantity"]) for line in content(store)["order"]["lines"]] == [
        ("l1", 2),
        ("l2", 1),
    ]
    change(database, OrderRow, state=order_json(REFUNDED))
    assert [(line["ref"], line["quantity"]) for line in content(store)["order"]["lines"]] == [("l1", 1)]


@pytest.mark.parametrize(
    ("occurrence", "items", "expected"),
    [
        ("refund:ref_1", ("l1",), [("l1", 1)]),
        ("return:ret_1:received", ("l2",), [("l2", 1)]),
        ("", ("serum", "l1"), [("l1", 1)]),
        ("", ("l2",), [("l2", 1)]),
        ("", ("l1", "l2"), [("l1", 1)]),
        ("", ("elsewhere",), []),
    ],
)
def test_items_say_how_many_pieces(
    store: SqlStore, database: Database, occurrence: str, items: tuple[str, ...], expected: Any
) -> None:
    """Of a refund or return what goes back, else what is kept, else what was bought; each line once, and
    none that went back beside one that was kept."""
    change(database, OrderRow, state=order_json(REFUNDED))
    found = content(store, a_request(occurrence=occurrence, items=items))["items"]
    assert [(line["ref"], line["quantity"]) for line in found] == expected


def test_the_occurrence_names_the_parcel(store: SqlStore, database: Database) -> None:
    """`shipment:<ref>:…` is that parcel; without a name it is the only one, of several none."""
    found = content(store, a_request(occurrence="shipment:shp_b:delivered"))
    assert [p["ref"] for p in found["shipments"]] == ["shp_a", "shp_b"]
    assert found["shipment"]["ref"] == "shp_b"
    assert [(line["ref"], line["title"]) for line in found["shipment"]["lines"]] == [("l2", "Towel")]
    assert content(store)["shipment"] is None
    with database.writing() as connection:
        parcels = table(ShipmentRow)
        connection.execute(
            update(parcels).where(parcels.c.ref == "shp_b").values(status=ShipmentStatus.CANCELLED.value)
        )
    assert content(store)["shipment"]["ref"] == "shp_a"


def test_only_what_can_be_bought_is_offered_in_the_order_asked(store: SqlStore, database: Database) -> None:
    """Unknown and sold-out products fall away; the rest keeps its order."""
    request = a_request(offered=("towel", "gone", "cream", "serum"))
    assert [p["ref"] for p in content(store, request)["products"]] == ["towel", "cream", "serum"]
    with database.writing() as connection:
        products = table(ProductRow)
        connection.execute(update(products).where(products.c.ref == "cream").values(in_stock=False))
    assert [p["ref"] for p in content(store, request)["products"]] == ["towel", "serum"]


def test_the_stores_brand_goes_over_its_name(store: SqlStore, database: Database) -> None:
    """What the row does not say is left out, so that the renderer's brand shows."""
    assert content(store)["store"] == {"name": "Ada's shop", "support_email": "help@shop.example"}
    change(database, StoreRow, brand={"name": "ADA", "primary": "#112233"})
    assert content(store)["store"] == {"name": "ADA", "primary": "#112233"}


def test_links_say_whose_they_are_and_nothing_personal(store: SqlStore) -> None:
    """Each link verifies for its own purpose and names person, order and channel by reference."""
    found = content(store)["links"]
    tokens = {name: url.removeprefix("https://shop.example/") for name, url in found.items()}
    assert {token.split("/")[0] for token in tokens.values()} == set(LinkPurpose)
    token, _, sealed = tokens["unsubscribe"].split("/")[1].partition("?a=")
    link = verify(SECRET, token, LinkPurpose.UNSUBSCRIBE)
    went_to = address_hash(SECRET, Channel.EMAIL, "ada@example.org")
    assert uncovered(SECRET, token, sealed) == went_to
    assert went_to not in found["unsubscribe"]
    assert (link.store_id, link.person_ref, link.order_ref, link.channel) == (STORE, PERSON, ORDER, "email")
    with pytest.raises(NotFound):
        verify(SECRET, tokens["tracking"].split("/")[1], LinkPurpose.UNSUBSCRIBE)


def test_an_order_that_is_not_there_is_said_so(store: SqlStore) -> None:
    """A touch about nothing is an error, not an empty mail."""
    with pytest.raises(NotFound):
        content(store, a_request(order_ref="ord_nowhere"))


@pytest.mark.parametrize("template", RENDERER.names())
def test_every_built_in_template_renders_from_the_tables(store: SqlStore, template: str) -> None:
    """The library asks for nothing that the store does not give."""
    context = {
        "offer": {"code": "BACK10", "percent": 10, "ends_at": NOON.isoformat()},
        "reward": {"points": 50},
        "refund": {"amount_minor": 2900, "currency": "EUR"},
        "review": {"rating": 2},
        "run_out": {"at": NOON.isoformat()},
        "pickup": {"place": None, "until": None},
        "return": {"url": None},
    }
    for channel in RENDERER.channels(template):
        for purpose in Purpose:
            request = a_request(
                template,
                purpose=purpose,
                occurrence="shipment:shp_a:x",
                offered=("cream",),
                items=("l1",),
                context=context,
            )
            rendered = RENDERER.render(template, channel, store.content(request, channel, NOON))
            assert rendered.text


@pytest.mark.parametrize("template", ["partial-refund", "refund-confirmation", "order-cancelled"])
@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
@pytest.mark.parametrize("amount", [0, -500, None], ids=["nothing", "less", "none"])
def test_a_refund_whose_sum_nobody_told_is_spoken_of_without_one(
    store: SqlStore, database: Database, template: str, locale: str, amount: int | None
) -> None:
    """What stands in the tables as 0 was never a sum of nothing: neither a mail, its preheader nor a text says so."""
    change(database, PersonRow, locale=locale)
    request = a_request(
        template, context={"refund": {"amount_minor": amount, "currency": "EUR", "lines": []}}
    )
    for channel in RENDERER.channels(template):
        rendered = RENDERER.render(template, channel, store.content(request, channel, NOON))
        for read in (rendered.text, rendered.html or "", rendered.subject or ""):
            assert "€" not in read


@pytest.mark.parametrize(
    ("currency", "told"),
    [("eur", "EUR"), ("", "EUR"), ("EUR", "EUR"), ("euros", None)],
)
def test_a_refund_that_was_stored_in_small_letters_is_in_that_currency(
    store: SqlStore, currency: str, told: str | None
) -> None:
    """What was stored stays as it is; the filter for money takes capitals. A sum in what is no currency is not told."""
    context = {"refund": {"amount_minor": 500, "currency": currency, "lines": []}}
    found = content(store, a_request("partial-refund", context=context))["context"]
    assert found == ({"refund": {"amount_minor": 500, "currency": told, "lines": []}} if told else {})
