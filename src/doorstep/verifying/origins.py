"""Which code a revision's process ran: what came from the revision, and what from elsewhere. Where nothing did, one
installed code was compared with itself, and that nothing differs says nothing."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

from doorstep.errors import SetupError
from doorstep.verifying.revisions import Revision, called, of_environment

_INSTALLED = ("site-packages", "dist-packages")
_MEND = (
    "Name the packages with your journeys in DOORSTEP_STORE_PACKAGES, and run it where Python imports them from this "
    "repository (PYTHONPATH=., in a checkout of Doorstep PYTHONPATH=src)."
)


@dataclass(frozen=True, slots=True)
class Origins:
    """Packages by name → folder. `own`: of the revision, relative to its root; `other`: installed or lying elsewhere;
    `stray`: of the working tree, though the revision is a commit."""

    name: str
    own: Mapping[str, str]
    other: Mapping[str, str]
    stray: Mapping[str, str]

    @classmethod
    def of(cls, revision: Revision, folders: Mapping[str, str]) -> Origins:
        """`folders`: as its process told them (absolute)."""
        own: dict[str, str] = {}
        other: dict[str, str] = {}
        stray: dict[str, str] = {}
        for name, folder in folders.items():
            if (within := _within(folder, revision.root)) is not None:
                own[name] = within
            else:
                strays = revision.top is not None and _within(folder, revision.top) is not None
                (stray if strays else other)[name] = folder
        return cls(revision.name, own, other, stray)

    def ensure_own(self) -> None:
        """Raises `SetupError` when nothing that the revision holds was used, or the working tree's in its place."""
        used = ", ".join(f"{name} from {folder}" for name, folder in {**self.stray, **self.other}.items())
        if not self.own:
            raise SetupError(
                f"Nothing of {called(self.name)} would run, only {used}: comparing would say nothing about it.",
                mend=_MEND,
            )
        if self.stray:
            used = ", ".join(f"{name} from {folder}" for name, folder in self.stray.items())
            raise SetupError(
                f"Of {called(self.name)} the working tree's code would run: {used}.",
                mend="Run it where Python finds the package by a folder of its path (PYTHONPATH=.), not by a hook.",
            )

    def told(self) -> str:
        """In words: `its own shop (shop); doorstep from /usr/lib/…`."""
        own = ", ".join(f"{name} ({folder})" for name, folder in self.own.items())
        other = ", ".join(f"{name} from {folder}" for name, folder in self.other.items())
        return "; ".join(part for part in (f"its own {own}" if own else "", other) if part)

    def as_json(self) -> dict[str, dict[str, str]]:
        """For scripts."""
        return {"own": dict(self.own), "other": dict(self.other)}


def alone(folders: Mapping[str, str]) -> Origins:
    """Of versions that both are of the code that runs here."""
    return Origins("", {}, folders, {})


def unasked(revision: Revision, packages: Iterable[str]) -> dict[str, str]:
    """The folders of a revision from before it told them: it is found by the folders of the revision that Python
    imports from, which come first, and then as here."""
    places = [str(place) for place in revision.places]
    return {name: _found(name, [*places, *sys.path]) for name in ("doorstep", *packages)}


def _found(name: str, path: list[str]) -> str:
    place = path
    for n in range(len(name.split("."))):
        spec = PathFinder.find_spec(".".join(name.split(".")[: n + 1]), place)
        if spec is None:
            return "an unknown place"
        place = list(spec.submodule_search_locations or ())
    return place[0] if place else str(spec.origin) if spec is not None else ""


def lines(origins: Iterable[Origins], width: int) -> list[str]:
    """What each side ran, in a sentence each; in one where it is the same."""
    told = {called(one.name): one.told() for one in origins}
    if not all(told):
        said = [f"Both ran {next(iter(told.values()))}."]
    elif len(set(told.values())) == 1 and len(told) > 1:
        said = [f"Each ran {next(iter(told.values()))}."]
    else:
        said = [f"{name[0].upper()}{name[1:]} ran {what}." for name, what in told.items()]
    return [line for one in said for line in textwrap.wrap(one, width, break_on_hyphens=False)]


def _within(folder: str, root: Path) -> str | None:
    """A folder relative to a root that it belongs to; None where it does not, or is a library's in an environment
    that lies there."""
    path, base = Path(os.path.realpath(folder)), Path(os.path.realpath(root))
    if not path.is_relative_to(base) or of_environment(path, base):
        return None
    inside = path.relative_to(base)
    return None if set(inside.parts) & set(_INSTALLED) else inside.as_posix()
