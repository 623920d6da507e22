"""A touch as the journey's desk keeps it, and what an author may say of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow

from doorstep.contracts import Wait
from doorstep.domain.events import Event
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.outcomes import Outcome, OutcomeKind, SkipReason
from doorstep.errors import JourneyError, nearest

_MOST_URGENT = 100
Condition = type[Event] | Callable[[], bool]


def check_condition(unless: Condition | tuple[Condition, ...]) -> tuple[Condition, ...]:
    """The conditions as a tuple. Raises `JourneyError` for a bool: it would be evaluated now, not when due."""
    conditions = unless if isinstance(unless, tuple) else (unless,)
    for condition in conditions:
        if not callable(condition):
            raise JourneyError(
                f"unless= got {condition!r}, which is no condition.",
                mend="Give an event type, or a function that is asked when the touch is due.",
            )
    return conditions


def check_channels(channels: Iterable[Channel]) -> tuple[Channel, ...]:
    """The channels as a tuple. Raises `JourneyError` for what is no channel, offering the nearest: whoever decodes such
    a touch could only fail, and would be asked again for as long as it is of use. Not of what is history: a release
    before let it through, and that journey goes on. None at all is for the gate, which leaves the touch out."""
    if workflow.unsafe.is_replaying():
        return tuple(channels)
    if isinstance(channels, str):
        raise JourneyError(
            f"channels= got '{channels}' by itself.", mend="Give a tuple of them: channels=(Channel.SMS,)."
        )
    made, known = tuple(channels), tuple(Channel)
    for channel in made:
        if channel not in known:
            raise JourneyError(
                f"'{channel}' is no channel.{nearest(str(channel), known)}",
                mend=f"Use {', '.join(f'Channel.{one.name}' for one in known)}.",
            )
    return made


def check_priority(priority: object) -> None:
    """Raises `JourneyError` for what is no whole number from 0 to 100: arbitration would put it before everything, or
    nobody could decode the touch. Not of what is history, as `check_channels`."""
    if not ((isinstance(priority, int) and 0 <= priority <= _MOST_URGENT) or workflow.unsafe.is_replaying()):
        raise JourneyError(
            f"priority= got {priority!r:.20}, and goes from 0 to {_MOST_URGENT}.",
            mend="Give a whole number, such as 70.",
        )


def occurrence_of(about: Event | str | None) -> str:
    """The name of what a repeated step is about: from its cause, never from arrival order."""
    if isinstance(about, Event):
        kind, _, what = about.name.partition(".")
        return f"{kind}:{about.subject}:{what}" if about.subject else about.fact_key
    return about or ""


@dataclass(slots=True, kw_only=True)
class Touch:
    """One touch at the desk."""

    step: str
    occurrence: str
    due: datetime
    useful_for: timedelta
    unless: tuple[Condition, ...]
    purpose: Purpose
    channels: tuple[Channel, ...]
    template: str
    items: tuple[str, ...]
    offered: tuple[str, ...]
    context: Mapping[str, Any]
    priority: int
    prompted: bool
    wake: datetime | None = None
    """When to ask the gate again, after a deferral or a catch-up slot."""
    held_for: SkipReason | None = None
    saw_trouble: bool = False
    """While it was held, the journey heard of a parcel in trouble."""
    slotted: bool = False
    released: bool = False
    dropped: bool = False
    under_way: bool = False
    shown: bool = False
    """Support has seen it waiting: it stays in sight until it has ended."""
    _stirs: list[bool] | None = None
    _told: tuple[datetime, SkipReason | None, Wait] | None = None

    @property
    def name(self) -> str:
        return f"{self.step}:{self.occurrence}" if self.occurrence else self.step

    @property
    def next(self) -> datetime:
        return self.wake or self.due

    def wait(self) -> Wait:
        """What support reads of it while it waits. Made once: it is asked for whenever anything changes."""
        told, until = self._told, self.wake or self.due
        if told is None or told[0] is not until or told[1] is not self.held_for:
            note = self.held_for.value if self.held_for else ""
            wait = Wait(kind="touch", name=self.step, occurrence=self.occurrence, until=until, note=note)
            self._told = told = (until, self.held_for, wait)
        return told[2]

    def stirs(self) -> list[bool]:
        """Empty until somebody does something with the touch (`stir`). For its wait: asked without Python."""
        self._stirs = []
        return self._stirs

    def stir(self) -> None:
        """It was dropped, released or moved while it waited."""
        if self._stirs is not None:
            self._stirs.append(True)

    @property
    def expires(self) -> datetime:
        return self.due + self.useful_for


def skipped(reason: SkipReason, detail: str, at: datetime) -> Outcome:
    """An outcome: it was not sent, for this reason."""
    return Outcome(kind=OutcomeKind.SKIPPED, reason=reason, detail=detail, at=at)
