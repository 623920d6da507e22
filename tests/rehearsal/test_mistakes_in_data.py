"""A mistake in what an event carries is refused with its line and what would be right."""

from __future__ import annotations

import pytest
from tests.rehearsal.mistakes import AT, HEAD, check

MISTAKES = {
    "rating in data": (
        AT + "    event: review.submitted\n    data: {rating: 9}\n",
        5,
        "between 1 and 5",
    ),
    "missing data": (AT + "    event: review.submitted\n", 4, "data.rating is missing"),
    "wrong data": (
        AT + "    event: order.refunded\n    data: {amount_minor: much}\n",
        5,
        "amount_minor",
    ),
    "no moment in data": (
        AT + "    event: shipment.in_transit\n    data:\n      substatus: delayed\n      expected_at: foo\n",
        7,
        "'shipment.in_transit': data.expected_at cannot be read. Send a moment with its zone, such as "
        "2026-11-28T08:00:00+01:00, or nothing. A scenario's own moments will do as well: 'day 5 18:00', '+30h'.",
    ),
    "a moment without its zone": (
        AT + "    event: shipment.in_transit\n    data: {expect_next_by: 2026-11-28T08:00:00}\n",
        5,
        "Send a moment with its zone",
    ),
    "a moment of long ago": (
        AT + "    event: shipment.in_transit\n    data: {expected_at: 1026-11-28T08:00:00+01:00}\n",
        5,
        "data.expected_at is no instant of this century",
    ),
    "a rating in words": (
        AT + "    event: review.submitted\n    data:\n      text: Fine.\n      rating: good\n",
        7,
        "data.rating cannot be read. Send a whole number, such as 5.",
    ),
    "lines that are words": (
        AT + "    event: return.requested\n    data: {lines: [fern]}\n",
        5,
        'Send a list of lists, each of a text and a whole number, such as [["fern", 1]].',
    ),
    "products that are one": (
        AT + "    event: cart.updated\n    data: {products: fern}\n",
        5,
        'Send a list of texts, such as ["fern", "leaf-food"].',
    ),
    "a gift that is one": (
        AT + "    event: order.placed\n    data: {gift: perhaps}\n",
        5,
        "data.gift cannot be read. Send true or false.",
    ),
    "a reason in a sentence": (
        AT + "    event: order.cancelled\n    data: {reason: too late for us}\n",
        5,
        "data.reason is free text, which does not travel. Send one word of letters",
    ),
    "misspelt data": (
        AT + "    event: review.submitted\n    data:\n      raring:\n        4\n",
        6,
        "'review.submitted' carries no 'raring' that anybody reads. Did you mean 'rating'? There are: rating, text.",
    ),
    "misspelt beside what is right": (
        AT + "    event: order.refunded\n    data: {amount_minor: 5, curency: EUR}\n",
        5,
        "Did you mean 'currency'?",
    ),
    "misspelt of a parcel": (
        AT + "    event: shipment.in_transit\n    data: {expct_next_by: day 9}\n",
        5,
        "Did you mean 'expect_next_by'?",
    ),
    "data of what carries none": (
        AT + "    event: customer.erased\n    data: {reason: a}\n",
        5,
        "There are: text.",
    ),
    "data that is a list": (AT + "    event: order.cancelled\n    data: [a]\n", 5, "'data' is no mapping"),
    "data that is nothing": (AT + "    event: order.cancelled\n    data:\n", 5, "'data' is no mapping"),
    "more pieces back than were bought": (
        AT
        + "    event: order.refunded\n    data:\n      amount_minor: 5\n      lines: [[fern, 1], [leaf-food, 3]]\n",
        7,
        "The order has 1 of 'leaf-food', and 3 cannot go back. Write [leaf-food, 1].",
    ),
    "pieces back in two parts": (
        AT
        + "    event: return.requested\n    data:\n      lines:\n        - [fern, 1]\n        - [fern, 1]\n",
        8,
        "The order has 1 of 'fern', and 2 cannot go back.",
    ),
    "less than no pieces back": (
        AT + "    event: order.refunded\n    data:\n      amount_minor: 5\n      lines: [[fern, -1]]\n",
        7,
        "-1 pieces of 'fern' are none. Write [fern, 1].",
    ),
    "no pieces back": (
        AT
        + "    event: return.received\n    data:\n      lines:\n        - [leaf-food, 1]\n        - [fern, 0]\n",
        8,
        "0 pieces of 'fern' are none. Write [fern, 1].",
    ),
    "less than no money": (
        AT + "    event: order.refunded\n    data:\n      currency: EUR\n      amount_minor: -5\n",
        7,
        "data.amount_minor is no amount in minor units. Send a whole number from 0",
    ),
    "currency of a refund": (
        AT + "    event: order.refunded\n    data: {currency: euros}\n",
        5,
        "data.currency is no currency. Send three letters (ISO 4217), such as EUR.",
    ),
    "currency that no state has": (
        AT + "    event: order.refunded\n    data: {currency: QQQ}\n",
        5,
        "'QQQ' is no currency",
    ),
    "less than no piece": (
        AT + "    event: order.updated\n    data: {lines: [{id: fern, quantity: -1}]}\n",
        5,
        "data.lines[0].quantity cannot be read. Give a whole number from 0 to 1000000.",
    ),
    "a line without its id": (
        AT + "    event: order.updated\n    data: {lines: [{quantity: 1}]}\n",
        5,
        "data.lines[0].id is missing. Add an id: up to 128 letters",
    ),
    "a parcel's page": (
        AT
        + "    event: shipment.created\n    data:\n      tracking_company: UPS\n      tracking_url: nowhere\n",
        7,
        "data.tracking_url cannot be read. Give an address on the web",
    ),
    "when a new parcel comes": (
        AT + "    event: shipment.created\n    data: {expected_at: soon}\n",
        5,
        "data.expected_at cannot be read. Give a moment with its zone",
    ),
    "channel of a consent": (
        AT
        + "    event: order.placed\n    data:\n      currency: EUR\n      lines: [{id: fern, quantity: 1}]\n"
        "      consents:\n        - {channel: emial, granted: yes}\n",
        9,
        "data.consents[0].channel cannot be read. Did you mean 'email'? Give one of email, sms, push.",
    ),
    "currency of an order": (
        AT + "    event: order.placed\n    data: {currency: euros, lines: [{id: fern, quantity: 1}]}\n",
        5,
        "data.currency is no currency",
    ),
    "far in data": (
        AT + "    event: shipment.in_transit\n    data: {expect_next_by: +100000000d}\n",
        5,
        "At most 3650 days",
    ),
    "hexadecimal": (AT + "    event: order.refunded\n    data: {amount_minor: 0x1F}\n", 5, "no number"),
    "a great number": (
        AT + f"    event: order.refunded\n    data: {{amount_minor: {'9' * 30}}}\n",
        5,
        "out of range",
    ),
    "line": (
        HEAD + "  - at: day 9 10:00\n    event: order.refunded\n    data: {lines: [[monstera, 1]]}\n",
        5,
        "no line 'monstera'",
    ),
    "subject of a refund": (
        AT + "    event: order.refunded\n    data: {amount_minor: 5}\n    subject: ü\n",
        6,
        "'subject': 'ü' is no id. Write 'subject: u'",
    ),
    "parcel of a review": (
        AT + "    event: review.submitted\n    data: {rating: 4}\n    parcel: a\n",
        6,
        "'review.submitted' is about no parcel. Leave 'parcel' out.",
    ),
    "fewer than none": (
        AT + "    event: order.refunded\n    data: {lines: [[fern, -1]]}\n",
        5,
        "-1 pieces of 'fern' are none. Write [fern, 1].",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_it_is_told_with_its_line_and_what_would_be_right(name: str) -> None:
    check(MISTAKES[name])
