"""What a rehearsal of the standard ninety days takes on one core, every message filled in, and without."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from bench.report import Figures
from doorstep.rehearsal import shelf
from doorstep.rehearsal.rehearse import rehearse

ROUNDS = 60
WARM = 5


def run(figures: Figures) -> None:
    """Adds `rehearsal_rendered_ms` (median of the happy path, 18 messages) and, without a target, what of it is not
    rendering."""
    scenario = shelf.load("happy-path")
    if not rehearse("standard", scenario).ok:
        raise RuntimeError("This measures nothing: the happy path fails.")
    taken = {
        True: lambda: rehearse("standard", scenario),
        False: lambda: rehearse("standard", scenario, render=False),
    }
    times: dict[bool, list[float]] = {True: [], False: []}
    for round_ in range(ROUNDS + WARM):
        for rendered, play in taken.items():
            took = _milliseconds(play)
            if round_ >= WARM:
                times[rendered].append(took)
    figures.add("rehearsal_rendered_ms", statistics.median(times[True]), "ms", at_most=30)
    figures.add("rehearsal_world_unrendered_ms", statistics.median(times[False]), "ms")


def _milliseconds(play: Callable[[], object]) -> float:
    begun = time.perf_counter()
    play()
    return (time.perf_counter() - begun) * 1000
