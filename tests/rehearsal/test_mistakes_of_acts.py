"""A mistake in what a customer, an agent or a provider does is refused with its line and what would be right."""

from __future__ import annotations

import pytest
from tests.rehearsal.mistakes import AT, HEAD, check

MISTAKES = {
    "act": (AT + "    customer: unsubscribs\n", 4, "'unsubscribes'"),
    "rating": (AT + "    customer: rates 9\n", 4, "1 to 5"),
    "channel": (AT + "    provider: emial\n    lasts: 1h\n", 4, "'email'"),
    "no provider": (
        AT + "    provider: push\n    calls: 1\n",
        4,
        "'provider': there is no 'push'. There are: email, sms.",
    ),
    "fault": (AT + "    provider: sms\n    fault: dwn\n    lasts: 1h\n", 5, "'down'"),
    "endless": (AT + "    provider: sms\n", 4, "for how long"),
    "span": (AT + "    provider: sms\n    lasts: long\n", 5, "no length of time"),
    "endless fault": (AT + "    provider: sms\n    lasts: 99999999999d\n", 5, "At most 3650 days"),
    "action": (AT + "    agent: resum\n", 4, "'resume'"),
    "skip what": (AT + "    agent: skip\n", 4, "'skip' needs a step"),
    "send what": (AT + "    agent: send_now\n    step: ''\n", 4, "'send_now' needs a step"),
    "catch up": (AT + "    agent: resume\n    catch_up: shft\n", 5, "'shift'"),
    "country again": (AT + "    customer: orders\n    country: Narnia\n", 5, "'Narnia' is no country."),
    "name of an order": (
        AT + "    customer: orders a@b c\n",
        4,
        "The order's name 'a@b c' is no id. Write 'customer: orders a-b-c': at most 115 letters, digits and ._:/#=-",
    ),
    "no step of a report": (AT + "    report: opened\n    step: ''\n", 5, "'step' names nothing."),
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
    "nothing ordered again": (AT + "    customer: orders\n    lines: []\n", 5, "holds nothing"),
    "what its shop lacks, again": (
        f"{AT}    customer: orders\nshop: {{products: {{tea: {{title: Tea}}}}}}\norder: {{lines: [tea]}}\n",
        4,
        "no product 'fern'",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_it_is_told_with_its_line_and_what_would_be_right(name: str) -> None:
    check(MISTAKES[name])
