"""Two refunds of a story are two, though neither has a name; two words on a return are one return, and are refused
where they speak of two."""

from __future__ import annotations

import pytest

from doorstep.errors import ScenarioError
from doorstep.rehearsal.moments import when
from doorstep.rehearsal.reading import read
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import Scenario, Told
from doorstep.rehearsal.timeline import Kind, Timeline

STORY = """\
scenario: two-refunds
order: {lines: [2 fern, leaf-food]}
timeline:
  - {at: day 4 17:40, event: shipment.delivered}
"""
ONE_FERN = "event: order.refunded, data: {lines: [[fern, 1]], amount_minor: 2490}"
THE_REST = "event: order.refunded, data: {lines: [[fern, 1], [leaf-food, 1]], amount_minor: 3480}"


def played(*entries: str) -> Timeline:
    told = "".join(f"  - {{{entry}}}\n" for entry in entries)
    return rehearse("standard", read(f"{STORY}{told}", "mine.yaml"), render=False)


def confirmed(timeline: Timeline) -> list[str]:
    return [t.step for t in timeline.sent if "refund" in t.step]


def test_what_is_refunded_first_and_what_is_refunded_then_leaves_nothing() -> None:
    timeline = played(f"at: day 6, {ONE_FERN}", f"at: day 8, {THE_REST}")
    assert timeline.ok, timeline.problems
    assert timeline.outcome == "nothing_kept"
    assert confirmed(timeline) == ["partial-refund", "refund-confirmation"]
    assert len([e for e in timeline.events if e.kind is Kind.POINTS and e.what.startswith("-")]) == 2


def test_the_same_piece_refunded_twice_is_two_pieces() -> None:
    assert confirmed(played(f"at: day 6, {ONE_FERN}", f"at: day 8, {ONE_FERN}")) == ["partial-refund"] * 2


def test_one_message_that_comes_twice_is_one_refund() -> None:
    assert confirmed(played(f"at: day 6, times: 2, {ONE_FERN}")) == ["partial-refund"]


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("", "subject: '1', ", ["partial-refund"]),  # told again, by its number
        ("subject: '2', ", "", ["partial-refund", "partial-refund"]),  # a number that is taken
        ("subject: r1, ", "", ["partial-refund", "partial-refund"]),
        ("subject: r1, ", "subject: r1, ", ["partial-refund"]),
    ],
)
def test_a_name_is_the_authors_and_is_never_given_to_another_refund(
    first: str, second: str, said: list[str]
) -> None:
    assert confirmed(played(f"at: day 6, {first}{ONE_FERN}", f"at: day 8, {second}{ONE_FERN}")) == said


def test_each_order_counts_its_own() -> None:
    timeline = played(
        f"at: day 6, {ONE_FERN}",
        "at: day 7, customer: orders second, lines: [fern]",
        f"at: day 8, order: second, {ONE_FERN}",
    )
    [first, second] = [t for t in timeline.sent if "refund" in t.step]
    assert (first.occurrence, second.occurrence) == ("order:1:refunded", "order:1:refunded")


ASKS = "customer: asks to return fern"


def test_another_return_without_a_name_is_refused_with_its_line() -> None:
    with pytest.raises(ScenarioError) as error:
        played(f"at: day 6, {ASKS}", "at: day 9, customer: asks to return leaf-food")
    assert str(error.value).startswith(
        "mine.yaml:6: Another return was asked for before (line 5), of other lines"
    )
    assert "'subject: second'" in str(error.value)


@pytest.mark.parametrize(
    "again",
    [
        ASKS,
        "customer: asks to return",
        "event: return.requested, subject: second, data: {lines: [[leaf-food, 1]]}",
        "event: return.received, data: {lines: [[fern, 1]]}",
    ],
)
def test_more_words_on_one_return_pass_and_so_does_one_that_has_a_name(again: str) -> None:
    assert played(f"at: day 6, {ASKS}", f"at: day 9, {again}").ok


def test_the_same_in_python_is_refused_with_its_entry() -> None:
    story = [
        Told(at=when(at), event="return.requested", data={"lines": [[line, 1]]})
        for at, line in (("day 6", "fern"), ("day 9", "leaf-food"))
    ]
    with pytest.raises(
        ScenarioError, match=r"^returns: entry 2: Another return was asked for before, of other"
    ):
        rehearse("standard", Scenario(name="returns", timeline=tuple(story)), render=False)
