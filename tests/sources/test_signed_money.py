"""Money that an event of the signed API tells: a refund is never lost for its sum, and never counts twice."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sources.bodies import SIGNED_ORDER, read_signed, signed_event


def refund(data: dict[str, Any], **more: Any) -> dict[str, Any]:
    return signed_event("order.refunded", order="5900", data=data, **more)


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"amount_minor": -5}, ":2026-03-02T11:00:00Z:qh2wpddg53"),
        ({"amount_minor": 10**15, "currency": "EUR"}, ":2026-03-02T11:00:00Z:mlqeouxhqe"),
        ({"currency": "euros"}, ":2026-03-02T11:00:00Z:3wx2wdyrge"),
        ({"amount_minor": 500, "currency": "eur"}, ":2026-03-02T11:00:00Z:7v3ctdc4p2"),
        ({"amount_minor": -5, "lines": [["1", -2]]}, ":2026-03-02T11:00:00Z:oupupgzyrk"),
    ],
)
def test_a_refund_without_an_id_is_the_fact_that_release_ac7005f_made_of_it(
    data: dict[str, Any], key: str
) -> None:
    """The keys as that release computed them: sent again after an upgrade, it is confirmed once."""
    told = refund(data)
    del told["id"]
    assert [e.fact_key for e in read_signed(told).events] == [f"order.refunded:5900:{key}"]


def test_a_refund_with_a_name_is_that_fact_whatever_is_made_of_its_lines() -> None:
    told = read_signed(refund({"amount_minor": -5, "lines": [["1", -2]]}, subject="55"))
    assert [e.fact_key for e in told.events] == ["order.refunded:5900:55:fomsliyvje"]


def test_a_refunds_currency_is_taken_in_capitals_as_an_orders_is() -> None:
    told = read_signed(refund({"amount_minor": 500, "currency": "eur"}))
    assert (told.problems, told.events[0].data) == ((), {"amount_minor": 500, "currency": "EUR"})


AMOUNT = "event.data.amount_minor: no amount in minor units; left out."
CURRENCY = "event.data.currency: no currency; left out."


@pytest.mark.parametrize(
    ("data", "noted"),
    [
        ({"amount_minor": "5000"}, [AMOUNT]),
        ({"amount_minor": "about fifty, ask ada@example.com"}, [AMOUNT]),
        ({"amount_minor": 12.5}, [AMOUNT]),
        ({"amount_minor": -5.5}, [AMOUNT]),
        ({"amount_minor": True}, [AMOUNT]),
        ({"amount_minor": False}, [AMOUNT]),
        ({"amount_minor": [500]}, [AMOUNT]),
        ({"amount_minor": {"value": 500}}, [AMOUNT]),
        ({"amount_minor": 10**15}, ["event.data.amount_minor: out of range; left out."]),
        ({"amount_minor": 10**30}, ["event.data.amount_minor: out of range; left out."]),
        ({"amount_minor": 1e300}, ["event.data.amount_minor: out of range; left out."]),
        ({"amount_minor": -1e300}, [AMOUNT]),
        ({"amount_minor": None}, []),
        ({"currency": 5}, [CURRENCY]),
        ({"currency": ["EUR"]}, [CURRENCY]),
        ({"currency": {"code": "EUR"}}, [CURRENCY]),
        ({"currency": "€"}, [CURRENCY]),
        ({"currency": False}, [CURRENCY]),
        ({"currency": None}, []),
        ({"amount_minor": None, "currency": None}, []),
        ({"amount_minor": "5000", "currency": 5}, [AMOUNT, CURRENCY]),
    ],
)
def test_a_refund_is_never_lost_for_its_sum(data: dict[str, Any], noted: list[str]) -> None:
    """Whatever stands there; null says that nothing was told, and is nothing to be noted."""
    told = read_signed(refund({"lines": [["1", 1]], **data}, subject="55"))
    assert [(e.type, e.data) for e in told.events] == [("order.refunded", {"lines": [["1", 1]]})]
    assert sorted(told.problems) == sorted(noted)


@pytest.mark.parametrize(("amount", "read"), [(1299.0, 1299), (0, 0), (10**14, 10**14)])
def test_a_whole_number_is_an_amount_however_it_is_written(amount: float, read: int) -> None:
    told = read_signed(refund({"amount_minor": amount, "currency": ""}))
    assert (told.problems, told.events[0].data) == ((), {"amount_minor": read, "currency": ""})


@pytest.mark.parametrize("total", ["5000", 12.5, True, None])
def test_an_order_is_never_lost_for_its_sum(total: Any) -> None:
    told = read_signed(
        {**SIGNED_ORDER, "data": {**SIGNED_ORDER["data"], "total_minor": total}},
    )
    assert told.events[0].data["total_minor"] == 0
    noted = "event.data.total_minor: no amount in minor units; left out."
    assert told.problems == (() if total is None else (noted,))


@pytest.mark.parametrize(
    "type_", ["order.refunded", "return.requested", "return.approved", "return.received"]
)
def test_pieces_that_go_back_are_pieces_whatever_their_sign(type_: str) -> None:
    """Many systems send a refund's quantities as less than none. Where none are named, that is noted."""
    told = read_signed(
        signed_event(type_, subject="55", data={"lines": [["1", -2], ["2", 1], ["3", 0], ["4", -1]]})
    )
    assert [e.data for e in told.events] == [{"lines": [["1", 2], ["2", 1], ["4", 1]]}]
    assert told.problems == ("event.data.lines[2]: no pieces; left out.",)


