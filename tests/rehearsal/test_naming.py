"""A touch is told with the line of its own journey that names its step."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from tests.rehearsal import two_journeys
from tests.rehearsal.two_journeys import First, Second, Third

from doorstep.rehearsal._sdk.protocol import ScheduleActivity
from doorstep.rehearsal.commanded import place_in
from doorstep.rehearsal.log import Entry
from doorstep.workflows import parcels
from doorstep.workflows.standard_v1 import Standard


def placed(journey: type[Any], step: str) -> tuple[str, int] | None:
    """Of a touch that the desk carries: its own place is the engine's."""
    asked = Payload(metadata={"encoding": b"json/plain"}, data=json.dumps({"step": step}).encode())
    message = ScheduleActivity(activity_type="touch", arguments=[asked])
    return place_in(journey, Entry(0, "schedule_activity", "touch", message))


def named(journey: type[Any], step: str) -> str:
    file, line = placed(journey, step) or ("", 0)
    assert file == two_journeys.__file__
    return inspect.getsource(two_journeys).splitlines()[line - 1].strip()


@pytest.mark.parametrize(
    ("journey", "step", "line"),
    [
        (First, "check-in", 'await self.send("check-in", at=self.day(1))'),
        (Second, "check-in", 'await self.send("check-in", at=self.day(2))  # Second'),
        (Third, "check-in", 'await self.send("check-in", at=self.day(2))  # Second'),
        (Third, "inherited", 'await self.send("inherited", at=self.day(1))'),
        (Third, "beside", 'BESIDE = ("beside",)'),
    ],
)
def test_a_step_of_two_journeys_is_found_in_the_asked_one(journey: type[Any], step: str, line: str) -> None:
    """In its class before the classes it inherits from, where it is sent before where else it is said."""
    assert named(journey, step) == line


def test_a_line_of_another_journey_is_never_named() -> None:
    """No line is better than a wrong one."""
    assert placed(Second, "elsewhere") is None


def test_a_step_of_a_class_that_the_journey_inherits_from_is_found() -> None:
    """In that class's own module."""
    file, line = placed(Standard, "silence") or ("", 0)
    assert file == parcels.__file__
    assert '"silence"' in inspect.getsource(parcels).splitlines()[line - 1]
