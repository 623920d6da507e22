"""What waits of a person's other journeys while one of them is planned. Each such touch is asked about at its own
moment, by the same gate, so that it takes the slot that it will take; left as it stands it would hold one for days and
fill none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from doorstep.domain.touches import LedgerRow
from doorstep.errors import DoorstepError
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.world import World
from doorstep.touch import perform
from doorstep.touch.ledger import waits_for_a_slot


class Siblings:
    """The other journeys of the person whose journey is `mine`, as far as `world` knows them to go on."""

    def __init__(self, world: World, mine: str) -> None:
        self._world, self._mine = world, mine
        self._asked: dict[str, datetime] = {}
        """When a touch was asked about last: one that is given no later moment then is asked no more."""
        self.waited = any(True for _ in self._waiting())
        """Whether anything of theirs waited to begin with."""

    def _waiting(self) -> Iterator[tuple[datetime, str, LedgerRow]]:
        records = self._world.records
        for rows in records.rows.values():
            for key, row in rows.items():
                journey = records.journeys.get(row.request.journey_id)
                if journey is None or journey.id == self._mine or journey.paused or not waits_for_a_slot(row):
                    continue
                at = row.deferred_until or row.request.due_at
                if key not in self._asked or at > self._asked[key]:
                    yield at, key, row

    def run_until(self, engine: Engine, until: datetime) -> None:
        """`engine.run_until` (aware UTC), while the touches of the others are asked about as they fall due; at one
        moment after those of the journey that is planned, since the gate judges by rank and not by who comes first."""
        while not engine.done:
            at, key, row = min(self._waiting(), default=(until, "", None), key=lambda found: found[:2])
            if row is None or at >= until:
                engine.run_until(until)
                return
            engine.run_until(max(at, engine.now))
            self._ask(key, row, engine.now)

    def _ask(self, key: str, row: LedgerRow, at: datetime) -> None:
        self._asked[key] = at
        try:
            perform(self._world.ports, row.request, at)
        except DoorstepError:  # its template is gone, say: it waits on, as it would for somebody to mend it
            return
