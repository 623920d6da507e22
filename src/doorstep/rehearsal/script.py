"""When a scenario's entries come: those at a moment of their own, and those that follow a message."""

from __future__ import annotations

import heapq
from datetime import datetime

from doorstep.domain import moments
from doorstep.errors import ScenarioError
from doorstep.rehearsal import checking
from doorstep.rehearsal.moments import After, Moment
from doorstep.rehearsal.scenario import Entry, Scenario
from doorstep.rehearsal.telling import Teller

Told = tuple[datetime, int, Entry | None]
"""When (aware UTC), the entry's number in the scenario, and the entry; the first order itself is number -1."""


class Script:
    """The entries still to come, in order. Raises `ScenarioError` for one that is heard of before it happens, the first
    order too."""

    def __init__(self, scenario: Scenario, teller: Teller) -> None:
        self._scenario, self._teller = scenario, teller
        with checking.blaming(scenario):
            checking.check_year(teller.placed)
            checking.check_heard(scenario, teller.placed)
        heard = scenario.heard
        first = teller.resolved(heard) if isinstance(heard, Moment) else teller.placed
        self._queue: list[Told] = [(first, -1, None)]
        self._after: list[tuple[int, Entry]] = []
        for number, entry in enumerate(scenario.timeline):
            if isinstance(entry.at, After):
                self._after.append((number, entry))
            else:
                heapq.heappush(self._queue, (self._comes(entry, entry.at), number, entry))

    def _comes(self, entry: Entry, moment: Moment) -> datetime:
        at, heard = self._in_time(entry, "at", self._teller.resolved(moment)), getattr(entry, "heard", None)
        if not isinstance(heard, Moment):
            return at
        if (came := self._teller.resolved(heard)) < at:
            zone = moments.zone(self._scenario.person.zone)
            told = [
                f"{one} ({t.astimezone(zone):%Y-%m-%d %H:%M})" for one, t in ((heard, came), (moment, at))
            ]
            raise ScenarioError(
                f"{self._scenario.where(entry, 'heard')}: it is heard of at {told[0]}, before it happens at {told[1]}.",
                mend=f"Write 'heard: {moment}' or later. If it was told by a clock that runs ahead, leave 'heard' out "
                f"and write 'at: {heard}': a journey takes what is dated ahead as of when it was heard.",
            )
        return self._in_time(entry, "heard", came)

    def _in_time(self, entry: Entry, key: str, at: datetime) -> datetime:
        try:
            checking.check_year(at)
        except ScenarioError as error:
            raise ScenarioError(
                f"{self._scenario.where(entry, key)}: {error.what}", mend=error.mend
            ) from None
        return at

    @property
    def next_at(self) -> datetime | None:
        """When the next entry comes; None: no more does by itself."""
        return self._queue[0][0] if self._queue else None

    def pop(self) -> Told:
        """The next entry."""
        return heapq.heappop(self._queue)

    def sent(self, step: str, order: str, at: datetime) -> None:
        """A touch was sent: what follows it comes so much later, to the second."""
        for number, entry in list(self._after):
            assert isinstance(entry.at, After)
            if (entry.at.step, entry.order) == (step, order):
                self._after.remove((number, entry))
                comes = self._in_time(entry, "at", (at + entry.at.wait).replace(microsecond=0))
                heapq.heappush(self._queue, (comes, number, entry))

    def happened(self, entry: Entry, at: datetime) -> datetime:
        """When that happened which is told at `at`."""
        return self._teller.resolved(entry.at) if isinstance(entry.at, Moment) else at

    def unanswered(self) -> list[tuple[After, Entry]]:
        """Entries that follow a touch which was never sent."""
        return [(entry.at, entry) for _, entry in self._after if isinstance(entry.at, After)]
