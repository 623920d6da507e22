"""Pausing and catching up. Pure: which moments a pause moves, drops or spreads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from doorstep.contracts import CatchUp

CATCH_UP_PACE = timedelta(hours=1)
"""`send_still_useful` lets at most one touch go in this time."""


@dataclass(slots=True)
class Pause:
    """One pause; open while `end` is None."""

    start: datetime
    end: datetime | None = None
    catch_up: CatchUp = CatchUp.SKIP

    def holds(self, moment: datetime) -> bool:
        """Whether something due at `moment` fell due while this pause, now over, lasted."""
        return self.end is not None and self.start <= moment < self.end


class Steering:
    """The pauses of one journey."""

    def __init__(self) -> None:
        self._pauses: list[Pause] = []
        self._next_slot: datetime | None = None
        self.moved = timedelta()
        """By how much pauses that shift have moved what was waiting, altogether."""
        self.moves: list[timedelta] = []
        """Empty until it is moved again; then another list takes this one's place. For whoever waits: a condition that
        is asked without Python."""

    @property
    def paused(self) -> bool:
        return bool(self._pauses) and self._pauses[-1].end is None

    @property
    def paused_since(self) -> datetime | None:
        """When the pause began that lasts (aware UTC); None: it is not paused."""
        return self._pauses[-1].start if self.paused else None

    def pause(self, now: datetime) -> None:
        self._pauses.append(Pause(start=now))

    def resume(self, now: datetime, catch_up: CatchUp) -> timedelta:
        """Ends the pause. Returns by how much what waits must move: its length with `shift`, else nothing."""
        current = self._pauses[-1]
        current.end, current.catch_up = now, catch_up
        self._next_slot = None
        length = now - current.start if catch_up is CatchUp.SHIFT else timedelta()
        if length:
            self.moved += length
            self.moves.append(length)
            self.moves = []
        return length

    def lift(self, now: datetime) -> None:
        """An exit passes a pause: what is told after it waits for nobody."""
        if self.paused:
            self.resume(now, CatchUp.SKIP)

    def shifted(self, anchor: datetime, moment: datetime) -> datetime:
        """`moment`, reckoned from an anchor that lies before a pause that shifts, moves by its length."""
        for pause in self._pauses:
            if pause.catch_up is CatchUp.SHIFT and pause.end is not None and anchor < pause.start <= moment:
                moment += pause.end - pause.start
        return moment

    def missed(self, due: datetime) -> bool:
        """It fell due during a pause whose catch-up drops what it missed."""
        return any(p.holds(due) and p.catch_up is CatchUp.SKIP for p in self._pauses)

    def slot(self, due: datetime, now: datetime) -> datetime | None:
        """When something that fell due during a pause may be caught up; None when it needs no slot."""
        if not any(p.holds(due) and p.catch_up is CatchUp.SEND_STILL_USEFUL for p in self._pauses):
            return None
        slot = now if self._next_slot is None else max(now, self._next_slot)
        self._next_slot = slot + CATCH_UP_PACE
        return slot
