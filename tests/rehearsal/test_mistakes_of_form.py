"""A file that is no scenario, or not written as one, is refused with its line and what would be right."""

from __future__ import annotations

import pytest
from tests.rehearsal.mistakes import AT, HEAD, check

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
    "key": (AT + "    event: shipment.created\n    parzel: a\n", 5, "'parcel'"),
    "two kinds": (AT + "    event: order.cancelled\n    agent: pause\n", 3, "exactly one"),
    "no kind": (AT + "", 3, "exactly one"),
    "misspelt kind": (AT + "    parcel: a\n    evnt: shipment.created\n", 5, "Did you mean 'event'?"),
    "key of an order's line": (
        AT + "    event: order.updated\n    data:\n      lines:\n        - {id: fern, quantity: 1}\n"
        "        - id: pot\n          quantity: 1\n          currnt: 0\n",
        10,
        "data.lines[1] carries no 'currnt' that anybody reads. Did you mean 'current'? There are: id,",
    ),
    "order": (AT + "    event: order.cancelled\n    order: secnd\n", 5, "no order 'secnd'"),
    "no name of a parcel": (
        AT + "    event: shipment.created\n    parcel:\n",
        5,
        "'parcel' names nothing. Name one, or leave 'parcel' out.",
    ),
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
    "subject of a parcel": (
        AT + "    event: shipment.created\n    subject: my parcel\n",
        5,
        "'subject': 'my parcel' is no id. Write 'subject: my-parcel'",
    ),
    "two subjects": (
        AT + "    event: shipment.delivered\n    parcel: a\n    subject: b\n",
        6,
        "'subject' is not read beside it",
    ),
    "without a name": ("about: it\nscenario: ''\n", 2, "has no name"),
    "timeline of nothing": (
        "scenario: it\ntimeline:\n",
        2,
        "'timeline' is no list. Write its entries below it",
    ),
    "an entry of words": (HEAD + "  - a parcel comes\n", 3, "an entry of the timeline is no mapping"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_it_is_told_with_its_line_and_what_would_be_right(name: str) -> None:
    check(MISTAKES[name])
