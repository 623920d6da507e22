"""Two published versions side by side."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from house import House
from shopkeeper import IDA, JONAS, Order

from doorstep.workflows import registry

pytestmark = pytest.mark.system


@pytest.fixture
def own_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is published here is published for this test only."""
    registry.load()
    monkeypatch.setattr(registry, "_JOURNEYS", dict(registry._JOURNEYS))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "second_edition"]:
        del sys.modules[name]


async def test_running_journeys_finish_on_their_version_and_new_orders_take_the_newest(
    own_registry: None, house: House
) -> None:
    """A store package publishes `standard.v2`: the order under way goes on by the first version's story across
    the deployment, the next order gets the second's."""
    old = Order(id=46001, customer=IDA, placed=house.now())
    await house.tell(old.placed_event())
    await house.pass_time(seconds=3)

    await house.stop_worker()
    registry.load(("second_edition",))
    await house.start_worker()
    new = Order(id=46002, customer=JONAS, placed=house.now())
    await house.tell(new.placed_event())
    await house.until(old.placed + timedelta(days=2, hours=4))

    first, second = await house.journey(old.journey), await house.journey(new.journey)
    assert (first["type"], first["status"], first["phase"]) == ("standard.v1", "open", "on its way")
    assert (second["type"], second["status"], second["outcome"]) == ("standard.v2", "closed", "short")
    assert await house.sent(old.journey) == ["order-confirmation", "reassurance", "education"]
    assert await house.sent(new.journey) == ["order-confirmation", "community"]
