"""Git revisions as folders: a commit's files unpacked beside the working tree, for as long as they are needed."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from doorstep.errors import BadInput, SetupError, nearest

WORKING_TREE = "."
_PREFIX = "doorstep-revision-"


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision's code. `root`: where its files are; `places`: the folders of it that Python imports from;
    `not_from`: those of the working tree, which it must not see; `top`: the working tree's folder, of a commit."""

    name: str
    root: Path
    places: tuple[Path, ...]
    not_from: tuple[Path, ...] = ()
    top: Path | None = None


def toplevel(here: Path) -> Path:
    """The repository's folder. Raises `SetupError` outside of one, and where there is no git."""
    try:
        done = _git(here, "rev-parse", "--show-toplevel")
    except FileNotFoundError:
        raise SetupError(
            "There is no git on this machine.", mend="Install it: revisions come from it."
        ) from None
    if done.returncode:
        raise SetupError(f"{here} is in no git repository.", mend="Run it inside the one with your journeys.")
    return Path(done.stdout.strip())


def called(name: str) -> str:
    """A revision or version in a sentence."""
    return "the working tree" if name == WORKING_TREE else name


def commit_of(name: str, here: Path) -> str:
    """A revision's commit; empty for the working tree (`.`). Raises `BadInput` offering the nearest name, and
    `SetupError` where there is no repository."""
    if name == WORKING_TREE:
        return ""
    toplevel(here)
    done = _git(here, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if done.returncode:
        raise BadInput(
            f"There is no revision '{name}'.{nearest(name, known(here))}",
            mend="Give a commit, branch or tag, or `.` for the working tree.",
        )
    return done.stdout.strip()


def known(here: Path) -> list[str]:
    """The names revisions go by here."""
    told = _git(here, "for-each-ref", "--format=%(refname:short)").stdout.split()
    return [*told, "HEAD", WORKING_TREE]


@contextmanager
def unpacked(name: str, here: Path) -> Iterator[Revision]:
    """A revision's files in a folder of their own, gone at the end. The working tree is used where it lies. Raises
    `BadInput` for a revision there is not."""
    top, commit = toplevel(here), commit_of(name, here)
    places = _places(top)
    if not commit:
        yield Revision(name, top, tuple(places))
        return
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
        root = Path(folder).resolve()
        _unpack(top, commit, root)
        theirs = [root / place.relative_to(top) for place in places]
        yield Revision(name, root, tuple(p for p in theirs if p.is_dir()), tuple(places), top)


def _places(top: Path) -> list[Path]:
    """Where this Python imports from inside the repository; an environment that lies in it is not its code."""
    found: list[Path] = []
    for entry in sys.path:  # "" is the folder we are in
        place = Path(entry).resolve()
        inside = place.is_relative_to(top.resolve()) and not of_environment(place, top.resolve())
        if inside and place.is_dir() and place not in found:
            found.append(place)
    return found


def of_environment(place: Path, top: Path) -> bool:
    """Whether a folder belongs to this Python's environment, where that lies in the repository; the repository may lie
    in the environment too, as below `/usr` in a container."""
    environment = Path(sys.prefix).resolve()
    return environment.is_relative_to(top) and environment != top and place.is_relative_to(environment)


def _unpack(top: Path, commit: str, root: Path) -> None:
    with tempfile.TemporaryFile() as archive:
        done = subprocess.run(
            ["git", "-C", str(top), "archive", "--format=tar", commit],
            stdout=archive,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode:
            raise SetupError(f"git cannot unpack {commit}: {done.stderr.decode(errors='replace').strip()}")
        archive.seek(0)
        with tarfile.open(fileobj=archive) as files:
            files.extractall(root, filter="tar")


def _git(here: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "-C", str(here), *arguments], capture_output=True, text=True, check=False, timeout=60
    )
