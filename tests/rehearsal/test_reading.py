"""Whatever is wrong in a scenario's file is told with its line and the nearest right name."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from doorstep.domain import events
from doorstep.domain.messages import Channel
from doorstep.errors import ScenarioError
from doorstep.rehearsal import moments, shelf
from doorstep.rehearsal.moments import After, Moment, Placed
from doorstep.rehearsal.reading import read
from doorstep.rehearsal.scenario import Failing, Fault, Ordered, Report, Reported, Scenario, Told
from doorstep.rehearsal.writing import write

HEAD = "scenario: it\ntimeline:\n"
AT = HEAD + "  - at: day 1 10:00\n"

LAUGHS = "".join(f"      a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
CHAIN = "".join(f"      a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 5000))

MISTAKES = {
    "deep lists": (
        f"scenario: it\nabout:\n  {'[' * 5000}{']' * 5000}\n",
        3,
        "more than 40 lists or mappings",
    ),
    "deep mappings": (
        "scenario: it\nabout:\n" + "".join(" " * n + " a:\n" for n in range(300)),
        41,
        "more than 40 lists or mappings",
    ),
    "a billion laughs": (
        AT + f"    event: order.refunded\n    data:\n      a0: &a0 [x]\n{LAUGHS}",
        11,
        "211,111 parts are too many, each alias counted as what it stands for. At most 100,000.",
    ),
    "a chain of aliases": (
        AT + f"    event: order.refunded\n    data:\n      a0: &a0 [x]\n{CHAIN}",
        40,
        "more than 40 lists or mappings",
    ),
    "an alias of itself": (
        AT + "    event: order.refunded\n    data: &a {lines: *a}\n",
        5,
        "an alias stands within what it is the alias of",
    ),
    "nothing": ("", 1, "empty"),
    "no yaml": ("about: it\nscenario: [\n", 3, "no YAML"),
    "no character": ("scenario: it\n# one\nabout: a\x07b\n", 3, "U+0007"),
    "a list": ("- a\n", 1, "no mapping"),
    "no name": ("about: it\n", 1, "'scenario' is missing"),
    "top key": ("scenario: it\ntimelime: []\n", 2, "'timeline'"),
    "twice": ("scenario: it\nabout: a\nabout: b\n", 3, "stands twice"),
    "event": (AT + "    event: shipment.delivred\n", 4, "'shipment.delivered'"),
    "derived": (AT + "    event: order.delivered\n", 4, "follows from other events"),
    "moment": (HEAD + "  - at: tomorrow\n    event: shipment.created\n", 3, "no moment"),
    "hour": (HEAD + "  - at: day 1 25:00\n    event: shipment.created\n", 3, "no time 25:00"),
    "key": (AT + "    event: shipment.created\n    parzel: a\n", 5, "'parcel'"),
    "two kinds": (AT + "    event: order.cancelled\n    agent: pause\n", 3, "exactly one"),
    "no kind": (AT + "", 3, "exactly one"),
    "misspelt kind": (AT + "    parcel: a\n    evnt: shipment.created\n", 5, "Did you mean 'event'?"),
    "no time": (HEAD + "  - event: order.cancelled\n", 3, "'at' is missing"),
    "act": (AT + "    customer: unsubscribs\n", 4, "'unsubscribes'"),
    "rating": (AT + "    customer: rates 9\n", 4, "1 to 5"),
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
    "key of an order's line": (
        AT + "    event: order.updated\n    data:\n      lines:\n        - {id: fern, quantity: 1}\n"
        "        - id: pot\n          quantity: 1\n          currnt: 0\n",
        10,
        "data.lines[1] carries no 'currnt' that anybody reads. Did you mean 'current'? There are: id,",
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
    "channel": (AT + "    provider: emial\n    lasts: 1h\n", 4, "'email'"),
    "no provider": (
        AT + "    provider: push\n    calls: 1\n",
        4,
        "'provider': there is no 'push'. There are: email, sms.",
    ),
    "fault": (AT + "    provider: sms\n    fault: dwn\n    lasts: 1h\n", 5, "'down'"),
    "endless": (AT + "    provider: sms\n", 4, "for how long"),
    "span": (AT + "    provider: sms\n    lasts: long\n", 5, "no length of time"),
    "far": (HEAD + "  - at: +100000000d\n    event: order.cancelled\n", 3, "At most 3650 days"),
    "many digits": (HEAD + f"  - at: +{'9' * 5000}s\n    event: order.cancelled\n", 3, "At most 3650 days"),
    "far after": (HEAD + "  - at: 4000d after shipped\n    event: order.cancelled\n", 3, "At most 3650 days"),
    "far day": (HEAD + "  - at: day 9999 10:00\n    event: order.cancelled\n", 3, "At most 3650 days"),
    "far in data": (
        AT + "    event: shipment.in_transit\n    data: {expect_next_by: +100000000d}\n",
        5,
        "At most 3650 days",
    ),
    "endless fault": (AT + "    provider: sms\n    lasts: 99999999999d\n", 5, "At most 3650 days"),
    "far year": ("scenario: it\nplaced: 9999-12-31 10:15\n", 2, "a year from 2000 to 2099"),
    "a year that no event is read of": (
        "scenario: it\nplaced: 1995-06-01 10:15\n",
        2,
        "a year from 2000 to 2099",
    ),
    "the year after": ("scenario: it\nplaced: 2100-01-01 10:15\n", 2, "a year from 2000 to 2099"),
    "a year that has not begun at Greenwich": (
        "scenario: it\nplaced: 2000-01-01 00:30\n",
        2,
        "That would be on 1999-12-31, and no event is read that is so far away. Let everything happen from 2000",
    ),
    "an entry of the year after": (
        "scenario: it\nplaced: 2099-12-01 10:15\ntimeline:\n"
        "  - event: order.cancelled\n    at: day 3\n  - event: order.cancelled\n    at: day 60\n",
        7,
        "That would be on 2100-01-30",
    ),
    "heard of in the year after": (
        "scenario: it\nplaced: 2099-12-01 10:15\ntimeline:\n"
        "  - event: order.cancelled\n    at: day 3\n    heard: +60d\n",
        6,
        "That would be on 2100-01-30",
    ),
    "an import of the year after": (
        "scenario: it\nplaced: 2099-12-01 10:15\nheard: +60d\n",
        3,
        "That would be on 2100-01-30",
    ),
    "pieces": ("scenario: it\norder:\n  lines: [1000000000000000000000 fern]\n", 3, "from 1 to 10000"),
    "no piece": ("scenario: it\norder:\n  lines: [0 fern]\n", 3, "from 1 to 10000"),
    "superscript": ("scenario: it\norder:\n  lines: [² fern]\n", 3, "no line"),
    "times too many": (AT + f"    event: order.cancelled\n    times: {'9' * 5000}\n", 5, "1 to 20"),
    "hexadecimal": (AT + "    event: order.refunded\n    data: {amount_minor: 0x1F}\n", 5, "no number"),
    "a great number": (
        AT + f"    event: order.refunded\n    data: {{amount_minor: {'9' * 30}}}\n",
        5,
        "out of range",
    ),
    "action": (AT + "    agent: resum\n", 4, "'resume'"),
    "skip what": (AT + "    agent: skip\n", 4, "'skip' needs a step"),
    "send what": (AT + "    agent: send_now\n    step: ''\n", 4, "'send_now' needs a step"),
    "catch up": (AT + "    agent: resume\n    catch_up: shft\n", 5, "'shift'"),
    "order": (AT + "    event: order.cancelled\n    order: secnd\n", 5, "no order 'secnd'"),
    "product": ("scenario: it\norder:\n  lines: [ferm]\n", 3, "'fern'"),
    "line": (
        HEAD + "  - at: day 9 10:00\n    event: order.refunded\n    data: {lines: [[monstera, 1]]}\n",
        5,
        "no line 'monstera'",
    ),
    "zone": ("scenario: it\nperson: {zone: Europe/Berlim}\n", 2, "no time zone"),
    "shop's zone": ("scenario: it\nshop: {zone: Europe/Berln}\n", 2, "Did you mean 'Europe/Berlin'?"),
    "no zone at all": ("scenario: it\nshop: {zone: Foo}\n", 2, "'Foo' is no time zone. Give an IANA name"),
    "nearest zone": ("scenario: it\nperson: {zone: Berlin}\n", 2, "Did you mean 'Europe/Berlin'?"),
    "country by name": ("scenario: it\nperson:\n  country: Germany\n", 3, "Did you mean 'DE'? Give its two"),
    "country misspelt": ("scenario: it\nshop: {country: germny}\n", 2, "Did you mean 'DE'?"),
    "three letters": ("scenario: it\norder: {country: USA}\n", 2, "Did you mean 'US'?"),
    "country again": (AT + "    customer: orders\n    country: Narnia\n", 5, "'Narnia' is no country."),
    "locale": ("scenario: it\nperson: {locale: xx-klingon}\n", 2, "'xx-klingon' is no locale."),
    "shop's locale": ("scenario: it\nshop: {locale: de-DX}\n", 2, "Did you mean 'de-DE'?"),
    "language": ("scenario: it\nperson: {langauge: de}\n", 2, "There are:"),
    "policy": ("scenario: it\nshop:\n  policy: {capz: []}\n", 3, "'caps'"),
    "currency": ("scenario: it\nshop:\n  currency: euros\n", 3, "Did you mean 'EUR'?"),
    "a small currency": ("scenario: it\nshop: {currency: eur}\n", 2, "three capital letters"),
    "no currency": ("scenario: it\nshop: {currency: QQQ}\n", 2, "'QQQ' is no currency"),
    "placed": ("scenario: it\nplaced: noon\n", 2, "order is placed"),
    "no change": (
        "scenario: it\nplaced: 10:00, 2 days before a clock change\nperson: {zone: UTC}\n",
        2,
        "never changes",
    ),
    "heard after a touch": (
        AT + "    event: order.cancelled\n    heard: after delivered\n",
        5,
        "cannot follow a touch",
    ),
    "heard before it is placed": ("scenario: it\nabout: it\nheard: day -2 10:00\n", 3, "before it is placed"),
    "times": (AT + "    event: order.cancelled\n    times: 0\n", 5, "1 to 20"),
    "name of an order": (
        AT + "    customer: orders a@b c\n",
        4,
        "The order's name 'a@b c' is no id. Write 'customer: orders a-b-c': at most 115 letters, digits and ._:/#=-",
    ),
    "no name of a parcel": (
        AT + "    event: shipment.created\n    parcel:\n",
        5,
        "'parcel' names nothing. Name one, or leave 'parcel' out.",
    ),
    "no step of a report": (AT + "    report: opened\n    step: ''\n", 5, "'step' names nothing."),
    "a tab": (AT + "\tevent: order.cancelled\n", 4, "Indent with blanks, not with tabs."),
    "two documents": ("scenario: it\n---\nscenario: b\n", 2, "Give each scenario a file of its own."),
    "name of a parcel": (
        AT + "    event: shipment.created\n    parcel: my parcel\n",
        5,
        "'parcel': 'my parcel' is no id. Write 'parcel: my-parcel': at most 122 letters, digits and ._:/#=-",
    ),
    "name of a long parcel": (
        AT + f"    event: shipment.created\n    parcel: {'a' * 123}\n",
        5,
        f"'parcel: {'a' * 122}'",
    ),
    "subject of a refund": (
        AT + "    event: order.refunded\n    data: {amount_minor: 5}\n    subject: ü\n",
        6,
        "'subject': 'ü' is no id. Write 'subject: u'",
    ),
    "subject of a parcel": (
        AT + "    event: shipment.created\n    subject: my parcel\n",
        5,
        "'subject': 'my parcel' is no id. Write 'subject: my-parcel'",
    ),
    "line of an act": (AT + "    customer: asks to return monstera\n", 4, "no line 'monstera'"),
    "lines of a rating": (
        AT + "    customer: rates 4\n    lines: [fern]\n",
        5,
        "'customer: rates 4' does not use 'lines'. Beside it can stand: at, customer, order, heard, times.",
    ),
    "step of a rating": (AT + "    customer: rates 4\n    step: shipped\n", 5, "does not use 'step'"),
    "opened twice": (AT + "    customer: opens\n    times: 2\n", 5, "can stand: at, customer, order, step."),
    "opened late": (AT + "    customer: opens\n    heard: day 3\n", 5, "does not use 'heard'"),
    "a mailed STOP": (
        AT + "    report: texted STOP\n    channel: email\n",
        5,
        "'texted STOP' comes by sms, not by email. Leave 'channel' out.",
    ),
    "a mailed START": (
        AT + "    customer: texts START email\n",
        4,
        "'texted START' comes by sms, not by email.",
    ),
    "order of an order": (
        AT + "    customer: orders\n    order: third\n",
        5,
        "does not use 'order'. Write 'customer: orders NAME'.",
    ),
    "step of an order": (AT + "    customer: orders\n    step: shipped\n", 5, "does not use 'step'"),
    "heard beside a touch": (
        HEAD + "  - at: 3h after shipped\n    customer: rates 4\n    heard: day 30 10:00\n",
        5,
        "cannot stand beside an 'at' that follows a touch",
    ),
    "an order's, too": (
        HEAD + "  - at: 3h after shipped\n    customer: orders\n    heard: day 30 10:00\n",
        5,
        "cannot stand beside an 'at' that follows a touch",
    ),
    "parcel of a review": (
        AT + "    event: review.submitted\n    data: {rating: 4}\n    parcel: a\n",
        6,
        "'review.submitted' is about no parcel. Leave 'parcel' out.",
    ),
    "two subjects": (
        AT + "    event: shipment.delivered\n    parcel: a\n    subject: b\n",
        6,
        "'subject' is not read beside it",
    ),
    "step of a pause": (AT + "    agent: pause\n    step: shipped\n", 5, "is about the whole journey"),
    "catch up of a skip": (
        AT + "    agent: skip\n    step: shipped\n    catch_up: skip\n",
        6,
        "'catch_up' says how 'resume' goes on",
    ),
    "order of a fault": (
        AT + "    provider: email\n    lasts: 1h\n    order: first\n",
        6,
        "A provider fails for every order",
    ),
    "a policy that is none": ("scenario: it\nshop:\n  policy: 3\n", 3, "'policy' is no mapping"),
    "nothing to sell": ("scenario: it\nshop: {products: {}}\n", 2, "sells nothing"),
    "without a name": ("about: it\nscenario: ''\n", 2, "has no name"),
    "timeline of nothing": (
        "scenario: it\ntimeline:\n",
        2,
        "'timeline' is no list. Write its entries below it",
    ),
    "an entry of words": (HEAD + "  - a parcel comes\n", 3, "an entry of the timeline is no mapping"),
    "a line twice": (
        "scenario: it\norder: {lines: [fern, 2 fern]}\n",
        2,
        "stands twice in the order. Write '3 fern'.",
    ),
    "fewer than none": (
        AT + "    event: order.refunded\n    data: {lines: [[fern, -1]]}\n",
        5,
        "-1 pieces of 'fern' are none. Write [fern, 1].",
    ),
    "no time at all": (AT + "    provider: email\n    lasts: 0h\n", 5, "for no time at all"),
    "browses": (AT + "    customer: browses monstra\n", 4, "Did you mean 'monstera'?"),
    "browses nothing": (AT + "    customer: browses\n", 4, "Write 'customer: browses PRODUCT'."),
    "cart": (AT + "    customer: fills the cart with fern unicorn\n", 4, "no product 'unicorn'"),
    "empty cart": (AT + "    customer: fills the cart with\n", 4, "No product is named."),
    "subscription": (
        AT + "    customer: starts a subscription of leaffood\n",
        4,
        "Did you mean 'leaf-food'?",
    ),
    "two orders": (
        AT + "    customer: orders\n  - at: day 2 10:00\n    customer: orders\n",
        6,
        "Two orders",
    ),
    "the first order again": (AT + "    customer: orders first\n", 4, "Two orders"),
    "nothing ordered": ("scenario: it\norder: {lines: []}\n", 2, "holds nothing"),
    "nothing ordered again": (AT + "    customer: orders\n    lines: []\n", 5, "holds nothing"),
    "what its shop lacks": ("scenario: it\nshop: {products: {tea: {title: Tea}}}\n", 2, "no product 'fern'"),
    "what its shop lacks, again": (
        f"{AT}    customer: orders\nshop: {{products: {{tea: {{title: Tea}}}}}}\norder: {{lines: [tea]}}\n",
        4,
        "no product 'fern'",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_refused_with_its_line_and_what_would_be_right(name: str) -> None:
    text, line, said = MISTAKES[name]
    with pytest.raises(ScenarioError) as refused:
        read(text, "mine.yaml")
    assert str(refused.value).startswith(f"mine.yaml:{line}: "), str(refused.value)
    assert said in str(refused.value)


def test_codes_are_read_as_production_reads_them_and_a_person_may_have_none() -> None:
    person = read("scenario: it\nperson: {country: at, locale: de_AT}\n").person
    assert (person.country, person.locale) == ("AT", "de-AT")
    assert read("scenario: it\nperson: {country: '', locale: ''}\n").person.country == ""


def test_what_a_store_declares_is_checked_and_what_it_leaves_open_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An event of its own that declares nothing may be told with anything, and a review has words."""
    monkeypatch.setattr(events, "_REGISTRY", dict(events._REGISTRY))

    @events.event("teashop.tin_opened")
    class TinOpened(events.Event):
        grams: int = 0

    @events.event("teashop.bell_rung")
    class BellRung(events.Event):
        pass

    with pytest.raises(ScenarioError, match=r"mine:5: .* Did you mean 'grams'"):
        read(AT + "    event: teashop.tin_opened\n    data: {gram: 5}\n", "mine")
    read(AT + "    event: teashop.tin_opened\n    data: {grams: 5, text: strong}\n")
    read(AT + "    event: teashop.bell_rung\n    data: {whoever: it was}\n")
    read(AT + "    event: review.submitted\n    data: {rating: 5, text: Lovely.}\n")


