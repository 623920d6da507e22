"""Tickets, points and advice over the tables."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, func, select, update
from temporalio.exceptions import ApplicationError

from doorstep.activities.caring import CaringActivities
from doorstep.contracts import AdviceRequest, PointsRequest, TicketRequest
from doorstep.domain.facts import Line
from doorstep.domain.orders import OrderState
from doorstep.domain.shipments import Shipment, ShipmentStatus
from doorstep.models.base import Database
from doorstep.models.care import PointsRow, TicketRow
from doorstep.models.codec_json import order_json
from doorstep.models.orders import OrderRow, ProductRow
from doorstep.models.points import balance_of
from doorstep.models.tables import table
from doorstep.ports import Ports
from shop import JOURNEY, NOON, ORDER, PERSON, STATE, STORE, add_order, add_person

WHO = {"journey_id": JOURNEY, "store_id": STORE, "order_ref": ORDER, "person_ref": PERSON}
EARN = PointsRequest(key="k1", points=80, reason="review", at=NOON, **WHO)
BACK = PointsRequest(key="r1", points=-80, reason="refund", at=NOON, reverses="k1", **WHO)
ADVICE = AdviceRequest(as_of=NOON + timedelta(days=30), **WHO)


@pytest.fixture
def caring(ports: Ports, database: Database) -> CaringActivities:
    return CaringActivities(database)


def count(database: Database, model: type) -> int:
    with database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(table(model))).scalar_one())


def order(database: Database, ref: str, person: str, product: str, at: datetime, pieces: int = 1) -> None:
    line = Line(ref="l", product_ref=product, quantity=pieces, current=pieces, category="Skincare")
    with database.write() as session:
        add_order(session, ref, f"jny_{ref}", person, OrderState(lines=(line,)), placed_at=at)


def people(database: Database, *refs: str) -> None:
    with database.write() as session:
        for ref in refs:
            add_person(session, ref)


# --- tickets and points ----------------------------------------------------------------------------


def test_a_ticket_is_opened_once(caring: CaringActivities, database: Database) -> None:
    """Asked for again, even at once, it is the same case."""
    request = TicketRequest(key="t1", reason="never-arrived", at=NOON, **WHO)
    with ThreadPoolExecutor(8) as threads:
        refs = set(threads.map(caring.open_ticket, [request] * 8))
    assert len(refs) == 1
    assert count(database, TicketRow) == 1


def test_points_move_once_per_key(caring: CaringActivities, database: Database) -> None:
    """A retry answers what moved the first time, whatever it asks for."""
    with ThreadPoolExecutor(8) as threads:
        moved = list(threads.map(caring.move_points, [EARN] * 8))
    assert moved == [80] * 8
    assert caring.move_points(replace(EARN, points=999)) == 80
    assert count(database, PointsRow) == 1


def test_a_reversal_never_takes_more_than_was_given(caring: CaringActivities, database: Database) -> None:
    """Two partial reversals and a full one together take back exactly the gift."""
    caring.move_points(EARN)
    asked = [replace(BACK, key=f"r{n}", points=-50) for n in range(3)]
    with ThreadPoolExecutor(3) as threads:
        moved = list(threads.map(caring.move_points, asked))
    assert sorted(moved) == [-50, -30, 0]
    with database.reading() as connection:
        assert balance_of(connection, PERSON, NOON).available == 0


def test_a_reversal_that_overtakes_its_gift_leaves_nothing_to_give(
    caring: CaringActivities, database: Database
) -> None:
    """A cancelled journey does not wait for a gift that is being given: what it takes back stays taken back."""
    assert caring.move_points(BACK) == 0
    assert [caring.move_points(EARN) for _ in range(2)] == [0, 0]
    assert caring.move_points(BACK) == 0
    assert caring.move_points(replace(EARN, key="k2")) == 80
    with database.reading() as connection:
        assert balance_of(connection, PERSON, NOON).available == 80


# --- advice ----------------------------------------------------------------------------------------


def test_what_fits_is_of_the_same_category_in_stock_and_new(
    caring: CaringActivities, database: Database
) -> None:
    """The order's serum and towel recommend the cream, until it is owned or sold out."""
    assert caring.recommend(ADVICE) == ("cream",)
    with database.writing() as connection:
        products = table(ProductRow)
        connection.execute(update(products).where(products.c.ref == "cream").values(in_stock=False))
    assert caring.recommend(ADVICE) == ()
    with database.writing() as connection:
        connection.execute(update(table(ProductRow)).values(in_stock=True))
    order(database, "ord_two", PERSON, "cream", NOON)
    assert caring.recommend(ADVICE) == ()


def test_what_most_persons_bought_comes_first(caring: CaringActivities, database: Database) -> None:
    """Popularity counts persons, not pieces; ties go by the reference."""
    people(database, "per_b", "per_c")
    with database.write() as session:
        for ref in ("balm", "mask"):
            session.add(
                ProductRow(
                    store_id=STORE, ref=ref, title=ref, category="skincare", price_minor=2900,
                    currency="EUR", updated_at=NOON,
                )
            )  # fmt: skip
    order(database, "ord_b", "per_b", "mask", NOON)
    order(database, "ord_c", "per_c", "mask", NOON)
    order(database, "ord_d", "per_c", "balm", NOON, pieces=50)
    assert caring.recommend(ADVICE) == ("mask", "balm", "cream")
    assert caring.recommend(replace(ADVICE, limit=1)) == ("mask",)


