"""Two published versions side by side."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from house import House
from shopkeeper import IDA, JONAS, Order

from doorstep import histories, recording
from doorstep.errors import NotFound
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


async def test_histories_of_an_installation_are_kept_and_replayed(house: House, tmp_path: Path) -> None:
    """`doorstep versions record` and `replay`: what a store's own repository commits, for its own journeys."""
    order = Order(id=46011, customer=IDA, placed=house.now())
    await house.tell(order.placed_event())
    await house.pass_time(seconds=3)
    with pytest.raises(NotFound, match="no started journey jny_nobody"):
        recording.chosen(house.database, ["jny_nobody"], 5)
    assert recording.chosen(house.database, [], 5) == [], "nothing has ended yet"
    await house.act(order.journey, "cancel")

    wanted = recording.chosen(house.database, [], 5)
    assert wanted == [(order.journey, "standard.v1")]
    (file,) = await asyncio.to_thread(recording.record, house.settings, house.database, wanted, tmp_path)
    assert file.name == f"standard.v1-{order.journey}.json"
    assert "@" not in file.read_text(), "neither an address nor a machine"
    (replayed,) = await histories.replay([file])
    assert (replayed.type, replayed.broken) == ("standard.v1", "")
