"""What an error offers instead."""

from __future__ import annotations

import pytest

from doorstep.errors import nearest

ORDERS = [f"#FF-{n}" for n in range(1001, 1200) if n != 1030]


@pytest.mark.parametrize(
    ("wrong", "known", "offered"),
    [
        ("standrd", ["standard", "tea"], "standard"),
        ("care-gide", ["care-guide", "check-in"], "care-guide"),
        ("#FF-1030", ORDERS, "#FF-1003"),  # two neighbours swapped, where others differ in one place only
        ("FF-1030", ORDERS, "#FF-1003"),
        ("ff-1030", ORDERS, "#FF-1003"),
        ("#1030", ["1003", "1006"], "1003"),
        ("drawer", ["reward", "drawing"], "drawing"),  # the same letters, but nobody types them so
        ("zzz", ["standard"], ""),
        ("anything", [], ""),
    ],
)
def test_the_nearest_name_is_what_was_meant(wrong: str, known: list[str], offered: str) -> None:
    assert nearest(wrong, known) == (f" Did you mean '{offered}'?" if offered else "")
