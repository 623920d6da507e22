"""`docker-compose.yml` as compose itself reads it, beside a `.env` of the test's."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GIVEN = {"POSTGRES_PASSWORD": "a-password", "DOORSTEP_SECRET_KEY": "a-key"}
NEEDS = "docker-compose is not installed: docker-compose.yml was not read by it (`make tools`)"


def compose(folder: Path, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """`docker-compose config`, Debian's or Docker's own, in a folder that holds nothing but the file and a `.env`."""
    commands = (["docker-compose"], ["docker", "compose"])
    command = next((c for c in commands if shutil.which(c[0]) and _runs([*c, "version"])), None)
    if command is None:
        pytest.skip(NEEDS)
    shutil.copy(ROOT / "docker-compose.yml", folder)
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    plain = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    return subprocess.run(
        [*command, "-f", str(folder / "docker-compose.yml"), "config"],
        cwd=folder,
        env=plain,
        capture_output=True,
        text=True,
        check=False,
    )


def services_of(folder: Path, given: dict[str, str]) -> dict[str, Any]:
    """Every service as compose understands it."""
    read = compose(folder, given)
    assert read.returncode == 0, read.stderr
    found: dict[str, Any] = yaml.safe_load(read.stdout)["services"]
    return found


def _runs(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
