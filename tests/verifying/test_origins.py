"""`doorstep diff` and `verify` say which code each side ran, and compare nothing where a revision's own was not run:
one installed code beside itself differs in nothing, whatever was changed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.verifying.repository import HISTORIES, SOURCES, Repository, Store

from doorstep.errors import SetupError
from doorstep.verifying.origins import Origins, alone, lines, unasked
from doorstep.verifying.revisions import Revision

COMMANDS = [("diff", "HEAD", ".", "-s", "happy-path"), ("verify", "HEAD", ".", "--histories", str(HISTORIES))]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_store_whose_packages_are_not_named_is_not_compared(store: Store, command: tuple[str, ...]) -> None:
    """What was changed there would not have been run at all."""
    done = store.run(*command, DOORSTEP_STORE_PACKAGES="")
    assert done.returncode == 2, done.stdout
    assert done.stdout == ""
    assert f"Nothing of HEAD would run, only doorstep from {SOURCES}" in done.stderr
    assert "Name the packages with your journeys in DOORSTEP_STORE_PACKAGES" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_checkout_beside_the_doorstep_that_runs_is_not_compared(
    repository: Repository, command: tuple[str, ...]
) -> None:
    """A checkout of Doorstep, and the installed one runs."""
    done = repository.run(*command, PYTHONPATH=str(SOURCES.parent))
    assert done.returncode == 2, done.stdout
    assert f"only doorstep from {SOURCES}" in done.stderr
    assert "PYTHONPATH=src" in done.stderr


def test_which_code_each_ran_is_said(store: Store) -> None:
    """Of the store's repository the journeys, of Doorstep the installed one; of two versions the same code."""
    done = store.run("diff", "HEAD", ".", "-s", "happy-path")
    told = f"Each ran its own shop (shop); doorstep from {SOURCES}."
    assert told in done.stdout.replace("\n", " ")
    done = store.run("diff", "bespoke.v1", "bespoke.v1", "-s", "happy-path")
    assert f"Both ran doorstep from {SOURCES}, shop from {store.folder / 'shop'}." in done.stdout.replace(
        "\n", " "
    )


def test_a_verification_says_which_code_each_ran(repository: Repository) -> None:
    everything = ("verify", "--seeds", "0", "base", "same", "--histories", str(HISTORIES), "--sample", "1")
    done = repository.run(*everything)
    assert done.returncode == 0, done.stderr
    assert "Each ran its own doorstep (src/doorstep)." in done.stdout
    told = repository.json(*everything)
    assert told["ran"] == [{"own": {"doorstep": "src/doorstep"}, "other": {}}] * 2


def test_a_commit_for_which_the_working_tree_would_run_is_not_compared(tmp_path: Path) -> None:
    """Where an import hook finds the package, no path keeps the two apart."""
    top, root = tmp_path / "top", tmp_path / "unpacked"
    revision = Revision("HEAD", root, (root,), (top,), top)
    found = Origins.of(revision, {"doorstep": str(root / "doorstep"), "shop": str(top / "shop")})
    with pytest.raises(SetupError, match="Of HEAD the working tree's code would run: shop from"):
        found.ensure_own()


def test_what_is_installed_in_an_environment_of_the_repository_is_none_of_its_code(tmp_path: Path) -> None:
    installed = tmp_path / "env" / "lib" / "site-packages" / "doorstep"
    found = Origins.of(Revision(".", tmp_path, (tmp_path,)), {"doorstep": str(installed)})
    assert (dict(found.own), dict(found.other)) == ({}, {"doorstep": str(installed)})


def test_a_repository_that_lies_in_the_environment_has_code_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As below `/usr` in a container, where Python is the system's."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    top = tmp_path / "src" / "app"
    found = Origins.of(Revision(".", top, (top,)), {"shop": str(top / "shop")})
    assert found.own == {"shop": "shop"}


def test_a_revision_from_before_it_was_asked_is_found_by_where_python_looks(tmp_path: Path) -> None:
    """Its own folders come first; what it does not have is the installed one."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    revision = Revision("old", tmp_path, (tmp_path,))
    found = Origins.of(revision, unasked(revision, ["shop"]))
    assert found.own == {"shop": "shop"}
    assert found.other == {"doorstep": str(SOURCES)}


def test_two_sides_that_ran_different_code_have_a_sentence_each() -> None:
    old, new = (Revision(name, Path("/r"), ()) for name in ("HEAD", "."))
    both = [Origins.of(old, {"shop": "/r/shop"}), Origins.of(new, {"shop": "/r/src/shop"})]
    assert lines(both, 100) == [
        "HEAD ran its own shop (shop).",
        "The working tree ran its own shop (src/shop).",
    ]
    assert lines([alone({"shop": "/lib/shop"})], 100) == ["Both ran shop from /lib/shop."]
