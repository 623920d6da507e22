"""Journeys, store packages and Doorstep itself are told with file and line where they are installed as libraries."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from tests.rehearsal import mischief
from tests.rehearsal.test_trouble import marked_line
from typer.testing import CliRunner

import doorstep
from doorstep import cli
from doorstep.rehearsal import trouble
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.trouble import Place, RehearsalError, authors, is_library
from doorstep.workflows import journey, standard_v1

JOURNEY = """
from temporalio import workflow
{imports}

@workflow.defn
class Tea:
    @workflow.run
    async def run(self) -> str:
        return steep({{}})
"""
STEEPED = """
def steep(leaves):
    return leaves["x"]
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of libraries, and this checkout is one too."""
    here = (str(Path(doorstep.__file__).parents[1]), str(Path(__file__).parents[1]), str(tmp_path))
    monkeypatch.setattr(trouble, "_LIBRARIES", (*trouble._LIBRARIES, *here))
    monkeypatch.setattr(trouble, "_not_libraries", trouble._not_libraries[:1])
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("acme"):
            del sys.modules[name]


def error_of(cls: type[Any], *, sandboxed: bool = False) -> RehearsalError:
    with (
        pytest.raises(RehearsalError) as caught,
        Engine(cls, workflow_id="wf", start=datetime(2026, 3, 2, tzinfo=UTC), sandboxed=sandboxed) as engine,
    ):
        engine.run()
    return caught.value


def written(folder: Path, package: str, imports: str) -> None:
    (folder / package).mkdir(parents=True)
    (folder / package / "journeys.py").write_text(JOURNEY.format(imports=imports))
    (folder / package / "steeping.py").write_text(STEEPED)


@pytest.mark.parametrize("sandboxed", [True, False])
def test_a_store_package_is_its_authors(installed: Path, sandboxed: bool) -> None:
    """A module beside the journey's, also."""
    written(installed, "acme_tea", "from acme_tea.steeping import steep")
    (installed / "acme_tea" / "__init__.py").touch()
    error = error_of(importlib.import_module("acme_tea.journeys").Tea, sandboxed=sandboxed)
    assert (error.file, error.line) == (str(installed / "acme_tea" / "steeping.py"), 3)


def test_of_a_namespace_only_the_journeys_own_package_is(installed: Path) -> None:
    written(installed, "acme/tea", "from acme.pots.steeping import steep")
    written(installed, "acme/pots", "")
    for name in ("tea", "pots"):
        (installed / "acme" / name / "__init__.py").touch()
    error = error_of(importlib.import_module("acme.tea.journeys").Tea)
    assert (error.file, error.line) == (str(installed / "acme" / "tea" / "journeys.py"), 9)


def test_a_module_alone_is(installed: Path) -> None:
    (installed / "acme_alone.py").write_text(JOURNEY.format(imports=STEEPED))
    (installed / "acme_other.py").touch()
    error = error_of(importlib.import_module("acme_alone").Tea)
    assert (error.file, error.line) == (str(installed / "acme_alone.py"), 5)
    assert is_library(str(installed / "acme_other.py"))
    assert is_library("/another/lib/python3.13/site-packages/acme_other.py")


@pytest.mark.parametrize("sandboxed", [True, False])
def test_a_workflow_of_any_kind_is(installed: Path, sandboxed: bool) -> None:
    error = error_of(mischief.Raises, sandboxed=sandboxed)
    assert (error.file, error.line) == (mischief.__file__, marked_line(mischief.Raises))


def test_doorsteps_own_journeys_are_told_as_from_a_checkout(installed: Path) -> None:
    temporals, engine = Place(workflow.__file__, 1), Place(journey.__file__, 2)
    standard = Place(standard_v1.__file__, 3)
    assert authors([temporals, engine, standard, engine, temporals]) is standard
    assert authors([temporals, engine, temporals]) is engine


def test_the_command_names_the_line(installed: Path) -> None:
    from tests.rehearsal.hasty import Hasty

    done = CliRunner().invoke(cli.app, ["rehearse", "hasty", "--scenario", "happy-path"])
    assert done.exit_code == 1
    assert f"hasty.py:{marked_line(Hasty)}" in " ".join(done.output.split())
