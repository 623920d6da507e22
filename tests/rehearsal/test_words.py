"""A timeline says in plain words what its events said: sums by their currency, names that the author gave, and what a
store's own event declares."""

from __future__ import annotations

import json

import pytest

from doorstep import Event, event
from doorstep.rehearsal.page import page as html
from doorstep.rehearsal.reading import read
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.terminal import page
from doorstep.rehearsal.timeline import Timeline


@event("kettle.descaled")
class KettleDescaled(Event):
    """The store's own."""

    months: int = 0
    by: tuple[str, ...] = ()


def played(*entries: str, shop: str = "{}") -> Timeline:
    told = "".join(f"  - {{{entry}}}\n" for entry in entries)
    return rehearse("standard", read(f"scenario: it\nshop: {shop}\ntimeline:\n{told}"), render=False)


def said(entry: str, shop: str = "{}") -> str:
    """Its line in a terminal, from the mark on."""
    told = [line[29:] for line in page(played(entry, shop=shop)) if line[29:].startswith("· ")]
    [line] = [line for line in told if not line.startswith("· order.placed")]
    return line


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("data: {lines: [[fern, 1]], amount_minor: 2490}", "24.90 EUR for 1×fern"),
        ("subject: r9, data: {amount_minor: 500, currency: eur}", "r9: 5.00 EUR"),
        ("data: {lines: [[fern, 1], [leaf-food, 1]]}", "1×fern, 1×leaf-food"),
        ("data: {amount_minor: 4950000}", "49,500.00 EUR; the order came to 34.80 EUR"),
        ("data: {amount_minor: 3480}", "34.80 EUR"),
        ("data: {amount_minor: 500, currency: USD}", "5.00 USD; the order is in EUR"),
        ("order: first, heard: day 4 13:00, data: {amount_minor: 500}", "5.00 EUR, of day 4 12:00"),
    ],
)
def test_a_refund_is_told_by_its_sum_and_what_is_odd_about_it_is_said(entry: str, words: str) -> None:
    assert said(f"at: day 4, event: order.refunded, {entry}") == f"· order.refunded  {words}"


def test_a_currency_without_cents_has_none() -> None:
    refund = "at: day 4, event: order.refunded, data: {amount_minor: 1500}"
    assert said(refund, shop="{currency: JPY}") == "· order.refunded  1,500 JPY"


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("event: shipment.delivered", "· shipment.delivered"),
        ("event: shipment.delivered, parcel: a", "· shipment.delivered  parcel a"),
        ("event: shipment.in_transit, data: {substatus: delayed}", "· shipment.in_transit  delayed"),
        ("customer: complains", "· complaint.opened"),
        ("customer: rates 2", "· review.submitted  rating 2"),
        ("customer: asks to return fern", "· return.requested  1×fern"),
        ("customer: browses pot", "· product.browsed  pot"),
        ("customer: fills the cart with pot fern", "· cart.updated  pot, fern"),
        ("customer: unsubscribes", "· consent.withdrawn  email"),
        ("event: kettle.descaled, data: {months: 24, by: [us]}", "· kettle.descaled  months 24, by us"),
        ("report: delivered", "· provider delivered  email"),
        ("report: bounced", "· provider bounced  email"),
        ("report: opened", "· customer opened  email"),
        ("report: reported spam", "· customer reported spam  email"),
    ],
)
def test_an_event_is_told_by_what_its_author_wrote(entry: str, line: str) -> None:
    assert said(f"at: day 4, {entry}") == line


def test_what_a_stores_own_event_declares_stands_in_its_json_and_in_its_page() -> None:
    timeline = played("at: day 4, event: kettle.descaled, data: {months: 24}")
    [told] = [
        e for e in json.loads(json.dumps(timeline.as_json()))["events"] if e["what"] == "kettle.descaled"
    ]
    assert told["data"] == {"months": 24}
    assert "kettle.descaled — months 24" in html([timeline])
