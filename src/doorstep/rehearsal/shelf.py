"""Where scenarios are found: those that come with Doorstep, and `scenarios/*.yaml` of each store package."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from doorstep.errors import ScenarioError, nearest
from doorstep.packages import home
from doorstep.rehearsal.marks import opened
from doorstep.rehearsal.reading import read_file
from doorstep.rehearsal.scenario import Scenario

SHIPPED = Path(__file__).parent / "scenarios"


def files(packages: Iterable[str] = ()) -> dict[str, Path]:
    """Every scenario's file by its name (the file's stem), sorted; a package's hides a shipped one of that name."""
    found = {path.stem: path for path in SHIPPED.glob("*.yaml")}
    for package in reversed(tuple(packages)):
        place = home(package)
        if place is not None and (place / "scenarios").is_dir():
            found |= {path.stem: path for path in (place / "scenarios").glob("*.yaml")}
    return dict(sorted(found.items()))


def is_shipped(scenario: Scenario) -> bool:
    """Whether it comes with Doorstep: written for the standard journey, it may not be for another."""
    return Path(scenario.file).parent == SHIPPED


def load(name: str, packages: Iterable[str] = ()) -> Scenario:
    """A scenario by its name, or from a file (a path that ends in `.yaml` or `.yml`). Raises `ScenarioError`, also for
    one of a name which its file has not: it would be listed as what nobody can ask for."""
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
        if path.is_dir():
            raise ScenarioError(f"{name} is a folder.", mend="Give a file in it.")
        if not path.is_file():
            beside = (
                [str(p) for p in path.parent.glob("*.y*ml") if p.is_file()] if path.parent.is_dir() else []
            )
            raise ScenarioError(f"There is no file {name}.{nearest(name, beside)}")
        return _read(path, path.stat().st_mtime_ns)
    known = files(packages)
    if name not in known:
        raise ScenarioError(
            f"There is no scenario '{name}'.{nearest(name, known)}",
            mend="`doorstep rehearse --list` names them all; or give a file that ends in .yaml.",
        )
    found = _read(known[name], known[name].stat().st_mtime_ns)
    if found.name != name:
        raise _misnamed(found.name, known[name])
    return found


def _misnamed(name: str, file: Path) -> ScenarioError:
    told = opened(file.read_text("utf-8"), str(file)).fields()["scenario"]
    return ScenarioError(
        f"{file}:{told.line}: the scenario is named '{name}', and its file '{file.stem}'.",
        mend=f"Write 'scenario: {file.stem}', or call the file {name}.yaml.",
    )


def every(packages: Iterable[str] = ()) -> list[Scenario]:
    """All of them, by name. Raises `ScenarioError` for the first that cannot be read."""
    return [load(name, tuple(packages)) for name in files(packages)]


@lru_cache(maxsize=512)
def _read(path: Path, _changed: int) -> Scenario:
    return read_file(path)
