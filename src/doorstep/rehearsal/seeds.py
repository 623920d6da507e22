"""Whether a journey says the same under other hash seeds. Going through a set of texts, its order differs from one
worker process to the next, a worker that replays it is stuck, and neither the sandbox nor one process can see it: so
the scenarios are played once more, in processes of their own with other seeds."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from typing import Any

from doorstep.errors import DoorstepError
from doorstep.rehearsal import guard, shelf
from doorstep.rehearsal.carrying import place_in
from doorstep.rehearsal.log import Entry
from doorstep.rehearsal.proving import with_hash_seed
from doorstep.rehearsal.rehearse import built_in, journey_class, staged
from doorstep.rehearsal.trouble import Place
from doorstep.rehearsal.world import Unrendered
from doorstep.templates.packages import renderer
from doorstep.workflows import registry

TWO = (1, 2)
THREE = (1, 2, 3)
"""Two texts stand in the same order under every second seed, and three under every sixth."""
_MEND = "Something that it goes through is a set: sort it first."
_CHILD = f"{__name__}:said"
_PATIENCE = 120.0
Command = list[str]
"""[when, what, its whole content, file:line]"""


class Seeds:
    """Plays under the seeds while the caller does other things; `differences` waits for them."""

    def __init__(
        self, journey: str, scenarios: Sequence[str], packages: Sequence[str], seeds: Sequence[int] = TWO
    ) -> None:
        """`journey`: as for `rehearse`. `scenarios`: names, or files."""
        self._seeds = seeds
        home = journey_class(journey)[1].__module__
        arguments = (journey, home, json.dumps(list(packages)), *scenarios)
        pool = ThreadPoolExecutor(len(seeds))
        self._asked = [pool.submit(with_hash_seed, _CHILD, seed, *arguments) for seed in seeds]
        pool.shutdown(wait=False)

    def differences(self) -> dict[str, str]:
        """Scenario (as it was named) → how two seeds differ in it, in sentences. Raises `SetupError` when a process
        fails."""
        told: list[dict[str, list[Command]]] = [json.loads(one.result()[0]) for one in self._asked]
        found: dict[str, str] = {}
        for seed, other in zip(self._seeds[1:], told[1:], strict=True):
            for name, commands in told[0].items():
                if name not in found and (said := difference(commands, other[name], (self._seeds[0], seed))):
                    found[name] = said
        return found


def difference(one: list[Command], other: list[Command], seeds: tuple[int, int]) -> str:
    """The first command in which they differ, with the line that gave it; empty when they do not."""
    pairs = list(zip_longest(one, other))
    at = next((n for n, (a, b) in enumerate(pairs) if a != b), None)
    if at is None:
        return ""
    first, second = pairs[at]
    place = next((c[3] for pair in pairs[at:] for c in pair if c is not None and c[3]), "")
    said = (
        f"The workflow is not deterministic: on {(first or second)[0]} UTC it says [{_words(first, second)}] under "
        f"PYTHONHASHSEED={seeds[0]} and [{_words(second, first)}] under {seeds[1]}"
    )
    return f"{said}{f', at {place}' if place else ''}. {_MEND}"


def _words(command: Command | None, other: Command | None) -> str:
    """What a command is; with its content, where that is the difference."""
    if command is None:
        return "nothing"
    alike = other is not None and command[:2] == other[:2]
    return f"{command[1]} {command[2]}"[:160] if alike else command[1]


# --- in the process of its own ----------------------------------------------------------------------------


def said(journey: str, home: str, packages: str, *scenarios: str) -> list[str]:
    """One line of JSON: scenario → every command of its journeys, in order. `home`: the journey's own module."""
    found = json.loads(packages)
    registry.load(found)
    importlib.import_module(home)
    _, cls = journey_class(journey)
    templates = Unrendered(_Names(renderer(found) if found else built_in()))
    made: dict[str, list[Command]] = {}
    guard.STUCK_AFTER = _PATIENCE  # who spins was found already; a busy machine is no difference
    for name in scenarios:
        play = staged(cls, shelf.load(name, found), renderer=templates, traced=True)
        try:
            play.run()
            fails = play.problems
        except DoorstepError as error:
            fails = [error.what]
        made[name] = [_command(e, cls) for engine in play.engines.values() for e in commands(engine.log)]
        made[name] += [["the end", what, "", ""] for what in fails]
        for engine in play.engines.values():
            engine.close()
    return [json.dumps(made, ensure_ascii=False)]


class _Names:
    """The templates there are, without their digests: those take longer than all the stories."""

    def __init__(self, templates: Any) -> None:
        self.channels = templates.channels


def commands(log: Iterable[Entry]) -> Iterable[Entry]:
    """Those that the author's code gave: what support reads of its state follows from them."""
    return (e for e in log if e.command and e.kind != "schedule_local_activity")


def _command(entry: Entry, cls: type[Any]) -> Command:
    place = place_in(cls, entry)
    content = entry.content
    told = content.get("arguments") or []
    about: dict[str, Any] = told[0] if told and isinstance(told[0], dict) else {}
    name = " ".join(
        p for p in (entry.kind.replace("_", " "), entry.name, about.get("step"), about.get("occurrence")) if p
    )
    where = str(Place(*place)) if place else ""
    return [
        f"{entry.at:%Y-%m-%d %H:%M}",
        name,
        json.dumps(content, sort_keys=True, ensure_ascii=False, default=str),
        where,
    ]
