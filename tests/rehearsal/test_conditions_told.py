"""What would stop a message is told to people in support, not in the code's words."""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from doorstep.domain.event_words import caused, happened, happens
from doorstep.domain.events import Event, known_types
from doorstep.domain.facts import OrderedAgain, OrderRefunded, ReviewSubmitted, ShipmentScanned
from doorstep.rehearsal.conditions_told import condition_told
from doorstep.workflows import standard_v1


class WarrantyRegistered(Event):
    """The customer registers the warranty. It lasts two years."""

    type = "warranty.registered"


class Told(Event):
    type = "warranty.told"


Told.__doc__ = "Told(*, id: str)"


class Stub:
    """What the lambdas below speak of."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError("nothing is asked, only told")

    def conditions(self, offered: tuple[str, ...]) -> dict[str, Callable[[], Any]]:
        def it_has_been_offered_before() -> bool:
            return bool(offered)

        def told() -> bool:
            """The customer was told of it on the phone.

            An agent says so.
            """
            return True

        return {
            "It has been offered before.": it_has_been_offered_before,
            "The customer was told of it on the phone.": told,
            "It is not the person's first order.": lambda: not self.first_order,
            "No parcel of the order has left by then.": lambda: not self.order.shipped,
            "No parcel's next scan is overdue any more.": lambda: not self.order.silent(self.now),
            "The person is a VIP.": lambda: self.vip,
            "The customer orders again.": lambda: self.seen(OrderedAgain),
        }


@pytest.mark.parametrize("sentence", Stub().conditions(()))
def test_a_condition_is_a_sentence(sentence: str) -> None:
    assert condition_told(Stub().conditions(())[sentence]) == sentence


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (OrderRefunded, "A refund is heard of."),
        (ReviewSubmitted, "The customer leaves a review."),
        (ShipmentScanned, "Anything is heard of a parcel."),
        (WarrantyRegistered, "'warranty.registered' is heard of (The customer registers the warranty)."),
        (Told, "'warranty.told' is heard of."),
    ],
)
def test_an_event_is_told_in_plain_words(event: type[Event], sentence: str) -> None:
    assert (condition_told(event), happens(event)) == (sentence, sentence)


def test_every_built_in_event_has_words() -> None:
    built_in = [
        t for t in known_types() if t.partition(".")[0] in ("order", "return", "shipment", "customer")
    ]
    assert len(built_in) > 20
    assert not [t for t in built_in if t in happened(t)]


@pytest.mark.parametrize(
    ("occurrence", "sentence"),
    [
        ("review.submitted:D1::2026-11-26T17:11:37Z:gndievr3gq", "The customer left a review."),
        ("customer:ord_ktfiq4ohw7:ordered_again", "The customer ordered again."),
        (
            "shipment:shp_ktfiq4ohw7:exception:2026-12-01T10:00:00+00:00",
            "A parcel was held up at its carrier.",
        ),
        ("product:7101", ""),
        ("week:2", ""),
    ],
)
def test_an_occurrence_is_told_by_its_cause(occurrence: str, sentence: str) -> None:
    assert caused(occurrence) == sentence


def given(number: int) -> bool:
    return number > 2


def test_anything_else_is_quoted_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the author wrote it; what a name of a store's own means nobody can say. What was evaluated has no text, though
    Python has one of that name: the program of `python -c`."""
    program = "import sys;exec(eval(sys.stdin.readline()))"
    monkeypatch.setitem(linecache.cache, "<string>", (len(program), None, [program], "<string>"))
    offered = ()
    quoted = condition_told(lambda: not offered)
    line = inspect.currentframe().f_lineno - 1  # type: ignore[union-attr]
    assert quoted == f"The author's condition `not offered` holds (rehearsal/test_conditions_told.py:{line})."
    named = condition_told(partial(given, 3))
    assert named.startswith("The author's condition `given` holds (rehearsal/test_conditions_told.py:")
    nameless: Callable[[], bool] = eval("lambda: not given(2)")
    assert condition_told(nameless).startswith("A condition of the author's holds (")


def test_the_standard_journeys_own_conditions_speak_no_code() -> None:
    """Each lambda it gives to `unless`, found in its code."""
    functions = [f for f in vars(standard_v1.Standard).values() if inspect.isfunction(f)]
    codes = [c for f in functions for c in f.__code__.co_consts if inspect.iscode(c)]
    lambdas = [c for c in codes if c.co_name == "<lambda>" and not c.co_argcount]
    assert len(lambdas) >= 3
    for code in lambdas:
        cells = tuple(_cell(None) for _ in code.co_freevars)
        made = type(given)(code, vars(standard_v1), "<lambda>", None, cells)
        assert "`" not in condition_told(made), code.co_firstlineno


def _cell(value: Any) -> Any:
    return (lambda: value).__closure__[0]  # type: ignore[index]
