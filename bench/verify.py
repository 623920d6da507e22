"""How many journeys a second one core verifies: each carried on twice, by two revisions (here the same code), from the
histories committed with the release, some whole and some cut off on their way."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

from bench import pace
from bench.report import Figures
from doorstep.rehearsal.answering import Answering
from doorstep.rehearsal.rebuild import from_file
from doorstep.verifying.journeys import Recorded, recorded
from doorstep.verifying.verification import verified

TESTS = Path(__file__).parents[1] / "tests"
ASKING = {"closely": True}
"""As `verify` asks, but for the words, which render every message anew."""
UNTIL = ("education", "community", "care-guide", "review-request", "win-back-30")


def run(figures: Figures) -> None:
    """Adds `verify_journeys_per_second`: of processor time, so of one core, whatever else the machine does; also at
    the reference machine's pace."""
    journeys = _journeys()
    sides = Answering(), Answering()
    _verify(sides, journeys)  # every template is compiled, adapters are made
    figures.note(f"{len(journeys)} journeys, twice each")
    took, done = 0.0, 0
    bare: list[float] = []
    while done < 3 * len(journeys):
        begun = time.process_time()
        done += _verify(sides, journeys)
        took += time.process_time() - begun
        bare += pace.alone(20, time.process_time)
    a_second = done / took
    unit = "journeys/s of a core"
    figures.add("verify_journeys_per_second", a_second, unit, at_least=20)
    at_pace = a_second * statistics.median(bare) / pace.REFERENCE_MS
    figures.add("verify_at_pace_per_second", at_pace, unit, at_least=20)


def _verify(sides: tuple[Answering, Answering], journeys: list[Recorded]) -> int:
    for one in journeys:
        question = {"ask": "carry", "id": one.id, "history": one.history, "assume": "arrives", **ASKING}
        before, after = (side.answer(question) for side in sides)
        found = verified(one, before, after)
        assert found.verdict == "same", found
    return len(journeys)


def _journeys() -> list[Recorded]:
    sys.path[:0] = [str(TESTS.parent)]
    from tests.verifying.histories import cut  # type: ignore[import-not-found]

    files = sorted((TESTS / "histories").rglob("*.json"))
    whole = [recorded(file.stem, from_file(file)) for file in files]
    calm = next(file for file in files if file.stem == "ninety-days-with-a-good-review")
    return whole + [recorded(step, cut(from_file(calm), step)) for step in UNTIL]
