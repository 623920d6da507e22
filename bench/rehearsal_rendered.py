"""What a rehearsal of the standard ninety days takes on one core, every message filled in."""

from __future__ import annotations

from bench import pace
from bench.report import Figures
from doorstep.rehearsal import shelf
from doorstep.rehearsal.rehearse import rehearse

ROUNDS = 60


def run(figures: Figures) -> None:
    """Adds `rehearsal_rendered_ms` (median of the happy path, 18 messages), also at the reference machine's pace."""
    scenario = shelf.load("happy-path")
    if not rehearse("standard", scenario).ok:
        raise RuntimeError("This measures nothing: the happy path fails.")
    ours, bare = pace.beside(lambda: rehearse("standard", scenario), ROUNDS)
    pace.add(figures, "rehearsal_rendered", ours, bare, at_most=30)
