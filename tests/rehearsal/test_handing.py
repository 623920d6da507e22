"""What is handed over between a journey and its activities without JSON would have come out of JSON the same."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.contracts import Projection
from doorstep.converter import IN_PROCESS
from doorstep.domain.outcomes import Outcome
from doorstep.rehearsal import playing, shelf
from doorstep.rehearsal._sdk import handing
from doorstep.rehearsal.rehearse import rehearse


def fields(value: Any) -> list[tuple[type, Any]]:
    """A value's parts, to the last, with their types; instants by their offset, whoever keeps it."""
    if isinstance(value, tuple):
        return [(tuple, len(value)), *[part for one in value for part in fields(one)]]
    if hasattr(value, "__slots__"):
        return [
            (type(value), None),
            *[part for name in value.__slots__ for part in fields(getattr(value, name))],
        ]
    return [(type(value), value.isoformat() if hasattr(value, "isoformat") else value)]


@pytest.mark.parametrize("scenario", sorted(shelf.files()))
def test_json_would_have_given_it_back(scenario: str, monkeypatch: pytest.MonkeyPatch) -> None:
    crossed: list[Any] = []
    hand = handing.Handed.__init__

    def noted(self: handing.Handed, value: Any, converter: Any) -> None:
        crossed.append(value)
        hand(self, value, converter)

    monkeypatch.setattr(handing.Handed, "__init__", noted)
    quick = rehearse("standard", shelf.load(scenario), render=False)
    assert {type(value) for value in crossed} == {type(None), Outcome, Projection}
    for value in crossed:
        (read,) = IN_PROCESS.payload_converter.from_payloads(
            IN_PROCESS.payload_converter.to_payloads([value]), [type(value)]
        )
        assert fields(read) == fields(value)
    monkeypatch.setattr(playing, "unchanged_by_json", None)
    crossed.clear()
    slow = rehearse("standard", shelf.load(scenario), render=False)
    assert crossed == []
    assert (slow.touches, slow.events, slow.outcomes) == (quick.touches, quick.events, quick.outcomes)


def test_what_an_author_puts_in_crosses_as_json() -> None:
    """A list for a tuple, a number for a text: a touch is told in production what JSON makes of it."""
    crossing = handing.given([{"a": (1, 2)}], IN_PROCESS.payload_converter, playing.unchanged_by_json)
    assert list(handing.taken(crossing, [dict], IN_PROCESS.payload_converter)) == [{"a": [1, 2]}]
    nobody_vouches = handing.given([Outcome(kind="sent")], IN_PROCESS.payload_converter, None)  # type: ignore[arg-type]
    (read,) = handing.taken(nobody_vouches, [Outcome], IN_PROCESS.payload_converter)
    assert read.sent
