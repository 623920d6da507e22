"""When it runs out: the merchant's word, else what many others did, else nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from doorstep.intelligence.replenishment import InUse, Reorder, habit_of, predict

SINCE = datetime(2026, 3, 1, tzinfo=UTC)


def in_use(*reorders: Reorder, pieces: int = 1, days: int | None = None, ref: str = "serum") -> InUse:
    return InUse(product_ref=ref, pieces=pieces, since=SINCE, replenish_days=days, habit=habit_of(reorders))


def again(person: str, days: float, pieces: int = 1) -> Reorder:
    return Reorder(person_ref=person, days=days, pieces=pieces)


def test_the_merchants_word_goes_before_what_others_did() -> None:
    """The merchant knows the product; quantity scales it."""
    (found,) = predict([in_use(again("a", 5), again("b", 5), pieces=3, days=10)])
    assert (found.at, found.basis) == (SINCE + timedelta(days=30), "merchant")


def test_one_person_who_buys_often_does_not_speak_for_all() -> None:
    """Each person counts once: nine quick intervals of one weigh as much as one slow one of another."""
    (found,) = predict([in_use(*[again("a", 10)] * 9, again("b", 30))])
    assert (found.at, found.basis) == (SINCE + timedelta(days=20), "reorders:2")


@pytest.mark.parametrize("reorders", [(), (again("a", 10), again("a", 12)), (again("a", 0), again("b", 10))])
def test_too_little_evidence_is_none(reorders: tuple[Reorder, ...]) -> None:
    """One person's habit, or an order split in two the same day, predicts nothing for others."""
    assert predict([in_use(*reorders)]) == ()


def test_more_and_more_equal_evidence_convinces_more() -> None:
    """Confidence grows with persons, falls with their spread, and stays below one."""

    def confidence(*days: float) -> float:
        return predict([in_use(*[again(f"p{n}", d) for n, d in enumerate(days)])])[0].confidence

    assert 0 < confidence(10, 50) < confidence(28, 32) < confidence(*[30] * 10) < 1


def test_the_soonest_comes_first_and_what_is_gone_is_left_out() -> None:
    """Sorted by time; a product of which nothing is kept is not predicted."""
    found = predict(
        [in_use(days=30, ref="late"), in_use(days=3, ref="soon"), in_use(days=1, pieces=0, ref="gone")]
    )
    assert [p.product_ref for p in found] == ["soon", "late"]


def test_a_habit_of_buying_again_within_days_is_no_running_out() -> None:
    """A reminder some days before would be due before the order itself; several pieces last long enough again."""
    quick = (again("a", 2), again("b", 3))
    assert predict([in_use(*quick)]) == ()
    assert [p.basis for p in predict([in_use(*quick, pieces=3)])] == ["reorders:2"]
    assert [p.basis for p in predict([in_use(*quick, days=2)])] == ["merchant"]
