"""The gateway that comes later than the API's first requests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from doorstep.api import late
from doorstep.api.late import LateGateway
from doorstep.gateway import Delivered


class Told:
    """A gateway that notes whom it told."""

    def __init__(self) -> None:
        self.journeys: list[str] = []

    async def deliver(self, journeys: Iterable[str], persons: Iterable[str]) -> Delivered:
        self.journeys += [*journeys, *persons]
        return Delivered()


async def test_what_comes_before_temporal_is_found_is_delivered_once_it_is() -> None:
    """A webhook in the API's first moments is not left to the sweep."""
    told, connected = Told(), asyncio.Event()

    async def connect() -> Any:
        await connected.wait()
        return told

    gateway = LateGateway(connect)
    finding = asyncio.create_task(gateway.find())
    delivering = asyncio.create_task(gateway.deliver(["jny_1"], ["per_1"]))
    await asyncio.sleep(0.01)
    assert told.journeys == []
    connected.set()
    assert not (await delivering).unavailable
    assert told.journeys == ["jny_1", "per_1"]
    await finding


async def test_what_comes_while_temporal_is_away_is_left_to_the_sweep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Waiting has an end, so that a courier can be stopped and what it holds is taken by others."""
    monkeypatch.setattr(late, "SOON_SECONDS", 0.01)

    async def connect() -> Any:
        raise ConnectionError

    gateway = LateGateway(connect)
    finding = asyncio.create_task(gateway.find())
    assert (await gateway.deliver(["jny_1"], [])).unavailable
    finding.cancel()
