"""Whether a revision says the same in every process. A journey that reads clock or chance, or goes through a set, is
stuck on the next worker that replays it; one process may follow its history by luck. So some journeys of each version
and step are carried on in the worker's sandbox too, and in processes with other hash seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from doorstep.rehearsal.commanded import MEND, difference
from doorstep.verifying.journeys import Recorded
from doorstep.verifying.side import Pair, Side

SEEDS = 3
"""How many beside 0, under which all are carried on: two texts stand in the same order under all four one time in
eight."""
EACH = 2
"""Journeys of each version and step: what differs is in the code that they share."""
Answer = Mapping[str, Any]
Broken = dict[str, Any]
"""As `rehearsal.answering` answers it."""


@dataclass(slots=True)
class Sample:
    """The journeys that are carried on once more, with why the revision broke them before (None: it did not): `EACH`
    of each version and step, of either kind."""

    kept: list[tuple[Recorded, Broken | None]] = field(default_factory=list)
    _taken: Counter[Any] = field(default_factory=Counter)

    def offer(self, one: Recorded, answer: Answer) -> None:
        """One journey, and what was answered of it."""
        broken = _broken(answer)
        alike = one.type, one.step, broken is None
        self._taken[alike] += 1
        if self._taken[alike] <= EACH:
            self.kept.append((one, broken))

    def only(self, ids: Mapping[str, Any]) -> Sample:
        """Those of these ids, for another revision."""
        return Sample([(one, None) for one, _ in self.kept if one.id in ids])


def unsteady(
    pair: Pair,
    side: Side,
    sample: Sample,
    seeds: int,
    assumption: str,
    progress: Callable[[str], None],
) -> dict[str, Broken]:
    """Id → why a journey breaks, for those of which the side's revision does not say the same in the sandbox and under
    so many other seeds. Raises `SetupError` when a process ends."""
    if not sample.kept:
        return {}
    found: dict[str, Broken] = {}
    progress(f"{side.name} in the sandbox and under other hash seeds: {len(sample.kept)} of them …")
    with pair.again(side, range(1, seeds + 1)) as others:
        for one, broken in sample.kept:
            question = {"ask": "carry", "id": one.id, "history": one.history, "assume": assumption}
            told = question | {"commands": True}
            said = others(told)
            if broken is not None:
                why = _by_luck(broken, said)
            else:
                why = _broken(side.ask(question | {"sandboxed": True})) or _apart(side.ask(told), said)
            if why is not None:
                found[one.id] = why
    return found


def _by_luck(broken: Broken, others: list[Answer]) -> Broken | None:
    """A journey that breaks under seed 0 and not under another: then the cause is no change of the code."""
    if all(_broken(other) is not None for other in others):
        return None
    return broken | {"what": f"{broken['what']} Under another PYTHONHASHSEED it follows its history. {MEND}"}


def _apart(first: Answer, others: list[Answer]) -> Broken | None:
    """How the answer under seed 0 and one under another seed differ."""
    for seed, other in enumerate(others, start=1):
        broken = _broken(other)
        if broken is not None:
            said = f"Under PYTHONHASHSEED={seed} it does not follow its history, under 0 it does."
            return broken | {"what": f"{said} {broken['what']} {MEND}"}
        apart = difference(first.get("commands", ()), other.get("commands", ()), (0, seed))
        if apart is not None:
            return {"what": f"{apart.what}. {MEND}", "file": apart.file, "line": apart.line, "at": None}
    return None


def _broken(answer: Answer) -> Broken | None:
    if "error" in answer:
        return {"what": str(answer["error"]), "file": "", "line": 0, "at": None}
    broken: Broken | None = answer["broken"]
    return broken
