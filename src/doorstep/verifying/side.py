"""One revision at work: the process that runs its code, asked a question at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from doorstep.errors import SetupError
from doorstep.processes import tied
from doorstep.rehearsal.answering import PROTOCOL
from doorstep.rehearsal.proving import ZONES
from doorstep.verifying.origins import Origins, unasked
from doorstep.verifying.revisions import Revision, unpacked

_MODULE = "doorstep.rehearsal.answering"
_ALSO = ("words", "resumed", "closely")


class Side:
    """A revision's process. Ends with the `with` block, and with this process."""

    def __init__(self, revision: Revision, packages: tuple[str, ...], seed: int = 0) -> None:
        """`seed`: its `PYTHONHASHSEED`."""
        self.revision, self.packages = revision, packages
        self.journeys: tuple[str, ...] = ()
        """The workflow types it has."""
        self.origins = Origins(revision.name, {}, {}, {})
        """Which code it runs."""
        self.tells_commands = False
        """Not of a revision from before it could be carried on in the sandbox and under other hash seeds."""
        self.also: frozenset[str] = frozenset()
        """What of `_ALSO` it can be asked for: less where it is from before that."""
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed in __exit__
        told = json.dumps({"packages": packages, "not_from": [str(p) for p in revision.not_from]})
        self._process = subprocess.Popen(
            tied([sys.executable, "-P", "-m", _MODULE, told]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            encoding="utf-8",
            cwd=revision.root,
            env=_environment(revision, seed),
            start_new_session=True,  # Ctrl-C is ours to answer
        )

    def begin(self) -> None:
        """Its first answer. Raises `SetupError` in one sentence when it has no rehearsal engine, does not import, or
        runs nothing of what the revision holds."""
        hello = self.ask({"ask": "hello"})
        if hello.get("protocol") != PROTOCOL:
            raise SetupError(f"{self.name} rehearses in a way that this release cannot compare with.")
        self.journeys = tuple(hello["journeys"])
        self.tells_commands = bool(hello.get("commands"))
        self.also = frozenset(name for name in _ALSO if hello.get(name))
        self.origins = Origins.of(self.revision, hello.get("from") or unasked(self.revision, self.packages))
        self.origins.ensure_own()

    @property
    def name(self) -> str:
        """As a person calls it."""
        return "The working tree" if self.revision.name == "." else f"Revision '{self.revision.name}'"

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one question; `{"error": …}` for what a person can mend. Raises `SetupError` when the process
        has ended."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(question, separators=(",", ":")) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # why is said below
        line = process.stdout.readline()
        if not line:
            process.wait()
            raise SetupError(self._why())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _why(self) -> str:
        self._said.seek(0)
        words = [line.strip() for line in self._said.read().splitlines() if line.strip()]
        last = words[-1] if words else f"it ended with {self._process.returncode}"
        if (
            f"{_MODULE}" in last
            or "No module named 'doorstep.rehearsal" in last
            or "No module named doorstep" in last
        ):
            return f"{self.name} cannot be compared: it has no rehearsal engine yet, or one from before comparing."
        return f"{self.name} cannot be compared: it does not run ({last[:300].rstrip('.')})."

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Stop the process; whoever waits for its answer is let go."""
        process = self._process
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass  # what was not read will not be
        self._said.close()


def _environment(revision: Revision, seed: int) -> dict[str, str]:
    """The revision's own code first. What else was on the path and is no code of the repository stays. Under another
    seed than 0 the machine stands elsewhere, too: what goes by its time zone goes another way there."""
    ours = {str(p) for p in (*revision.places, *revision.not_from)}
    others = [
        p
        for p in os.environ.get("PYTHONPATH", "").split(os.pathsep)
        if p and str(Path(p).resolve()) not in ours
    ]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*map(str, revision.places), *others]),
        "PYTHONHASHSEED": str(seed),
        **({"TZ": ZONES[seed % len(ZONES)]} if seed else {}),
        "PYTHONDONTWRITEBYTECODE": "1" if revision.name == "." else "",
    }


class Pair:
    """Two sides, asked at the same time."""

    def __init__(self, old: Side, new: Side, pool: ThreadPoolExecutor) -> None:
        self.old, self.new, self._pool = old, new, pool

    @property
    def asking(self) -> dict[str, bool]:
        """What both can be asked for besides: one alone would be compared with what the other cannot tell."""
        return dict.fromkeys(sorted(self.old.also & self.new.also), True)

    def ask(self, *questions: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        """Both answers to one question, or each to its own; None: not asked, and an empty answer."""
        mine = questions * 2 if len(questions) == 1 else questions
        waiting = [
            None if question is None else self._pool.submit(side.ask, question)
            for side, question in zip((self.old, self.new), mine, strict=True)
        ]
        return [{} if one is None else one.result() for one in waiting]

    @contextmanager
    def again(self, side: Side, seeds: Iterable[int]) -> Iterator[Callable[[Mapping[str, Any]], list[Any]]]:
        """A side's revision in processes with these hash seeds: asks all of them one question, for their answers in
        that order."""
        with ExitStack() as stack:
            sides = [stack.enter_context(Side(side.revision, side.packages, seed)) for seed in seeds]
            list(self._pool.map(Side.begin, sides))
            yield lambda question: list(self._pool.map(lambda one: one.ask(question), sides))


@contextmanager
def paired(old: str, new: str, packages: tuple[str, ...], here: Path | None = None) -> Iterator[Pair]:
    """Two revisions (`.`: the working tree) at work. Whatever happens, their folders and processes are gone at the
    end. Raises `BadInput` for a revision there is not, `SetupError` for one that does not run."""
    here = here or Path.cwd()
    with ExitStack() as stack:
        revisions = [stack.enter_context(unpacked(name, here)) for name in (old, new)]
        sides = [stack.enter_context(Side(revision, packages)) for revision in revisions]
        pool = stack.enter_context(ThreadPoolExecutor(2))
        for side in sides:
            stack.callback(
                side.end
            )  # first of all, for the pool waits for its threads, and they for an answer
            side.begin()
        yield Pair(sides[0], sides[1], pool)
