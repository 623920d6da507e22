"""The Temporal server dies while worker and API stand at each of their boundaries, and comes back on its file."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest
from tests.system.kills import claims
from tests.system.kills.house import Lane, Zygote, kill_server
from tests.system.kills.orders import PLACED, REVIEWED, Order
from tests.system.kills.plan import Doom
from tests.system.kills.story import CARED, CONFIRMED

from doorstep.temporal_server import TemporalServer

pytestmark = pytest.mark.system

#: seconds; longer than any touch is held here. A task that the server had handed out and that never arrived is
#: given out anew only after them
HELD = 8.0
#: boundaries where nothing is locked: many processes' threads stand there at once
FREE = (
    "reserve.after_commit",
    "rendered",
    "sending.after_commit",
    "provider.accepted",
    "record.after_commit",
)
#: the transaction is open, and with it the database's one writer: one at a time, so each in a round of its own
LOCKED = ("reserve.before_commit", "sending.before_commit", "record.before_commit")


def order_of(at: str, of: str) -> Order:
    return Order(f"{at}-{of}".replace(".", "-").replace("_", "-"))


def touch(at: str, step: str) -> tuple[Order, Doom]:
    order = order_of(at, step)
    return order, Doom(at=at, subject=order.key(step), then="hold")


def showing(at: str) -> tuple[Order, Doom]:
    order = order_of(at, "journey")
    return order, Doom(at=at, subject=order.journey, then="hold")


def telling(at: str, event: str) -> tuple[Order, Doom]:
    order = order_of(at, event)
    subject = order.webhook(event) if at.startswith("inbox") else order.at(event)
    return order, Doom(at=at, subject=subject, who="", then="hold")


MANY = [
    *(touch(at, step) for at in FREE for step in (CONFIRMED, CARED)),
    showing("projection.after_commit"),
    telling("start.before", PLACED),
    telling("signal.before", REVIEWED),
]
#: per lane: one after the other
SINGLY = [
    [touch(at, CONFIRMED) for at in LOCKED]
    + [telling("start.after", PLACED), telling("inbox.before_commit", PLACED)],
    [touch(at, CARED) for at in LOCKED]
    + [telling("mark.after_commit", PLACED), telling("inbox.after_commit", PLACED)],
    [
        showing("projection.before_commit"),
        telling("mark.before_commit", PLACED),
        telling("signal.after", REVIEWED),
        telling("mark.before_commit", REVIEWED),
        telling("mark.after_commit", REVIEWED),
    ],
]


async def test_the_server_killed_at_any_boundary(tmp_path: Path, zygote: Zygote, migrated: str) -> None:
    """Nothing is lost, told twice or sent twice, even by a provider that cannot be asked: worker and API outlive
    the server's death and go on where they stood."""
    server = TemporalServer(tmp_path / "temporal")
    scripts = [MANY, *SINGLY]
    async with server, contextlib.AsyncExitStack() as stack:
        lanes = [
            await stack.enter_async_context(_lane(n, tmp_path, zygote, server, migrated, script))
            for n, script in enumerate(scripts)
        ]
        for n in range(len(SINGLY[0])):
            here = [(lane, script[n]) for lane, script in zip(lanes[1:], SINGLY, strict=True)]
            here += [(lanes[0], one) for one in MANY if n == 0]
            telling = asyncio.gather(*(_told(lane, one) for lane, one in here))
            await asyncio.gather(*(lane.at(doom) for lane, (_, doom) in here))
            await kill_server(server)
            for lane, (_, doom) in here:
                doom.tell(lane.marks)
            await telling
        wrong = [
            line
            for result in await asyncio.gather(
                *(_wrong(lane, s) for lane, s in zip(lanes, scripts, strict=True))
            )
            for line in result
        ]
    assert not wrong, "\n".join(wrong)


def _lane(
    n: int,
    tmp_path: Path,
    zygote: Zygote,
    server: TemporalServer,
    migrated: str,
    script: list[tuple[Order, Doom]],
) -> Lane:
    silent = [order.key(step) for order, _ in script for step in (CONFIRMED, CARED)]
    dooms = [doom for _, doom in script]
    return Lane(
        f"server-{n}",
        tmp_path,
        zygote,
        server,
        migrated,
        dooms=dooms,
        silent=silent,
        concurrency=16,
        start_to_close=HELD,
    )


async def _told(lane: Lane, one: tuple[Order, Doom]) -> None:
    """The order; its review once the journey is open, so that it is a signal."""
    order, _ = one
    await lane.sender.send(order, PLACED)
    await lane.until(
        lambda: claims.journeys(lane).get(order.journey) in ("open", "closed"), f"{order.name} is open"
    )
    await lane.sender.send(order, REVIEWED)


async def _wrong(lane: Lane, script: list[tuple[Order, Doom]]) -> list[str]:
    orders = [order for order, _ in script]
    await claims.over(lane, orders)
    wrong = claims.sent_wrong(lane, orders) + await claims.heard_wrong(lane, orders)
    wrong += [f"{state}: {key}" for key, state in claims.ledger(lane).items() if state != "accepted"]
    wrong += [f"a process died of the server's death: {lane.deaths}"] if lane.deaths else []
    return wrong
