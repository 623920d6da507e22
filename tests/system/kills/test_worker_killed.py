"""A worker dies at each boundary of a touch, of a projection and of an action's claim."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.system.kills import claims
from tests.system.kills.doomed import RECONCILE
from tests.system.kills.house import Lane, Zygote
from tests.system.kills.orders import PLACED, REVIEWED, Order
from tests.system.kills.plan import Doom
from tests.system.kills.story import CARED, CONFIRMED, THANKED

from doorstep.temporal_server import TemporalServer

pytestmark = pytest.mark.system

CLEAR = (
    "reserve.before_commit",
    "reserve.after_commit",
    "rendered",
    "sending.before_commit",
    "record.after_commit",
)
SENDING, TAKEN, RECORDING = "sending.after_commit", "provider.accepted", "record.before_commit"


@dataclass(frozen=True)
class Case:
    """Where the worker dies with a touch in hand, and what must have become of that touch: its state, how often
    the provider took it. `silent`: the provider cannot be asked."""

    step: str
    dies: tuple[str, ...]
    state: str
    times: int
    silent: bool = False

    @property
    def order(self) -> Order:
        about = "silent" if self.silent else "asked"
        return Order(f"{'-'.join(self.dies)}-{self.step}-{about}".replace(".", "-").replace("_", "-"))

    @property
    def key(self) -> str:
        return self.order.key(self.step)

    @property
    def dooms(self) -> list[Doom]:
        return [Doom(at=at, subject=self.key) for at in self.dies]

    def wrong(self, states: dict[str, str], sent: dict[str, list]) -> list[str]:
        found = (states.get(self.key), len(sent.get(self.key, [])))
        if found != (self.state, self.times):
            return [f"{self.order.name}: {found}, not {(self.state, self.times)}"]
        at = sent.get(self.key, [])
        if self.times == 2 and at[1] - at[0] < RECONCILE:
            return [f"{self.order.name}: sent again {at[1] - at[0]} after, before R was over"]
        return []


T, M = CONFIRMED, CARED
CASES = (
    # nobody knows whether it left: transactional goes after R, marketing never again
    Case(T, (SENDING,), "accepted", 1),
    Case(M, (SENDING,), "unknown", 0),
    Case(T, (SENDING,), "accepted", 1, silent=True),
    Case(M, (SENDING,), "unknown", 0, silent=True),
    # it left, and the provider says so when asked
    *(Case(step, (at,), "accepted", 1) for at in (TAKEN, RECORDING) for step in (T, M)),
    *(Case(step, (TAKEN, RECORDING), "accepted", 1) for step in (T, M)),
    # it left, and the provider cannot be asked: twice at most for transactional, and after R
    *(Case(T, (at,), "accepted", 2, silent=True) for at in (TAKEN, RECORDING)),
    *(Case(M, (at,), "unknown", 1, silent=True) for at in (TAKEN, RECORDING)),
    # it is clear from the ledger alone
    *(Case(step, (at,), "accepted", 1) for at in CLEAR for step in (T, M)),
)
SHOWN = {Order(f"projection-{when}"): f"projection.{when}_commit" for when in ("before", "after")}
CLAIMED = {Order(f"claim-{when}"): f"claim.{when}_commit" for when in ("before", "after")}


async def test_a_worker_killed_at_any_boundary_of_a_touch(
    tmp_path: Path, zygote: Zygote, temporal_server: TemporalServer, migrated: str
) -> None:
    """Marketing is never sent twice, transactional once when the provider can be asked and again only after R when
    not, and no journey, event or touch is lost."""
    orders = [*(case.order for case in CASES), *SHOWN]
    dooms = [doom for case in CASES for doom in case.dooms]
    dooms += [Doom(at=at, subject=order.journey) for order, at in SHOWN.items()]
    silent = [case.key for case in CASES if case.silent]
    lane = Lane("worker", tmp_path, zygote, temporal_server, migrated, dooms=dooms, silent=silent, workers=5)
    async with lane:
        await asyncio.gather(*(lane.tell(order) for order in orders))
        await claims.over(lane, orders)
        states, sent = claims.ledger(lane), claims.log(lane)
        wrong = lane.died_at(dooms)
        for case in CASES:
            wrong += case.wrong(states, sent)
        twice = {case.key for case in CASES if case.times == 2}
        wrong += claims.sent_wrong(lane, orders, twice) + await claims.heard_wrong(lane, orders)
        assert not wrong, "\n".join(wrong)
        assert len(lane.deaths) == len(dooms), "and nothing else died"


async def test_a_worker_killed_while_it_claims_an_action(
    tmp_path: Path, zygote: Zygote, temporal_server: TemporalServer, migrated: str
) -> None:
    """What the agent is told is what happens: an action said to be withdrawn never takes hold, one that the journey
    had taken does, wherever the worker died between the two."""
    dooms = [Doom(at=at, subject=order.journey) for order, at in CLAIMED.items()]
    lane = Lane("claim", tmp_path, zygote, temporal_server, migrated, dooms=dooms, concurrency=4)
    async with lane:
        await asyncio.gather(*(_skipped(lane, order) for order in CLAIMED))
        await claims.over(lane, CLAIMED)
        states, became = claims.ledger(lane), claims.actions(lane)
        wrong = lane.died_at(dooms)
        wrong += claims.sent_wrong(lane, CLAIMED, ends=("cancelled",)) + await claims.heard_wrong(
            lane, CLAIMED
        )
        assert not wrong, "\n".join(wrong)
        for order in CLAIMED:
            thanked = {"applied": "cancelled", "withdrawn": "accepted"}[became[order.journey]]
            assert states[order.key(THANKED)] == thanked, (order, became)


async def _skipped(lane: Lane, order: Order) -> None:
    """An agent leaves the last step out; what was answered must hold when the review is in."""
    await lane.sender.send(order, PLACED)
    await lane.until(lambda: claims.ledger(lane).get(order.key(CARED)) == "accepted", "it waits for a review")
    answer = await lane.act(order, "skip", step=THANKED)
    assert answer.status_code in (200, 202, 503), answer.text
    told = "withdrawn" if answer.status_code == 503 else "applied"
    await lane.until(lambda: claims.actions(lane)[order.journey] == told, f"{order.name} is {told}", 30)
    await lane.sender.send(order, REVIEWED)