def test_what_an_edit_adds_can_go_back() -> None:
    """Whatever order the two are heard in: a line that only came with the edit was refused."""
    edit = "    event: order.updated\n    data: {lines: [{id: fern, quantity: 2}, {id: pot, quantity: 1}]}\n"
    refund = "    event: order.refunded\n    data: {lines: [[fern, 2], [pot, 1]]}\n"
    for first, second in ((edit, refund), (refund, edit)):
        assert len(read(f"{AT}{first}  - at: day 2 10:00\n{second}").timeline) == 2


def test_what_can_be_in_life_is_read() -> None:
    """One piece told as refunded by two systems; a whole order told once more; a parcel with what was ordered twice."""
    refund = (
        "    event: order.refunded\n    subject: {}\n    data: {{lines: [[fern, 1]]}}\n  - at: day 2 10:00\n"
    )
    assert len(read(f"{AT}{refund.format('a')}{refund.format('b')}    customer: rates 4\n").timeline) == 3
    order = "{currency: eur, total_minor: 0, lines: [{id: fern, quantity: 1, title: Fern, url: 'https://a.example'}]}"
    read(f"{AT}    event: order.placed\n    data: {order}\n")
    read(f"{AT}    event: shipment.created\n    data: {{lines: [[fern, 2]], expected_at: day 4}}\n")


