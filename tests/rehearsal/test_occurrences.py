"""A `step:occurrence` that never was is told with its place and what the step was about; it passed in silence."""

from __future__ import annotations

import pytest

from doorstep.rehearsal.reading import read
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.story import Story
from doorstep.rehearsal.timeline import Kind, Timeline

REFUNDED = """scenario: it
timeline:
  - {at: day 3 10:00, event: shipment.delivered}
  - at: day 4 10:00
    event: order.refunded
    subject: r1
    data: {amount_minor: 500, currency: EUR}
"""
NAMED = "partial-refund:order:r1:refunded"


def played(more: str = "") -> Timeline:
    return rehearse("standard", read(f"{REFUNDED}{more}", "mine.yaml"), render=False)


@pytest.mark.parametrize("who", ["agent: skip", "report: opened", "customer: opens"])
def test_an_occurrence_that_never_was_is_told_with_its_line_and_those_that_were(who: str) -> None:
    story = played(f"  - at: day 5 10:00\n    {who}\n    step: partial-refund:order:r2:refunded\n")
    assert story.problems == (
        "mine.yaml:10: 'partial-refund' was never about 'order:r2:refunded'. Did you mean 'order:r1:refunded'? "
        f"There were: '{NAMED}'.",
    )


def test_what_is_about_nothing_in_particular_has_no_occurrence() -> None:
    story = played("  - at: day 5 10:00\n    agent: skip\n    step: order-confirmation:first\n")
    assert story.problems == (
        "mine.yaml:10: 'order-confirmation' comes once and is about nothing in particular. "
        "Write 'order-confirmation', without ':first'.",
    )


def test_a_report_about_an_occurrence_finds_it() -> None:
    """It was looked for by a step of that whole name, and said not to have been sent."""
    story = played(f"  - at: day 5 10:00\n    report: opened\n    step: {NAMED}\n")
    assert story.ok
    assert [e.detail for e in story.events if e.kind is Kind.REPORT] == [f"email: {NAMED}"]


def test_a_claim_about_an_occurrence_that_never_was_fails() -> None:
    story = Story(played())
    story.sends(NAMED)
    for claim in (story.sends, story.does_not_send):
        with pytest.raises(AssertionError, match=f"never comes up.* There were: '{NAMED}'"):
            claim("partial-refund:order:r2:refunded")
    story.does_not_send("refund-confirmation:order:r1:refunded")
