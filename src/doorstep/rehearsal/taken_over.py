"""An activity of the past that the code asks for otherwise than was recorded: it takes over the answer to another
question, and what comes of that shows anywhere, or nowhere. Temporal's replay compares the kind of a command only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from doorstep.rehearsal._sdk.handing import payload
from doorstep.rehearsal.items import short
from doorstep.rehearsal.log import Entry, value
from doorstep.rehearsal.premises import Asked

_MOMENT = "as_of"
"""When it is asked: no part of the question."""
_OTHERWISE = "The code goes another way than the history, and Temporal's replay does not see it:"


@dataclass(frozen=True, slots=True)
class TakenOver:
    """The command that takes over another's answer, and how, in words."""

    entry: Entry
    what: str


def by_key(log: Iterable[Entry], asked: Mapping[str, Asked]) -> TakenOver | None:
    """The first activity that is asked for under another key than was recorded: a break, whatever comes of it."""
    for entry, held in _of_the_past(log, asked):
        now = key_of(entry)
        if held.key and held.key != now:
            return TakenOver(
                entry,
                f"{_OTHERWISE} recorded was '{entry.name} {short(held.key)}', now it says '{entry.name} "
                f"{short(now)}', which would take over the other's answer.",
            )
    return None


def by_question(log: Iterable[Entry], asked: Mapping[str, Asked]) -> TakenOver | None:
    """The first activity without a key that asks another question than was recorded: where code fails, the likely
    cause. Told without what was asked: only what is different about it."""
    for entry, held in _of_the_past(log, asked):
        was, now = held.question, argument(entry)
        if held.key or was == now or not isinstance(was, dict) or not isinstance(now, dict):
            continue
        other = [name for name in {**was, **now} if name != _MOMENT and was.get(name) != now.get(name)]
        if other:
            return TakenOver(
                entry,
                f"{_OTHERWISE} '{_words(entry.name)}' was recorded with another {' and another '.join(other)} than "
                f"it is asked with now, and takes over that answer.",
            )
    return None


def _of_the_past(log: Iterable[Entry], asked: Mapping[str, Asked]) -> Iterable[tuple[Entry, Asked]]:
    for entry in log:
        held = asked.get(entry.told.activity_id) if entry.kind == "schedule_activity" else None
        if held is not None and held.type == entry.name:
            yield entry, held


def argument(entry: Entry) -> Any:
    """What an activity was asked with, as its JSON says."""
    return value(payload(entry.told.arguments[0])) if entry.told.arguments else None


def key_of(entry: Entry) -> str:
    """The key of the effect that an activity was asked for; empty where it has none."""
    said = argument(entry)
    return str(said.get("key", "")) if isinstance(said, dict) else ""


def _words(name: str) -> str:
    return name.replace("_", " ")