def test_a_refund_of_no_pieces_is_one_of_money_alone() -> None:
    told = read_signed(refund({"amount_minor": 500, "lines": [["1", 0]]}, subject="55"))
    assert [e.data for e in told.events] == [{"amount_minor": 500, "lines": []}]


@pytest.mark.parametrize("type_", ["order.refunded", "return.received"])
def test_lines_that_are_null_were_not_told(type_: str) -> None:
    """A payment provider knows the sum alone; its news is not lost for what it does not know."""
    told = read_signed(signed_event(type_, subject="55", data={"lines": None}))
    assert [(e.data, told.problems) for e in told.events] == [({}, ())]


@pytest.mark.parametrize("lines", [[["1", True]], [[1, 0], ["2", 1]], [["1", 1.5]], ["1"], [["1", "1"]]])
def test_lines_that_are_none_are_told_as_before(lines: list[Any]) -> None:
    told = read_signed(refund({"lines": lines}, subject="55"))
    assert told.events == ()
    assert "data.lines cannot be read" in told.problems[0]


VOUCHER = {"id": "v", "product": "7003", "title": "Voucher", "quantity": 1, "price_minor": -500}


@pytest.mark.parametrize("type_", ["order.placed", "order.updated"])
def test_a_line_that_takes_something_off_has_a_price_below_nothing(type_: str) -> None:
    """A voucher is life: it is nothing to be mended, and sums over lines are right with it. The catalogue learns no
    price from it."""
    told = read_signed({**SIGNED_ORDER, "type": type_, "data": {**SIGNED_ORDER["data"], "lines": [VOUCHER]}})
    assert told.problems == ()
    assert [(line.ref, line.price_minor) for line in told.orders[0].lines] == [("v", -500)]
    assert [line["price_minor"] for line in told.events[0].data["lines"]] == [-500]
    assert [(p.ref, p.price_minor) for p in told.products] == [("7003", None)]


@pytest.mark.parametrize("price", ["5", 12.5, True, -(10**15), 10**15])
def test_a_lines_price_that_is_no_number_is_noted_and_the_line_counts(price: Any) -> None:
    lines = [{**VOUCHER, "price_minor": price}]
    told = read_signed({**SIGNED_ORDER, "data": {**SIGNED_ORDER["data"], "lines": lines}})
    assert told.problems == ("event.data.lines[0].price_minor: no amount in minor units; left out.",)
    assert [(line.ref, line.price_minor) for line in told.orders[0].lines] == [("v", 0)]


def test_a_products_own_price_is_never_below_nothing() -> None:
    told = read_signed({"type": "product.updated", "subject": "p", "data": {"price_minor": -5}})
    assert told.problems == ("event.data.price_minor: no amount in minor units; left out.",)
    assert told.products[0].price_minor is None


@pytest.mark.parametrize("code", ["US$", "euros", 5, "€"])
def test_a_sum_in_what_is_no_currency_is_not_told_in_the_orders(code: Any) -> None:
    """Fifty dollars are not fifty euros; the refund counts, and its confirmation names no sum."""
    told = read_signed(refund({"amount_minor": 5000, "currency": code, "lines": [["1", 1]]}, subject="55"))
    assert [e.data for e in told.events] == [{"lines": [["1", 1]]}]
    assert set(told.problems) == {CURRENCY, "event.data.amount_minor: in no currency; left out."}
