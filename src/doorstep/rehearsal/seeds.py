"""Whether a journey says the same under other hash seeds. Going through a set of texts, its order differs from one
worker process to the next, a worker that replays it is stuck, and neither the sandbox nor one process can see it: so
the scenarios are played once more, in processes of their own with other seeds, and in other time zones. They are
handed the stories as they were read, and do not read the files: one that is saved meanwhile would be another story,
and the journey blamed."""

from __future__ import annotations

import base64
import importlib
import json
import pickle
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any, Self

from doorstep.errors import DoorstepError
from doorstep.garbage import rarely
from doorstep.rehearsal import guard, set_orders
from doorstep.rehearsal.commanded import Apart, Command, commanded, difference
from doorstep.rehearsal.exploring import steps
from doorstep.rehearsal.proving import ZONES, with_hash_seed
from doorstep.rehearsal.rehearse import built_in, journey_class, staged
from doorstep.rehearsal.scenario import Scenario
from doorstep.rehearsal.world import Unrendered
from doorstep.templates.packages import renderer
from doorstep.workflows import registry

ONE_STORY, MANY = 2, 3
"""How many seeds, chosen for the journey: a set that its code spells out is gone through in different orders under two,
and of all pairs of its texts three miss one in fourteen (decisions/0029)."""
_CHILD = f"{__name__}:said"
_PATIENCE = 120.0


def seeds_for(journey: type[Any], count: int) -> tuple[int, ...]:
    """So many hash seeds under which the sets of that journey's code have different orders."""
    return set_orders.chosen(set_orders.words_of(steps.trees(journey), steps.steps(journey)), count)


class Seeds:
    """Plays under the seeds while the caller does other things; `differences` waits for them. Used with `with`: its
    processes end with the block."""

    def __init__(
        self,
        journey: str,
        scenarios: Mapping[str, Scenario],
        packages: Sequence[str],
        count: int = ONE_STORY,
    ) -> None:
        """`journey`: as for `rehearse`. `scenarios`: each by whatever `differences` shall call it."""
        cls = journey_class(journey)[1]
        self._seeds, self._scenarios = seeds_for(cls, count), dict(scenarios)
        self._about = (journey, cls.__module__, json.dumps(list(packages)))
        self._round = _Round(self._seeds, self._about, self._scenarios)

    def differences(self, failed: Collection[str] = ()) -> dict[str, str]:
        """Scenario (as it was named) → how two seeds differ in it, in sentences. Those that have failed are not asked
        about: a journey that spins would keep everybody waiting. Raises `SetupError` when a process fails."""
        if failed:
            self._round.stop()
            left = {name: told for name, told in self._scenarios.items() if name not in failed}
            if not left:
                return {}
            self._round = _Round(self._seeds, self._about, left)
        told = self._round.answers()
        found: dict[str, Apart] = {}
        for seed, other in zip(self._seeds[1:], told[1:], strict=True):
            for name, commands in told[0].items():
                if name not in found and (apart := difference(commands, other[name], (self._seeds[0], seed))):
                    found[name] = apart
        found |= self._by_zone({name: told[0][name] for name in found})
        return {name: str(apart) for name, apart in found.items()}

    def _by_zone(self, told: Mapping[str, list[Command]]) -> dict[str, Apart]:
        """Of stories that differ, and what the first process said of them: those that differ under one seed too, by the
        time zone alone. What does not say the same twice in one zone differs by chance."""
        if not told:
            return {}
        again = {name: self._scenarios[name] for name in told}
        self._round = _Round(self._seeds[:1] * len(ZONES), self._about, again)
        here, there = self._round.answers()
        found = {
            name: difference(commands, there[name], ZONES)
            for name, commands in told.items()
            if commands == here[name]
        }
        return {name: apart for name, apart in found.items() if apart is not None}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._round.stop()


class _Round:
    """A process for each seed, all asked the same. Each stands in another time zone than the one before: on a worker's
    machine it may be any."""

    def __init__(
        self, seeds: Sequence[int], arguments: Sequence[str], stories: Mapping[str, Scenario]
    ) -> None:
        self._stopped, self._processes = False, list[subprocess.Popen[str]]()
        # Pickled: as YAML each process would have to read it anew.
        told = base64.b64encode(pickle.dumps(dict(stories))).decode()
        pool = ThreadPoolExecutor(len(seeds))
        self._asked = [
            pool.submit(with_hash_seed, _CHILD, seed, *arguments, zone=zone, given=told, began=self._began)
            for seed, zone in zip(seeds, cycle(ZONES), strict=False)
        ]
        pool.shutdown(wait=False)

    def _began(self, process: subprocess.Popen[str]) -> None:
        self._processes.append(process)
        if self._stopped:
            process.kill()

    def answers(self) -> list[dict[str, list[Command]]]:
        return [json.loads(one.result()[0]) for one in self._asked]

    def stop(self) -> None:
        self._stopped = True
        for process in self._processes:
            process.kill()


# --- in the process of its own ----------------------------------------------------------------------------


def said(journey: str, home: str, packages: str) -> list[str]:
    """One line of JSON: scenario → every command of its journeys, in order. `home`: the journey's own module. The
    stories stand in its input."""
    stories: dict[str, Scenario] = pickle.loads(  # noqa: S301 # what `_Round` pickled
        base64.b64decode(sys.stdin.read())
    )
    found = json.loads(packages)
    registry.load(found)
    importlib.import_module(home)
    _, cls = journey_class(journey)
    templates = Unrendered(_Names(renderer(found) if found else built_in()))
    made: dict[str, list[Command]] = {}
    guard.STUCK_AFTER = _PATIENCE  # who spins was found already; a busy machine is no difference
    for name, story in stories.items():
        play = staged(cls, story, renderer=templates, traced=True)
        try:
            with rarely():
                play.run()
            fails = play.problems
        except DoorstepError as error:
            fails = [error.what]
        made[name] = [c for engine in play.engines.values() for c in commanded(engine.log, cls)]
        made[name] += [["the end", what, "", ""] for what in fails]
        for engine in play.engines.values():
            engine.close()
    return [json.dumps(made, ensure_ascii=False)]


class _Names:
    """The templates there are, without their digests: those take longer than all the stories."""

    def __init__(self, templates: Any) -> None:
        self.channels = templates.channels
