"""What is wrong in a store's package is one sentence, with file and line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from doorstep.errors import JourneyError, SetupError
from doorstep.packages import home, imported


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder: Path, name: str, text: str, **modules: str) -> None:
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(text)
    for module, source in modules.items():
        (folder / name / f"{module}.py").write_text(source)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("unclosed", "import unclosed.parts\n", "unclosed/parts.py:2: '(' was never closed. Mend it there"),
        ("divides", "import divides.parts\n", "divides/parts.py:4: ZeroDivisionError"),
        (
            "lacking",
            "\nimport nothing_of_that_name\n",
            "lacking/__init__.py:2: ModuleNotFoundError: No module named 'nothing_of_that_name'. Install what",
        ),
        ("mistaken", "from mistaken.parts import gone\n", "mistaken/__init__.py:1: ImportError"),
    ],
)
def test_a_broken_package_is_told_with_file_and_line(folder: Path, name: str, text: str, said: str) -> None:
    parts = "import os\nwrong = (1,\n" if name == "unclosed" else "import os\n\n\nos = 1 / 0\n"
    written(folder, name, text, parts="there = 1\n" if name == "mistaken" else parts)
    with pytest.raises(SetupError) as error:
        imported(name)
    assert f"The store package '{name}' cannot be imported: {said}" in str(error.value)


def test_a_package_that_is_not_there_is_not_blamed_on_what_it_imports(folder: Path) -> None:
    with pytest.raises(
        SetupError, match=r"there is no module 'nowhere_at_all'\. Check DOORSTEP_STORE_PACKAGES"
    ):
        imported("nowhere_at_all.shop")


def test_what_doorstep_finds_wrong_in_it_is_said_in_its_own_words(folder: Path) -> None:
    text = 'from doorstep import Journey, journey\n\n@journey("No Name", version=0)\nclass J(Journey): ...\n'
    written(folder, "misnamed", text)
    with pytest.raises(JourneyError, match="names no journey"):
        imported("misnamed")


def test_its_folder_is_found_without_running_it(folder: Path) -> None:
    """Scenarios and templates of a package that is broken just now are found all the same."""
    written(folder, "quiet", "raise SystemExit(3)\n")
    assert home("quiet") == folder / "quiet"
    assert "quiet" not in sys.modules
