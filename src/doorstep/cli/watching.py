"""`--watch`: the same command again, in a new process, whenever something it reads has changed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from watchfiles import Change, DefaultFilter, watch

import doorstep
from doorstep.cli import base
from doorstep.packages import home

_AGAIN = "from doorstep.cli import app; app()"


def again_and_again(written: Iterable[Path] = (), scenarios: Iterable[str] = ()) -> None:
    """Until Ctrl-C. Code is loaded anew each time: a new process is the only honest reload. `written`: files that the
    command itself writes; their change is no reason to run it again. `scenarios`: those it was given."""
    arguments = [word for word in sys.argv[1:] if word != "--watch"]
    places, absent = watched(scenarios, base.settings().store_packages)
    for place in absent:
        base.report(f"There is no folder {place}: nothing in it is watched.")
    base.report(f"Watching {', '.join(str(place) for place in places)}. Ctrl-C ends.")
    try:
        _once(arguments)
        # raised, not caught there: the watcher would log the Ctrl-C that ends it
        for changes in watch(*places, watch_filter=NotOurs(written), raise_interrupt=True):
            base.report(f"Changed: {', '.join(sorted({Path(path).name for _, path in changes}))}")
            _once(arguments)
    except KeyboardInterrupt:
        pass  # Ctrl-C is how it ends


class NotOurs(DefaultFilter):
    """What may change by itself: not the files named, and neither what this process's output is written to. Else one
    change would be followed by another without end."""

    def __init__(self, written: Iterable[Path]) -> None:
        super().__init__()
        self._written = {os.path.realpath(file) for file in written}
        self._outputs = [os.fstat(number) for number in (1, 2)]

    def __call__(self, change: Change, path: str) -> bool:
        ours = os.path.realpath(path) in self._written or self._is_output(path)
        return super().__call__(change, path) and not ours

    def _is_output(self, path: str) -> bool:
        try:
            found = os.stat(path)
        except OSError:  # it was removed meanwhile
            return False
        return any(os.path.samestat(found, output) for output in self._outputs)


def watched(scenarios: Iterable[str], packages: tuple[str, ...]) -> tuple[list[Path], list[Path]]:
    """The folders of Doorstep, of the store packages and of the scenarios that are files; then those among the last
    that are not there."""
    found = [Path(str(doorstep.__file__)).parent]
    for package in packages:
        place = home(package)
        if place is not None:
            found.append(place)
    named = [Path(name).resolve().parent for name in scenarios if name.endswith((".yaml", ".yml"))]
    found += [place for place in named if place.is_dir()]
    return list(dict.fromkeys(found)), [place for place in dict.fromkeys(named) if not place.is_dir()]


def _once(arguments: list[str]) -> None:
    subprocess.run([sys.executable, "-c", _AGAIN, *arguments], check=False)
