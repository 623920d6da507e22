"""How much is too much for one person, across all their orders?

Boundaries: a cap of `limit` in `window` allows at most `limit` touches in any half-open [t, t + window), so
a slot is free again exactly `window` after the touch that held it. Counted in whole seconds, parts of one in the
touch's favour: of two touches at one local hour a week apart, neither is told from the other by how late a timer fired,
so a server judges them as a rehearsal does. Touches dated after `at` count too (the
clocks of two journeys need not agree). A waiting touch counts while `due_at <= at < expires_at`: a dead row
stops blocking at its expiry.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from doorstep.domain.customers import Cap, StorePolicy, WaitingTouch
from doorstep.domain.outcomes import RuleTrace, SkipReason, Verdict
from doorstep.domain.values import value
from doorstep.policies.case import Case, Ruling, defers, iso, skips
from doorstep.policies.holdout import held_out

#: a deferral is never shorter: a touch that finds no slot must not spin
LEAST = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
#: the longest part of a second
_PART = timedelta(microseconds=999_999)


@value(frozen=True, slots=True, kw_only=False)
class Slots:
    """One cap as this touch meets it. `free_at`: the first instant it leaves a slot; None: never."""

    cap: Cap
    allowed: int
    used: int
    ahead: int
    free_at: datetime | None

    @property
    def full(self) -> bool:
        return self.used + self.ahead >= self.allowed

    @property
    def hours(self) -> float:
        return _hours(self.cap.window)

    def as_json(self, free_at: str | None) -> dict[str, Any]:
        """`free_at`: its own, in words."""
        return {
            "limit": self.cap.limit,
            "window_hours": self.hours,
            "allowed": self.allowed,
            "used": self.used,
            "ahead": self.ahead,
            "free_at": free_at,
        }

    def __str__(self) -> str:
        used = f"{self.used} of {self.allowed} marketing messages in {self.hours:g} hours are used"
        return f"{used}, and {self.ahead} wait with a higher rank" if self.ahead else used


def frequency(case: Case) -> RuleTrace | Ruling:
    """Caps and arbitration, for marketing only.

    Touches that wait with a higher rank take free slots first: each is taken to be sent now, or to expire.
    So two touches that wake for the same slot answer alike whichever asks first, and the lower one asks
    again when that slot is next free. If the higher one is then skipped for another reason, its slot stays
    empty for at most that one window. A touch that an agent sends now waits for no other and needs to leave
    no headroom; what is full stays full.
    """
    if not case.marketing:
        return RuleTrace("frequency", Verdict.PASS, {}, "Caps bind marketing only.")
    ahead, counted, begun = _ahead(case), _counted(case), _begun(case.at + _PART)
    slots = [
        _slots(case, cap, allowed, [at for at in counted if at > begun - cap.window], ahead)
        for cap, allowed in slots_of(case.facts.policy, case.request.priority, ranked=_ranked(case))
    ]
    now = iso(case.at)
    read = {
        "priority": case.request.priority,
        "caps": [s.as_json(now if s.free_at is case.at else iso(s.free_at)) for s in slots],
        "waiting_ahead": [w.key for w in ahead],
        "holding": case.holding,
    }
    if case.request.ignore_timing:
        read["overridden"] = True
    full = [s for s in slots if s.full]
    if not full:
        return RuleTrace("frequency", Verdict.PASS, read, "Every cap has a slot left for this touch.")
    return _no_slot(case, full, read)


def _no_slot(case: Case, full: list[Slots], read: dict[str, Any]) -> Ruling:
    """Every blocker only ever goes away, so the latest of the caps' free instants is free under all."""
    until = case.at + LEAST
    for slots in full:
        if slots.free_at is None:
            return _skips(f"{slots}: this cap never leaves a slot.", read)
        until = max(until, slots.free_at)
    until = case.facts.policy.window.next_opening(until, case.facts.zone)
    tightest = max(full, key=lambda s: s.free_at or case.at)
    if until >= case.request.expires_at:
        return _skips(f"{tightest}: a slot is free only after its use has ended.", read)
    detail = f"{tightest}; asked again at {iso(until)}."
    return defers("frequency", until, SkipReason.FREQUENCY_CAPPED, detail, read)


def _skips(detail: str, read: dict[str, Any]) -> Ruling:
    return skips("frequency", SkipReason.FREQUENCY_CAPPED, detail, read)


def _slots(case: Case, cap: Cap, allowed: int, used: list[datetime], ahead: list[WaitingTouch]) -> Slots:
    """`used`: when those went that are within the cap's window."""
    over = len(used) + len(ahead) - allowed
    free_at: datetime | None = case.at
    if allowed < 1:
        free_at = None
    elif over >= 0:  # once `over + 1` of them have gone, `allowed - 1` remain
        taken = [min(w.expires_at, case.at + cap.window) for w in ahead]
        free_at = sorted([*(at + cap.window for at in used), *taken])[over]
    return Slots(cap, allowed, len(used), len(ahead), free_at)


def _begun(at: datetime) -> datetime:
    """The second that runs then."""
    return at.replace(microsecond=0) if at.microsecond else at


@lru_cache(maxsize=256)
def _hours(window: timedelta) -> float:
    return window / _HOUR


def slots_of(policy: StorePolicy, priority: int, *, ranked: bool = False) -> list[tuple[Cap, int]]:
    """Each cap and up to how many slots of it a touch of that priority may fill; one whose turn it is (`ranked`), all.
    Headroom never takes the last slot: a cap of one with headroom of one would otherwise silence every ordinary touch
    for good."""
    if ranked or priority >= policy.headroom_from:
        return [(cap, cap.limit) for cap in policy.caps]
    widest = _widest(policy)
    return [
        (cap, min(cap.limit, max(1, cap.limit - policy.headroom)) if cap == widest else cap.limit)
        for cap in policy.caps
    ]


def _widest(policy: StorePolicy) -> Cap | None:
    """The cap over the longest window, which keeps the headroom; of two, the tighter."""
    return max(policy.caps, key=lambda cap: (cap.window, -cap.limit), default=None)


def _counted(case: Case) -> list[datetime]:
    """When touches began that fill this person's caps; shadow ones only where the person lives in the shadow."""
    shadow = held_out(case.request, case.facts)
    return [_begun(t.at) for t in case.facts.counted if shadow or not t.shadow]


def _ahead(case: Case) -> list[WaitingTouch]:
    """Waiting touches that rank before this one: higher priority, then due earlier, then by key."""
    if not case.facts.waiting or _ranked(case):
        return []
    request = case.request
    mine = (-request.priority, request.due_at, request.key)
    ranked = sorted(case.facts.waiting, key=_rank)
    return [w for w in ranked if _rank(w) < mine and w.due_at <= case.at < w.expires_at]


def _ranked(case: Case) -> bool:
    """Whether it is its turn whoever waits: it holds its slot already, which no later comer takes away, or an
    agent said to send now."""
    return case.holding or case.request.ignore_timing


def _rank(w: WaitingTouch) -> tuple[int, datetime, str]:
    return (-w.priority, w.due_at, w.key)
