"""What a plan takes to happen that nobody knows yet, by name; and a journey led on under it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from doorstep.contracts import (
    ACT_UPDATE,
    DELIVER_SIGNAL,
    STATE_QUERY,
    Action,
    ActionKind,
    CatchUp,
    ClaimRequest,
)
from doorstep.domain.events import Envelope
from doorstep.rehearsal.activities import ActivityCall, ActivityFunction
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.siblings import Siblings
from doorstep.rehearsal.world import World

_RESUMED = "assumed:resume"
"""The id of an action that nobody asked for."""
LET_GO = "what fell due during the pause is let go (catch-up 'skip')"
"""What becomes of it, in words."""


class Assumption(StrEnum):
    """What is taken to happen that nobody knows yet."""

    NOTHING = "nothing"
    """Nothing else happens: the customer and the carrier do nothing more."""
    ARRIVES = "arrives"
    """Each parcel under way arrives when the carrier says; nothing else happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A parcel under way and when its carrier expects it (aware UTC)."""

    shipment: str
    at: datetime
    name: str = ""
    """As people know it: its carrier and the number there, as far as they are known."""


def assumed(
    assumption: Assumption, arrivals: tuple[Arrival, ...], *, resumed: bool = False, siblings: bool = False
) -> tuple[str, ...]:
    """The same in words. `resumed`: and that the journey is. `siblings`: something of the person's others waits."""
    said: list[str] = []
    if resumed:
        said.append(f"It is resumed now, and {LET_GO}.")
    if assumption is Assumption.ARRIVES:
        said += [
            f"A parcel{f' ({a.name})' if a.name else ''} arrives on {a.at:%-d %b %Y, %H:%M} UTC, as its carrier says."
            for a in arrivals
        ]
    rest = "Nothing else happens." if said else "Nothing more happens."
    if assumption is Assumption.ARRIVES and not arrivals:
        said.append("No carrier has said when a parcel comes.")
    others = "send what waits of them already, each at its moment, and nothing more"
    if not siblings:
        others = "send nothing more"
    return (*said, rest, f"This person's other journeys {others}.")


def paused_since(engine: Engine) -> datetime | None:
    """When the pause began (aware UTC) that holds a rebuilt journey; None: it is not paused, or in the sandbox."""
    steering = None if engine.done else getattr(engine.workflow, "_steering", None)
    since: datetime | None = getattr(steering, "paused_since", None)
    return since


def resume(engine: Engine) -> bool:
    """Resume a rebuilt journey that is paused, and whether it was: what a pause holds is of use for what comes after
    it. Its `claim_action` is one of `claims`."""
    if not engine.done:
        engine.run_until(engine.now)  # what is due by now may end it
    if engine.done:
        return False
    # the sandbox does not let anybody look in
    paused = engine.query(STATE_QUERY).paused if engine.sandboxed else paused_since(engine) is not None
    if paused:
        engine.update(ACT_UPDATE, _RESUMED)
    return bool(paused)


def claims(world: World) -> ActivityFunction:
    """The world's `claim_action`, which knows of that resumption too: as of an agent's who does not say what becomes
    of what fell due meanwhile."""

    def claim_action(call: ActivityCall, request: ClaimRequest) -> Action:
        if request.action_id == _RESUMED:
            return Action(id=_RESUMED, kind=ActionKind.RESUME, catch_up=CatchUp.SKIP)
        return world.claim_action(call, request)

    return claim_action


def run_on(
    engine: Engine,
    world: World,
    until: datetime,
    arrivals: tuple[Arrival, ...],
    siblings: Siblings | None = None,
) -> None:
    """Let a rebuilt journey go on until then, or its end; the parcels arrive as told, and what waits of the person's
    other journeys is asked about, where `siblings` knows of any."""
    for arrival in sorted(arrivals, key=lambda a: (a.at, a.shipment)):
        if engine.done:
            return
        comes = max(arrival.at, engine.now)
        _until(engine, comes, siblings)
        if not engine.done:
            delivered = _delivered(arrival.shipment, comes)
            for order in world.records.orders.values():
                if order.journey_id == engine.workflow_id:
                    order.state = order.state.apply(delivered)
            engine.signal(DELIVER_SIGNAL, [delivered])
    if not engine.done:
        _until(engine, until, siblings)


def _until(engine: Engine, until: datetime, siblings: Siblings | None) -> None:
    if siblings is None:
        engine.run_until(until)
    else:
        siblings.run_until(engine, until)


def _delivered(shipment: str, at: datetime) -> Envelope:
    return Envelope(
        id=f"assumed:{shipment}:delivered",
        fact_key=f"shipment:{shipment}:delivered",
        type="shipment.delivered",
        occurred_at=at,
        received_at=at,
        connection="assumed",
        subject=shipment,
        data={},
    )
