"""A history file that is broken is told with the file, what is wrong with it and how to mend it: in our words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.verifying.repository import HISTORIES

from doorstep import histories
from doorstep.errors import Unreadable
from doorstep.rehearsal.rebuild import from_file

WHOLE = (HISTORIES / "a-bad-review.json").read_text()
SECRET = "nobody's business"


def changed(number: int, field: str, value: Any) -> Callable[[], str]:
    def made() -> str:
        told = json.loads(WHOLE)
        told["events"][number - 1][field] = value
        return json.dumps(told)

    return made


BROKEN: dict[str, Callable[[], str]] = {
    "it is empty.": lambda: " \n",
    "it is no JSON from line 12, column ": lambda: "\n".join(WHOLE.split("\n")[:12])[:-200],
    "it holds no list of 'events'.": lambda: f'["{SECRET}"]',
    "entry 2 of its 'events' is no event.": lambda: json.dumps({"events": [{}, SECRET]}),
    "event 4 of it cannot be read (its 'eventId').": changed(4, "eventId", SECRET),
    "event 4 of it cannot be read (its 'eventTime').": changed(4, "eventTime", SECRET),
    "it does not begin with a workflow's start.": lambda: '{"events": []}',
}


@pytest.mark.parametrize("why", BROKEN)
def test_a_broken_file_says_what_is_wrong_and_how_to_mend_it(why: str, tmp_path: Path) -> None:
    """Never what stands there: it may be anybody's."""
    file = tmp_path / "broken.json"
    file.write_text(BROKEN[why]())
    with pytest.raises(Unreadable) as caught:
        from_file(file)
    assert caught.value.what.startswith(f"{file} is no history: {why}")
    assert "doorstep versions record" in caught.value.mend
    assert SECRET not in str(caught.value)


def test_a_file_that_is_no_text_or_not_there_says_so(tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    with pytest.raises(Unreadable, match="cannot be read: No such file"):
        from_file(file)
    file.write_bytes(b'{"events": \xff')
    with pytest.raises(Unreadable, match="from its byte 12 on it is no text in UTF-8"):
        from_file(file)


async def test_what_is_replayed_is_told_by_its_file_too(tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_text(BROKEN["event 4 of it cannot be read (its 'eventTime')."]())
    with pytest.raises(Unreadable, match=r"broken\.json is no history: event 4"):
        await histories.replay([file])
