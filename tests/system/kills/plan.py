"""Where a process is to die: read by the doomed process, written and looked at by the test.

A doom is used once: its marker, made before the process dies, is on disk for whoever comes after it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

PATIENCE = 120.0
POLL = 0.01


@dataclass(frozen=True, kw_only=True)
class Doom:
    """Dies (`then="die"`), dies when told (`die_later`), or holds until told (`hold`) at the boundary `at` of
    `subject`, in a process of that kind (`who`: worker, api; empty: whichever comes first)."""

    at: str
    subject: str
    who: str = "worker"
    then: str = "die"

    def file(self, folder: Path, end: str) -> Path:
        name = f"{self.at}@{self.subject}".replace(":", "_").replace("|", "_").replace("/", "_")
        return folder / f"{name}.{end}"

    def marker(self, folder: Path) -> dict[str, str] | None:
        """What the process wrote there; None as long as none has."""
        try:
            return dict(json.loads(self.file(folder, "marker").read_text()))
        except (FileNotFoundError, ValueError):
            return None

    def tell(self, folder: Path) -> None:
        """Lets the process that waits there go on, or die."""
        self.file(folder, "told").touch()


class Plan:
    """The dooms of one lane, as one of its processes sees them."""

    def __init__(self, folder: Path, who: str) -> None:
        self.folder, self.who = folder, who
        told = json.loads((folder / "plan.json").read_text())
        dooms = [Doom(**one) for one in told["dooms"]]
        self.silent = frozenset(told["silent"])
        self._dooms = {(d.at, d.subject): d for d in dooms if d.who in ("", who)}

    @property
    def sweep_waits(self) -> bool:
        """Whether the sweep lets be what others have not delivered yet."""
        return sweep_waits(self.folder).exists()

    def hit(self, at: str, *subjects: str) -> None:
        """The process is at that boundary, in a thread of its own."""
        for doom in self._used(at, subjects):
            self._die_unless(doom)
            _wait(doom.file(self.folder, "told"))
            if doom.then == "die_later":
                die()

    async def ahit(self, at: str, *subjects: str) -> None:
        """The same in the event loop, which goes on meanwhile."""
        for doom in self._used(at, subjects):
            self._die_unless(doom)
            while not doom.file(self.folder, "told").exists():
                await asyncio.sleep(POLL)
            if doom.then == "die_later":
                die()

    def _used(self, at: str, subjects: Iterable[str]) -> list[Doom]:
        """The dooms of this boundary that nobody has used before."""
        found = [self._dooms[at, s] for s in subjects if (at, s) in self._dooms]
        return [doom for doom in found if self._mark(doom)]

    def _mark(self, doom: Doom) -> bool:
        marker = doom.file(self.folder, "marker")
        told = marker.with_suffix(f".{os.getpid()}")
        told.write_text(json.dumps({"pid": os.getpid(), "who": self.who, "at": doom.at}))
        try:
            os.link(told, marker)  # whole or not at all, and one process only
        except FileExistsError:
            return False
        finally:
            told.unlink()
        return True

    def _die_unless(self, doom: Doom) -> None:
        if doom.then == "die":
            die()


def write(folder: Path, dooms: Iterable[Doom], silent: Iterable[str] = ()) -> None:
    """The plan of a lane, before its first process starts. `silent`: touches whose provider cannot be asked."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {"dooms": [asdict(doom) for doom in dooms], "silent": sorted(silent)}
    (folder / "plan.json").write_text(json.dumps(told))


def sweep_waits(folder: Path) -> Path:
    """As long as this file is there the sweep waits."""
    return folder / "sweep-waits"


def die() -> None:
    """As a power cut would: no handler, no `finally`, no flush."""
    os.kill(os.getpid(), signal.SIGKILL)


def _wait(file: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not file.exists() and time.monotonic() < end:
        time.sleep(POLL)
