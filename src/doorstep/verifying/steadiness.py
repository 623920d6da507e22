"""Whether a revision says the same in every process. A journey that reads clock or chance, or goes through a set, is
stuck on the next worker that replays it; one process may follow its history by luck. So some journeys of each version
and step are carried on in the worker's sandbox too, and in processes with other hash seeds."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doorstep.rehearsal import set_orders
from doorstep.rehearsal.commanded import MEND, difference
from doorstep.verifying.journeys import Recorded
from doorstep.verifying.revisions import Revision
from doorstep.verifying.side import Pair, Side
from doorstep.workflows import registry

SEEDS = 3
"""How many beside 0, under which all are carried on. Chosen for the code: of all pairs of the standard journey's steps
one in thirty stands in the same order under all four; taken as they come, one in five did."""
_FILES = 60
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


def seeds_for(
    revision: Revision, packages: Iterable[str], steps: Iterable[str], count: int
) -> tuple[int, ...]:
    """So many hash seeds beside 0 under which most sets that the revision's journeys may go through have different
    orders. `steps`: the names of steps that were seen."""
    folders = [place / package.replace(".", "/") for place in revision.places for package in packages]
    built_in = Path(registry.__file__).parent
    shipped = [*(place / "doorstep" / "workflows" for place in revision.places), built_in]
    files = [file for folder in folders for file in sorted(folder.rglob("*.py"))]
    files += [file for folder in shipped for file in sorted(folder.glob("*_v*.py"))]
    trees = [tree for file in dict.fromkeys(files[:_FILES]) if (tree := _tree(file)) is not None]
    return set_orders.chosen(set_orders.words_of(trees, steps), count, (0,))


def _tree(file: Path) -> ast.Module | None:
    try:
        return ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):  # it is chosen without, and told by who runs it
        return None


def unsteady(
    pair: Pair,
    side: Side,
    sample: Sample,
    seeds: Sequence[int],
    assumption: str,
    progress: Callable[[str], None],
) -> dict[str, Broken]:
    """Id → why a journey breaks, for those of which the side's revision does not say the same in the sandbox and under
    these seeds. Raises `SetupError` when a process ends."""
    if not sample.kept:
        return {}
    found: dict[str, Broken] = {}
    progress(f"{side.name} in the sandbox and under other hash seeds: {len(sample.kept)} of them …")
    with pair.again(side, seeds) as others:
        for one, broken in sample.kept:
            question = {
                "ask": "carry",
                "id": one.id,
                "history": one.history,
                "assume": assumption,
                **pair.asking,
            }
            told = question | {"commands": True}
            said = others(told)
            caught = _broken(side.ask(question | {"sandboxed": True}))
            if broken is not None:
                why = _by_luck(broken, caught, said)
            else:
                why = caught or _apart(side.ask(told), seeds, said)
            if why is not None:
                found[one.id] = why
    return found


def _by_luck(broken: Broken, caught: Broken | None, others: list[Answer]) -> Broken | None:
    """A journey that breaks under seed 0 and not under another: then the cause is no change of the code. It is what the
    sandbox has `caught`, which sees clock and chance but no set and no hash(); else it is one of these."""
    if all(_broken(other) is not None for other in others):
        return None
    if caught is not None and caught["what"] != broken["what"]:
        return caught
    return broken | {"what": f"{broken['what']} Under another PYTHONHASHSEED it follows its history. {MEND}"}


def _apart(first: Answer, seeds: Sequence[int], others: list[Answer]) -> Broken | None:
    """How the answer under seed 0 and one under another seed differ."""
    for seed, other in zip(seeds, others, strict=True):
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