def test_who_sells_is_read_once_in_a_quarter_of_an_hour_and_what_is_there_each_time(
    caring: CaringActivities, database: Database
) -> None:
    """Counting goes through all orders of a category; a product sold out must not be offered a minute later."""

    def asked(after: timedelta) -> tuple[tuple[str, ...], int]:
        counted = 0

        def noted(_c: object, _u: object, statement: str, *_: object) -> None:
            nonlocal counted
            counted += "count(DISTINCT" in statement

        event.listen(database.engine, "before_cursor_execute", noted)
        try:
            return caring.recommend(replace(ADVICE, as_of=ADVICE.as_of + after)), counted
        finally:
            event.remove(database.engine, "before_cursor_execute", noted)

    def stock(there: bool) -> None:
        with database.writing() as connection:
            products = table(ProductRow)
            connection.execute(update(products).where(products.c.ref == "cream").values(in_stock=there))

    first = asked(timedelta())
    assert (first[0], first[1] > 0) == (("cream",), True)
    stock(False)
    assert asked(timedelta(minutes=1)) == ((), 0)
    stock(True)
    people(database, "per_b")
    with database.write() as session:
        session.add(
            ProductRow(
                store_id=STORE, ref="balm", title="balm", category="Skincare", price_minor=2900,
                currency="EUR", updated_at=NOON,
            )
        )  # fmt: skip
    order(database, "ord_b", "per_b", "balm", NOON)
    assert asked(timedelta(minutes=14)) == (("cream",), 0)
    assert asked(timedelta(minutes=16)) == (("balm", "cream"), first[1])
    assert asked(timedelta(minutes=-1)) == (("balm", "cream"), first[1]), (
        "nor is what comes later known before"
    )


def test_the_merchants_word_on_how_long_it_lasts_is_taken(
    caring: CaringActivities, database: Database
) -> None:
    """Two pieces of thirty days each, in use since delivery, last sixty days."""
    delivered = NOON + timedelta(days=4)
    arrived = Shipment(ref="shp_a", status=ShipmentStatus.DELIVERED, delivered_at=delivered)
    state = replace(STATE, shipments={"shp_a": arrived})
    with database.writing() as connection:
        connection.execute(update(table(OrderRow)).values(state=order_json(state)))
        products = table(ProductRow)
        connection.execute(update(products).where(products.c.ref == "serum").values(replenish_days=30))
    (found,) = caring.predict_run_out(ADVICE)
    assert (found.product_ref, found.at, found.basis) == (
        "serum",
        delivered + timedelta(days=60),
        "merchant",
    )


def test_how_soon_others_bought_again_is_the_prior(caring: CaringActivities, database: Database) -> None:
    """The mean interval per piece over persons, times the pieces bought; the future is not looked at."""
    people(database, "per_b", "per_c")
    then = NOON - timedelta(days=200)
    for person, days, pieces in (("per_b", 20, 1), ("per_c", 80, 2)):
        order(database, f"ord_{person}1", person, "serum", then, pieces=pieces)
        order(database, f"ord_{person}2", person, "serum", then + timedelta(days=days))
    order(database, "ord_future", "per_b", "serum", ADVICE.as_of + timedelta(days=1))
    (found,) = caring.predict_run_out(ADVICE)
    assert (found.product_ref, found.basis) == ("serum", "reorders:2")
    assert found.at == NOON + timedelta(days=(20 + 40) / 2 * 2)
    assert 0 < found.confidence < 0.5


def test_how_soon_others_bought_again_is_read_once_in_a_while(
    caring: CaringActivities, database: Database
) -> None:
    """It says the same for a quarter of an hour of those who ask, whatever was bought meanwhile: read anew for each new
    order, every order of the product would be gone through. Never what was not yet so."""
    people(database, "per_b", "per_c", "per_d")
    for person in ("per_b", "per_c"):
        for days in (200, 180):
            order(database, f"ord_{person}{days}", person, "serum", NOON - timedelta(days=days))
    assert [p.basis for p in caring.predict_run_out(ADVICE)] == ["reorders:2"]
    for days in (150, 140):
        order(database, f"ord_d{days}", "per_d", "serum", NOON - timedelta(days=days))

    def after(**passed: float) -> list[str]:
        asked = replace(ADVICE, as_of=ADVICE.as_of + timedelta(**passed))
        return [p.basis for p in caring.predict_run_out(asked)]

    assert after(minutes=14) == ["reorders:2"]
    assert after(minutes=15) == ["reorders:3"]
    assert after(days=-20) == ["reorders:3"]
    assert after(days=-30 - 145) == ["reorders:2"]


def test_what_was_bought_again_is_not_running_out(caring: CaringActivities, database: Database) -> None:
    """A later order of the same product has its own journey."""
    with database.writing() as connection:
        connection.execute(update(table(ProductRow)).values(replenish_days=30))
    assert {p.product_ref for p in caring.predict_run_out(ADVICE)} == {"serum", "towel"}
    order(database, "ord_two", PERSON, "serum", NOON + timedelta(days=1))
    assert {p.product_ref for p in caring.predict_run_out(ADVICE)} == {"towel"}


def test_nothing_is_predicted_of_what_is_not_bought_again(caring: CaringActivities) -> None:
    """No word and no reorders: no prediction."""
    assert caring.predict_run_out(ADVICE) == ()


def test_advice_about_an_order_that_is_not_there_is_final(caring: CaringActivities) -> None:
    """Asked about nothing, the activity ends."""
    for ask in (caring.recommend, caring.predict_run_out):
        with pytest.raises(ApplicationError) as caught:
            ask(replace(ADVICE, order_ref="ord_nowhere"))
        assert caught.value.non_retryable
