"""The engine of a journey: how it starts, listens, is steered, leaves its course and ends. Shared by every
version: changes that alter commands go behind `self.patched`. What an author uses is in `journey`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import ClassVar

from temporalio import workflow

from doorstep import contracts
from doorstep.contracts import ActionResult, JourneyStart, JourneyView
from doorstep.domain import ids, moments
from doorstep.domain.events import Envelope, Event
from doorstep.domain.facts import ON_REQUEST, Line, ZoneChanged
from doorstep.domain.orders import OrderState
from doorstep.errors import JourneyError, nearest
from doorstep.workflows import patches
from doorstep.workflows.agents import Agents
from doorstep.workflows.arms import settled
from doorstep.workflows.desk import Desk
from doorstep.workflows.hearing import Hearing
from doorstep.workflows.outcome import outcome_of
from doorstep.workflows.reporter import Reporter
from doorstep.workflows.steering import Steering


class JourneyCore:
    """What every journey has, whatever its story."""

    journey_name: ClassVar[str] = ""
    journey_version: ClassVar[int] = 0
    hears: ClassVar[tuple[type[Event], ...]] = ()
    """Events it asks to be told of beside all others: `MessageOpened`, `MessageClicked` (`facts.ON_REQUEST`)."""

    @workflow.init
    def __init__(self, start: JourneyStart) -> None:
        self._start = start
        self._zone = start.zone
        self._spread = ids.fraction("spread", start.order_ref)
        self._hearing = Hearing()
        self._hearing.receive((start.placed, *start.events))
        self._steering = Steering()
        self._exit: str | None = None
        self._closing = False
        self._patched: dict[str, bool] = {}
        self._desk = Desk(self)
        self._agents = Agents(self)
        self._reporter = Reporter(self)

    async def run(self) -> str | None:
        """The story, written by the author. What it returns is the journey's outcome."""
        raise JourneyError(f"{type(self).__name__} has no `run`.", mend="Write `async def run(self)`.")

    async def after_exit(self, cause: str) -> None:
        """Told once the journey has left its course (`order_cancelled`, `nothing_kept`, `erased`,
        `cancelled_by_agent` or what `exit` was given). Transactional touches still pass."""

    # --- what is true -------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The workflow's time (aware UTC); never the machine's. As `workflow.now()`, which asks the same loop by way
        of four others."""
        return datetime.fromtimestamp(asyncio.get_running_loop().time(), UTC)

    @property
    def placed_at(self) -> datetime:
        """When the order was placed (aware UTC)."""
        return self._start.placed.occurred_at

    @property
    def order(self) -> OrderState:
        """Lines, parcels, refunds, returns and complaints as heard so far."""
        return self._hearing.order

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines the customer keeps."""
        return self.order.kept_lines

    @property
    def first_order(self) -> bool:
        """This was the person's first order when it was placed."""
        return self._start.first_order

    @property
    def vip(self) -> bool:
        """The person was a VIP when the order was placed."""
        return self._start.vip

    @property
    def country(self) -> str:
        """ISO 3166 code of where the order goes, or the empty string."""
        return self._start.country

    @property
    def zone(self) -> str:
        """The person's IANA time zone, as last heard."""
        return self._zone

    def patched(self, name: str) -> bool:
        """Whether this journey takes the new way of a change to shared code (`patches`). Asked wherever the ways
        part; the first answer stands for the journey's life, and is kept in its history when it is yes."""
        if name not in patches.declared():
            raise JourneyError(
                f"There is no patch '{name}'.{nearest(name, patches.declared())}",
                mend="Declare it: `declare_patch(name)` beside the code that it changes.",
            )
        if name not in self._patched:
            waits = patches.held(name) and not workflow.unsafe.is_replaying()
            self._patched[name] = not waits and workflow.patched(name)
        return self._patched[name]

    def seen(self, *types: type[Event]) -> bool:
        """Whether such an event has happened."""
        self._hears(types)
        return self._hearing.find(types) is not None

    def seen_event[E: Event](self, *types: type[E]) -> E | None:
        """The first such event, if one has happened."""
        self._hears(types)
        return self._hearing.find(types)

    def heard[E: Event](self, cls: type[E]) -> list[E]:
        """Every such event so far, in the order the journey took them."""
        self._hears((cls,))
        return self._hearing.all(cls)

    def _hears(self, types: Iterable[type[Event]]) -> None:
        """Raises `JourneyError` for an event that is told only to those that ask for it, and this one does not."""
        for cls in types:
            if cls in ON_REQUEST and cls not in self.hears:
                raise JourneyError(
                    f"The journey is not told of '{cls.type}'.",
                    mend=f"Ask for it in the class: `hears = ({cls.__name__},)`.",
                )

    # --- what comes in --------------------------------------------------------------------------------

    @workflow.signal(name=contracts.DELIVER_SIGNAL)
    def _deliver(self, events: list[Envelope]) -> None:
        self._hearing.receive(events)

    @workflow.update(name=contracts.ACT_UPDATE)
    async def _act(self, action_id: str) -> ActionResult:
        action = await contracts.claim_action(
            contracts.ClaimRequest(action_id=action_id, journey_id=self._start.journey_id, at=self.now)
        )
        if action.withdrawn:
            return ActionResult(applied=False, detail="Withdrawn before the journey could take it.")
        result = self._agents.act(action)
        self._reporter.acted(action_id, result)
        return result

    @workflow.query(name=contracts.STATE_QUERY)
    def _state(self) -> JourneyView:
        return self._reporter.view()

    def _leave(self, cause: str) -> None:
        if self._exit is None:
            self._exit = cause
            self._steering.lift(self.now)
            self._reporter.exited(cause, self.now)

    def _once_an_order(self, condition: Callable[[], bool]) -> Callable[[], bool]:
        """A condition on the order alone, asked again only when the order has changed."""
        hearing, asked, holds = self._hearing, None, False

        def held() -> bool:
            nonlocal asked, holds
            if asked is not hearing.order:
                asked, holds = hearing.order, condition()
            return holds

        return held

    async def _held(self, condition: Callable[[], bool], until: datetime | None) -> bool:
        """One timer at most, armed once. True when the condition held, False when `until` came first."""
        if condition():
            return True
        if until is None:
            await workflow.wait_condition(condition)
            return True
        left = until - self.now
        if left <= timedelta():
            return False
        try:
            await workflow.wait_condition(condition, timeout=left)
        except TimeoutError:
            return condition()
        return True

    # --- the engine -----------------------------------------------------------------------------------

    async def _main(self, start: JourneyStart) -> str:
        await self._settle()
        helpers = [asyncio.ensure_future(self._reporter.run()), asyncio.ensure_future(self._listen())]
        outcome = await self._story()
        if self._exit is not None:
            outcome = self._exit
            if self._exit != "erased":
                self._reporter.phase("closing")
                await self.after_exit(self._exit)
        self._closing = True
        for helper in helpers:
            helper.cancel()
        await workflow.wait_condition(workflow.all_handlers_finished)
        await self._reporter.close(outcome or "completed")
        return outcome or "completed"

    async def _story(self) -> str | None:
        story = asyncio.ensure_future(self.run())
        try:
            await workflow.wait_condition(lambda: story.done() or self._exit is not None)
        except asyncio.CancelledError:
            if workflow.cancellation_reason() is None:
                raise  # evicted from the cache: nobody wants the journey to end
            self._leave("cancelled_by_operator")
        if not story.done():
            story.cancel()
            await settled(story)
        return None if story.cancelled() else outcome_of(story.result())

    async def _settle(self) -> None:
        """Let the settle window pass, then take what was heard in the order it happened."""
        if self._start.settle > timedelta():
            await asyncio.sleep(self._start.settle.total_seconds())
        for heard in self._hearing.absorb():
            if isinstance(heard, ZoneChanged) and moments.is_zone(heard.zone):
                self._zone = heard.zone
        self._desk.heard()
        if self.order.erased_at is not None:
            self._leave("erased")
        elif self.order.cancelled_at is not None:
            self._leave("order_cancelled")
        elif self.order.gone:
            self._leave("nothing_kept")

    async def _listen(self) -> None:
        while True:
            await workflow.wait_condition(partial(bool, self._hearing.pending))
            await self._settle()
