"""Text messages: what they cost, and marks they cannot carry."""

from __future__ import annotations

import pytest

from doorstep.templates.plain import for_sms, segments


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("🙂" * 35, 1),
    ],
)
def test_segments_are_counted_as_operators_do(text: str, cost: int) -> None:
    """160 septets or 70 UCS-2 units fit into one; the euro sign costs two septets, an emoji two units."""
    assert segments(text) == cost


def test_typographic_marks_do_not_make_a_text_message_dear() -> None:
    """Curly quotes, dashes and fixed spaces become their plain kin, so the text stays in GSM-7."""
    said = for_sms("It’s “here” –\u00a0today…\n now")
    assert said == 'It\'s "here" - today... now'
