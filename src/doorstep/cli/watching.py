"""`--watch`: the same command again, in a new process, whenever something it reads has changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from watchfiles import watch

import doorstep
from doorstep.cli import base
from doorstep.packages import home

_AGAIN = "from doorstep.cli import app; app()"


def again_and_again() -> None:
    """Until Ctrl-C. Code is loaded anew each time: a new process is the only honest reload."""
    arguments = [word for word in sys.argv[1:] if word != "--watch"]
    places = watched(arguments, base.settings().store_packages)
    base.report(f"Watching {', '.join(str(place) for place in places)}. Ctrl-C ends.")
    _once(arguments)
    try:
        for changes in watch(*places, raise_interrupt=False):
            base.report(f"Changed: {', '.join(sorted({Path(path).name for _, path in changes}))}")
            _once(arguments)
    except KeyboardInterrupt:
        pass  # Ctrl-C is how it ends


def watched(arguments: list[str], packages: tuple[str, ...]) -> list[Path]:
    """The folders of Doorstep, of the store packages and of scenario files that were named."""
    found = [Path(str(doorstep.__file__)).parent]
    for package in packages:
        place = home(package)
        if place is not None:
            found.append(place)
    found += [Path(word).resolve().parent for word in arguments if word.endswith((".yaml", ".yml"))]
    return list(dict.fromkeys(found))


def _once(arguments: list[str]) -> None:
    subprocess.run([sys.executable, "-c", _AGAIN, *arguments], check=False)
