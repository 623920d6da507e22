"""Money that an event of the signed API tells: a refund is never lost for its sum, and never counts twice."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sources.bodies import read_signed, signed_event


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
