"""What a journey can do. An author subclasses `Journey`, writes `run` as ordinary Python, and publishes it
with `@journey(name, version=…)`. Everything here runs inside a Temporal workflow: no clock but
`self.now`, no chance, no I/O; the outside is reached through `doorstep.contracts` only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence, Sized
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from temporalio import workflow

from doorstep.domain import ids, moments
from doorstep.domain.events import Event
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.outcomes import Outcome
from doorstep.errors import JourneyError
from doorstep.workflows.arms import Arms
from doorstep.workflows.conditions import condition_name
from doorstep.workflows.effects import Effects
from doorstep.workflows.hearing import no_event
from doorstep.workflows.patches import declare_patch
from doorstep.workflows.touching import (
    Condition,
    Touch,
    check_channels,
    check_condition,
    check_priority,
    occurrence_of,
)

_ANCHOR: ContextVar[datetime | None] = ContextVar("doorstep_anchor", default=None)
"""When that happened which the running arm last waited for: a touch without a moment of its own is due then."""
_REACHED: ContextVar[datetime | None] = ContextVar("doorstep_reached", default=None)
"""When the latest of all that happened which the running arm waited for: before that it could not have gone on."""
_USEFUL_FOR = {Purpose.MARKETING: timedelta(days=3), Purpose.TRANSACTIONAL: timedelta(days=2)}
_PURPOSES = tuple(Purpose)
_BY_MAIL = (Channel.EMAIL,)
_USUAL = 50
ONCE_REACHED = "useful-once-reached"
"""A touch about an event is not due before its arm could reach it."""
declare_patch(ONCE_REACHED)


class Journey(Effects):
    """Base of every journey."""

    def variant(self, experiment: str, *options: str) -> str:
        """One of the options, the same for this person and experiment for ever."""
        if not options:
            raise JourneyError(f"variant('{experiment}') has no options.", mend="Name at least one.")
        return options[int(ids.fraction("variant", experiment, self._start.person_ref) * len(options))]

    # --- moments --------------------------------------------------------------------------------------

    def day(self, n: int) -> datetime:
        """The opening of the send window on the local date the order was placed + `n` days (UTC), spread
        over the window's first part by a hash of the order."""
        moment = moments.opening_of_day(self.placed_at, n, self._zone, self._start.window, self._spread)
        return self._steering.shifted(self.placed_at, moment)

    def after(
        self, anchor: Event | datetime, *, days: float = 0, hours: float = 0, minutes: float = 0
    ) -> datetime:
        """So long after something *happened* (UTC). Whole days are reckoned by the person's calendar and
        open with the send window; hours and minutes are elapsed time."""
        at = anchor.at if isinstance(anchor, Event) else anchor
        if days == int(days) and days and not hours and not minutes:
            moment = moments.opening_of_day(at, int(days), self._zone, self._start.window, self._spread)
        else:
            moment = at + timedelta(days=days, hours=hours, minutes=minutes)
        return self._steering.shifted(at, moment)

    # --- waiting --------------------------------------------------------------------------------------

    async def wait_for[E: Event](
        self,
        *types: type[E],
        until: datetime | None = None,
        where: Callable[[E], bool] | None = None,
    ) -> E | None:
        """The first such event; one that has happened already counts. None when `until` passes first."""
        self._hears(types)
        try:
            name = " or ".join([cls.type for cls in types])
        except AttributeError:
            raise no_event(types) from None
        if where is None:
            signs = self._hearing.signs(types)
            deadline = await self._until("event", name, partial(any, signs), until, signs)
        else:
            deadline = await self._until(
                "event", name, lambda: self._hearing.find(types, where) is not None, until
            )
        if deadline is not None:
            _ANCHOR.set(deadline)
            return None
        found = self._hearing.find(types, where)
        assert found is not None
        _ANCHOR.set(found.at)
        _REACHED.set(max(found.at, _REACHED.get() or found.at))
        return found

    async def wait_until(
        self, condition: Callable[[], bool], *, until: datetime | None = None, name: str = ""
    ) -> bool:
        """Until a condition on what was heard holds (True) or `until` passes (False). Support reads `name`; without
        one, what the condition says."""
        deadline = await self._until("event", name or condition_name(condition), condition, until)
        if deadline is not None:
            _ANCHOR.set(deadline)
            return False
        _ANCHOR.set(self._hearing.log[-1].at if self._hearing.log else self.now)
        return True

    async def sleep_until(self, moment: datetime, name: str = "a moment") -> None:
        """Until a moment; at once if it has passed. Support reads `name`."""
        _ANCHOR.set(await self._until("moment", name, lambda: False, moment, ()))

    async def _until(
        self,
        kind: str,
        name: str,
        condition: Callable[[], bool],
        until: datetime | None,
        signs: Sequence[Sized] | None = None,
    ) -> datetime | None:
        """None when the condition held, else the deadline that came first. A pause that shifts moves the
        deadline of what waits when it ends. `signs`: the condition holds when one of these is not empty."""
        steering = self._steering
        begun = steering.moved
        while not condition():
            moves = steering.moves
            deadline = None if until is None else until + (steering.moved - begun)
            stirred = (
                (lambda: condition() or bool(moves))  # noqa: B023 - asked in this round only
                if signs is None
                else partial(any, (*signs, moves))
            )
            with self._reporter.waiting(kind, name, deadline):
                await self._held(stirred, deadline)
            if not condition() and not moves:
                return deadline
        return None

    async def events[E: Event](self, *types: type[E]) -> AsyncIterator[E]:
        """Every such event, past ones first, each once, for as long as the journey lasts."""
        self._hears(types)
        coming = self._hearing.follow(types)
        while True:
            if not coming:
                await self._held(partial(bool, coming), None)
            event = coming.popleft()
            _ANCHOR.set(event.at)
            yield event

    def arms(self, *, join: bool = False) -> Arms:
        """Things done at the same time: `async with self.arms() as arm: arm(self.shipping())`."""
        return Arms(join=join)

    # --- reaching the customer ------------------------------------------------------------------------

    async def send(
        self,
        step: str,
        *,
        at: datetime | None = None,
        useful_for: timedelta | None = None,
        unless: Condition | tuple[Condition, ...] = (),
        purpose: Purpose = Purpose.MARKETING,
        channels: tuple[Channel, ...] = _BY_MAIL,
        about: Event | str | None = None,
        template: str | None = None,
        items: tuple[str, ...] = (),
        offered: tuple[str, ...] = (),
        context: Mapping[str, Any] | None = None,
        priority: int = _USUAL,
        prompted: bool = False,
    ) -> Outcome:
        """One touch, from its due moment to its outcome.

        `at`: when it is due (UTC); without it, when that happened which the arm last waited for. About an event it is
        not due before whatever else the arm waited for has happened: who orders again before the parcel is there is
        welcomed when it is. It is of
        use for `useful_for` after that (3 days for marketing, 2 for transactional), then skipped as stale.
        `unless`: an event type or a callable, evaluated when due. `about`: what a repeated step is about,
        an event or a name. `channels` in order of preference; `priority` from 0 to 100. `prompted`: the person's own
        act caused it.
        Raises `JourneyError` when the step was sent already for the same occurrence.
        """
        conditions = check_condition(unless)
        if purpose not in _PURPOSES:
            raise JourneyError(f"'{purpose}' is no purpose.", mend="Use Purpose.MARKETING or .TRANSACTIONAL.")
        if channels != _BY_MAIL:
            channels = check_channels(channels)
        if priority != _USUAL:
            check_priority(priority)
        due = at or (about.at if isinstance(about, Event) else None) or _ANCHOR.get() or self.placed_at
        reached = _REACHED.get()
        if at and reached and isinstance(about, Event) and at < reached and self.patched(ONCE_REACHED):
            due = reached
        if useful_for is None:
            useful_for = _USEFUL_FOR[purpose]
        outcome = await self._desk.carry(
            Touch(
                step=step,
                occurrence=occurrence_of(about),
                due=due,
                useful_for=useful_for,
                unless=conditions,
                purpose=purpose,
                channels=channels,
                template=template or step,
                items=items,
                offered=offered,
                context=context or {},
                priority=priority,
                prompted=prompted,
            )
        )
        if at is not None:
            _ANCHOR.set(at)
        return outcome

    # --- course ---------------------------------------------------------------------------------------

    def phase(self, name: str) -> None:
        """Where the journey stands, in a word support understands."""
        self._reporter.phase(name)

    async def exit(self, cause: str) -> None:
        """Leave the course: everything that waits is cancelled, `after_exit(cause)` follows."""
        self._leave(cause)
        await workflow.wait_condition(lambda: False)
