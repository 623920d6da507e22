"""What is one thing of both revisions, and what is two."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from doorstep.rehearsal.comparing import Change, Item, compared

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def touch(name: str, day: int, *, done: bool = True, said: str = "") -> Item:
    return Item(
        key=f"first touch {name}",
        kind="touch",
        name=name,
        at=NOON + timedelta(days=day),
        done=done,
        outcome="sent" if done else "skipped (stale)",
        said=said,
    )


def told(old: list[Item], new: list[Item]) -> list[tuple[Change, str]]:
    return [(d.change, d.item.name.partition(":")[0]) for d in compared(old, new)]


def thanks(moment: str, day: int, **more: object) -> Item:
    return touch(f"review-thanks:review.submitted:first::{moment}", day, **more)  # type: ignore[arg-type]


ONE, OTHER = "2026-03-13T11:03:52Z:fusbdsnzaf", "2026-03-14T11:03:52Z:gndievr3gq"
THIRD = "2026-03-15T08:00:00Z:aaaaaaaaaa"


def test_a_touch_moves_with_what_it_is_about() -> None:
    """A review's moment is part of the touch's name; one message that comes later is not one lost and one gained."""
    [moved] = compared([thanks(ONE, 1)], [thanks(OTHER, 2)])
    assert moved.change is Change.MOVED
    assert moved.old is not None
    assert moved.new is not None
    assert moved.new.at - moved.old.at == timedelta(days=1)
    parcel = "out-for-delivery:shipment:shp_a:out_for_delivery:2026-03-0{}"
    assert told([touch(parcel.format(6), 0)], [touch(parcel.format(7), 1)]) == [
        (Change.MOVED, "out-for-delivery")
    ]


def test_what_else_differs_of_it_is_told_as_of_any_other() -> None:
    before = [thanks(ONE, 1, said="a")]
    assert {change for change, _ in told(before, [thanks(OTHER, 2, said="b")])} == {
        Change.MOVED,
        Change.REWORDED,
    }
    assert told(before, [thanks(OTHER, 2, done=False)]) == [(Change.LOST, "review-thanks")]
    assert told([thanks(ONE, 1, done=False)], [thanks(OTHER, 1, done=False)]) == []


def test_of_several_each_is_paired_once_in_their_order() -> None:
    """One that both have stays itself; of the others the first goes with the first, and what is left is gained."""
    found = compared([thanks(OTHER, 2), thanks(ONE, 1)], [thanks(THIRD, 3), thanks(OTHER, 2)])
    assert [(d.change, d.old and d.old.at, d.new and d.new.at) for d in found] == [
        (Change.MOVED, NOON + timedelta(days=1), NOON + timedelta(days=3))
    ]
    assert told([thanks(ONE, 1)], [thanks(OTHER, 2), thanks(THIRD, 3)]) == [
        (Change.MOVED, "review-thanks"),
        (Change.GAINED, "review-thanks"),
    ]


def test_another_thing_of_one_step_is_another_touch() -> None:
    """Another parcel, another person's order, or none: lost and gained."""
    parcel = "out-for-delivery:shipment:{}:out_for_delivery:2026-03-06"
    for other in (parcel.format("shp_b"), "out-for-delivery"):
        assert {c for c, _ in told([touch(parcel.format("shp_a"), 0)], [touch(other, 1)])} == {
            Change.LOST,
            Change.GAINED,
        }