def test_an_alias_that_means_something_is_read() -> None:
    entry = "{at: day 1, event: order.cancelled}"
    scenario = read(f"scenario: it\ntimeline:\n  - &once {entry}\n  - *once\n")
    assert scenario.timeline[0] == scenario.timeline[1]


def test_an_unknown_scenario_is_offered_the_nearest() -> None:
    with pytest.raises(ScenarioError, match="Did you mean 'late-parcel'"):
        shelf.load("late-parcl")
    with pytest.raises(ScenarioError, match="no file"):
        shelf.load("nowhere.yaml")


def test_a_folder_is_said_to_be_one(tmp_path: Path) -> None:
    """And is not offered as the nearest file."""
    (tmp_path / "mine.yaml").mkdir()
    with pytest.raises(ScenarioError, match=r"mine\.yaml is a folder"):
        shelf.load(str(tmp_path / "mine.yaml"))
    with pytest.raises(ScenarioError) as refused:
        shelf.load(str(tmp_path / "mine2.yaml"))
    assert "Did you mean" not in str(refused.value)


def test_a_file_in_another_encoding_is_told_where_and_how_to_save_it(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_bytes("scenario: it\n# für\n".encode() + "about: für\n".encode("latin-1"))
    with pytest.raises(ScenarioError, match=r"mine\.yaml:3: .* Save the file as UTF-8"):
        shelf.load(str(mine))


@pytest.mark.parametrize("report", [Report.STOPPED, Report.STARTED])
def test_what_a_customer_texts_is_about_their_number_unless_told(report: Report) -> None:
    """It stopped email, and nothing showed that."""
    (said,) = read(f"{AT}    report: {report}\n").timeline
    (done,) = read(f"{AT}    customer: {report.replace('texted', 'texts')}\n").timeline
    assert isinstance(said, Reported)
    assert said.channel is Channel.SMS
    assert said == done == Reported(at=said.at, report=report)
    scenario = Scenario(
        name="it", timeline=(said, Reported(at=said.at, report=Report.BOUNCED, channel=Channel.SMS))
    )
    assert "channel: sms" not in write(scenario).partition("bounced")[0]
    assert read(write(scenario)) == scenario


def test_a_file_may_hold_everything_there_is() -> None:
    scenario = read(
        """
scenario: all-of-it
about: One of each.
person: {first_name: Ada, locale: de, zone: Europe/Vienna, country: AT, reach: [email], consents: []}
shop: {name: Teas, policy: {caps: [{limit: 2, hours: 24}]}, products: {assam: {title: Assam, category: Tea}}}
order: {lines: [2 assam], gift: yes}
placed: 2026-07-01 08:30
heard: +2h
timeline:
  - {at: day 1 10:00, event: shipment.created, parcel: a, data: {lines: [[assam, 2]]}, heard: day 2 10:00, times: 2}
  - {at: 90m after shipped, customer: opens}
  - {at: +3d 4h, customer: orders more, lines: [assam]}
  - {at: day 5, provider: email, fault: "accepts, then dies", calls: 2}
  - {at: day 6 10:00, agent: skip, step: review-request, order: more}
"""
    )
    told, opened, ordered, failing, _ = scenario.timeline
    assert scenario.placed == Placed(at=time(8, 30), on=date(2026, 7, 1))
    assert isinstance(told, Told)
    assert (told.parcel, told.times, told.heard) == ("a", 2, Moment(day=2, at=time(10)))
    assert told.data == {"lines": [["assam", 2]]}
    assert isinstance(opened, Reported)
    assert (opened.report, opened.at) == (Report.OPENED, After(step="shipped", wait=timedelta(minutes=90)))
    assert isinstance(ordered, Ordered)
    assert ordered.order == "more"
    assert isinstance(failing, Failing)
    assert (failing.channel, failing.fault, failing.calls) == (Channel.EMAIL, Fault.ACCEPTS_THEN_DIES, 2)
    assert scenario.person.consents == ()


@pytest.mark.parametrize(
    "text", ["day 3 10:00", "day -2 09:30", "+2d 6h", "3h after review-request", "after shipped"]
)
def test_a_moment_reads_as_it_is_written(text: str) -> None:
    assert str(moments.when(text)) == text


def test_moments_are_the_persons_own_days_across_a_clock_change() -> None:
    placed = datetime(2026, 3, 27, 9, 15, tzinfo=UTC)
    assert moments.when("day 3 10:00").resolve(placed, "Europe/Berlin") == datetime(
        2026, 3, 30, 8, tzinfo=UTC
    )  # type: ignore[union-attr]
    assert moments.next_clock_change(date(2026, 3, 2), "Europe/Berlin") == date(2026, 3, 29)
    before = moments.placed("10:15, 2 days before a clock change").resolve(date(2026, 3, 2), "Europe/Berlin")
    assert before == placed


def test_store_packages_bring_scenarios_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "cheeseshop_scenarios"
    (package / "scenarios").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "scenarios" / "monday.yaml").write_text("scenario: monday\nabout: Ours.\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = shelf.files(["cheeseshop_scenarios"])
    assert "monday" in found
    assert "happy-path" in found
    assert shelf.load("monday", ["cheeseshop_scenarios"]).about == "Ours."


def test_on_the_shelf_a_scenario_is_named_as_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was listed by a name that nobody could ask for, and took the place of the shipped one of its file's."""
    package = tmp_path / "cheeseshop_misnamed"
    (package / "scenarios").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    file = package / "scenarios" / "happy-path.yaml"
    file.write_text("about: Ours.\nscenario: other\n")
    monkeypatch.syspath_prepend(tmp_path)
    for asked in (
        lambda: shelf.load("happy-path", ["cheeseshop_misnamed"]),
        lambda: shelf.every(["cheeseshop_misnamed"]),
    ):
        with pytest.raises(ScenarioError) as refused:
            asked()
        assert refused.value.what == f"{file}:2: the scenario is named 'other', and its file 'happy-path'."
        assert refused.value.mend == "Write 'scenario: happy-path', or call the file other.yaml."
    assert shelf.load(str(file)).name == "other", "from a file it may bear any name"
