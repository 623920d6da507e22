"""What fits, from what is known: same category, near in price, liked, and never what is owned."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from doorstep.intelligence.recommendations import Bought, Candidate, recommend

BOUGHT = [Bought(category="Skincare", price_minor=3000)]


def some(ref: str, **changes: object) -> Candidate:
    values = {"ref": ref, "category": "Skincare", "price_minor": 3000} | changes
    return Candidate(**values)  # type: ignore[arg-type]


def test_only_the_same_category_fits() -> None:
    """Categories are compared as a person would: capitals and blanks do not matter."""
    found = recommend(BOUGHT, [some("a", category=" SKINCARE"), some("b", category="Bath")], frozenset(), 3)
    assert found == ("a",)


def test_what_is_owned_or_sold_out_is_left_out() -> None:
    """Nothing that they have, nothing that they cannot buy."""
    assert recommend(BOUGHT, [some("a"), some("b", in_stock=False)], frozenset({"a"}), 3) == ()


def test_a_price_far_from_what_they_paid_is_left_out() -> None:
    """Neither the sample nor the machine for twenty times the price."""
    candidates = [
        some("cheap", price_minor=1000),
        some("near", price_minor=7000),
        some("x", price_minor=60000),
    ]
    assert recommend(BOUGHT, candidates, frozenset(), 3) == ("near",)


def test_liked_first_then_near_in_price() -> None:
    """Buyers rank, then the price's nearness, an unknown price last."""
    candidates = [
        some("unknown", price_minor=0),
        some("far", price_minor=5000),
        some("near"),
        some("hit", buyers=2),
    ]
    assert recommend(BOUGHT, candidates, frozenset(), 9) == ("hit", "near", "far", "unknown")


def test_an_order_without_categories_recommends_nothing() -> None:
    """Not knowing what it was, we do not guess."""
    assert recommend([Bought(category="")], [some("a", category="")], frozenset(), 3) == ()


@given(st.permutations([some(ref, buyers=n % 3) for n, ref in enumerate("abcdef")]), st.integers(-1, 7))
def test_the_answer_does_not_depend_on_the_order_of_rows(rows: list[Candidate], limit: int) -> None:
    """The same candidates in any order give the same answer, never more than asked for."""
    expected = ("c", "f", "b", "e", "a", "d")
    assert recommend(BOUGHT, rows, frozenset(), limit) == expected[: max(0, limit)]
