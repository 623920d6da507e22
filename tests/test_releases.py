"""Published versions are frozen: by the digest of what their module does, in a file beside their package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doorstep import drafting, releases
from doorstep.errors import SetupError
from doorstep.workflows import registry

TEA = '''"""Tea, version 1."""

from doorstep import Journey, journey


@journey("tea", version=1)
class Tea(Journey):
    """A day with a box of tea."""

    async def run(self) -> str:
        await self.send("order-confirmation")  # at once
        return "completed"
'''
Shop = Callable[..., Path]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """`shop(file=source, …)` writes a store package `shopof…` and answers its folder; imported once."""
    monkeypatch.setattr(registry, "_JOURNEYS", dict(registry._JOURNEYS))
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / f"shopof{tmp_path.name.replace('-', '_')}"

    def written(**files: str) -> Path:
        folder.mkdir(exist_ok=True)
        files = {"__init__": f"from {folder.name} import tea_v1", "tea_v1": TEA} | files
        for name, source in files.items():
            (folder / f"{name}.py").write_text(source)
        return folder

    yield written
    for name in [name for name in sys.modules if name.partition(".")[0] == folder.name]:
        del sys.modules[name]


def test_the_built_in_journeys_are_as_they_were_published() -> None:
    """`standard.v1` is frozen, and no frozen module has changed."""
    releases.check()
    assert "standard.v1" in releases.frozen()


def test_comments_layout_and_docstrings_may_be_mended() -> None:
    """The digest is of what the module does."""
    mended = TEA.replace("# at once", "# right away").replace("A day with", "One day with")
    mended = mended.replace('"order-confirmation")', '\n            "order-confirmation",\n        )')
    assert mended != TEA
    assert releases.digest_of(mended) == releases.digest_of(TEA)


@pytest.mark.parametrize(
    ("was", "became"),
    [
        ('"order-confirmation"', '"reassurance"'),
        ("await self.send", "self.send"),
        ("version=1", "version=2"),
        ('return "completed"', "return None"),
        ('        return "completed"\n', ""),
        ('@journey("tea", version=1)\n', ""),
    ],
)
def test_whatever_it_does_differently_changes_the_digest(was: str, became: str) -> None:
    assert releases.digest_of(TEA.replace(was, became)) != releases.digest_of(TEA)


def test_a_published_module_that_changed_is_refused_by_name(shop: Shop) -> None:
    """A store's own package has its own file; changed after publishing, what, where and how to mend it are said."""
    folder = shop()
    made = releases.publish("tea", "2026-11-25", [folder.name])
    assert [(e.type, e.release) for e in made] == [("tea.v1", "2026-11-25")]
    assert releases.publish("tea", "2026-11-26", [folder.name]) == [], "again is nothing"
    assert '["tea.v1"]' in (folder / "releases.toml").read_text()
    releases.check([folder.name])

    shop(tea_v1=TEA.replace("order-confirmation", "reassurance"))
    with pytest.raises(SetupError, match=r"tea_v1\.py has changed .* 2026-11-25.*write tea_v2\.py"):
        releases.check([folder.name])
    with pytest.raises(SetupError, match="has changed"):
        releases.publish("tea", "2026-11-26", [folder.name])


def test_code_of_a_published_version_may_go_only_when_retired(shop: Shop) -> None:
    """Its entry stays for ever, so its name cannot be used for another story later."""
    folder = shop()
    releases.publish("tea", "r1", [folder.name])
    del registry._JOURNEYS["tea.v1"]
    with pytest.raises(SetupError, match=r"tea\.v1 .* has no code here.*retire tea\.v1"):
        releases.check([folder.name])
    releases.retire("tea.v1", "r2", [folder.name])
    releases.check([folder.name])
    assert releases.frozen([folder.name])["tea.v1"].retired == "r2"


def test_a_version_shares_its_module_with_nothing_that_must_change(shop: Shop) -> None:
    """Two versions in one file, or one in `__init__.py` beside the routing: both are sent to a file of their own."""
    folder = shop(
        tea_v1=TEA + TEA.partition("\n\n\n")[2].replace("version=1", "version=2").replace("Tea(", "Tea2(")
    )
    with pytest.raises(SetupError, match=r"publishes tea\.v1 and tea\.v2"):
        releases.publish("tea.v1", "r1", [folder.name])
    assert not (folder / "releases.toml").exists()


def test_a_version_in_the_package_itself_is_sent_to_a_file_of_its_own(shop: Shop) -> None:
    folder = shop(__init__=TEA, tea_v1="")
    with pytest.raises(SetupError, match=r"Move the class to tea_v1\.py"):
        releases.publish("tea", "r1", [folder.name])


def test_the_next_version_begins_as_a_copy_of_the_newest(shop: Shop) -> None:
    """`tea_v2.py`, with its own number; a second time it is left alone."""
    folder = shop()
    path, type_name = drafting.next_version("tea", [folder.name])
    assert (path, type_name) == (folder / "tea_v2.py", "tea.v2")
    assert path.read_text() == TEA.replace("version=1", "version=2")
    with pytest.raises(SetupError, match="is there already"):
        drafting.next_version("tea", [folder.name])


def test_a_worker_refuses_a_changed_module_before_it_takes_any_work(tmp_path: Path) -> None:
    """A copy of the sources in which the frozen first version waits a day longer: one sentence, exit code 1."""
    sources = Path(releases.__file__).parent
    shutil.copytree(sources, tmp_path / "doorstep", ignore=shutil.ignore_patterns("__pycache__"))
    module = tmp_path / "doorstep" / "workflows" / "standard_v1.py"
    module.write_text(module.read_text().replace("until=self.day(30)", "until=self.day(31)"))
    own = {name: value for name, value in os.environ.items() if not name.startswith("DOORSTEP_")}
    own |= {"PYTHONPATH": str(tmp_path), "DOORSTEP_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-m", "doorstep", "worker"]
    done = subprocess.run(
        command, env=own, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert f"{module} has changed since it was published as standard.v1 with 0.1.0" in done.stderr
    assert "write standard_v2.py" in done.stderr


def test_names_that_are_none_are_offered_the_nearest(shop: Shop) -> None:
    folder = shop()
    with pytest.raises(SetupError, match=r"'te4'.*Did you mean 'tea'"):
        releases.publish("te4", "r1", [folder.name])
    with pytest.raises(SetupError, match="never published"):
        releases.retire("tea.v1", "r1", [folder.name])
