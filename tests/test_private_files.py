"""Secrets come from environment or file, are read by their owner only, and stand in no text of ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from doorstep import doctor
from doorstep.codec import draw_key
from doorstep.settings import Settings

MARKED = "s3cr3t-marker-9f2c"


def test_the_doctor_names_what_others_could_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name and with the command that mends it; a folder that is shut protects what lies in it."""
    monkeypatch.delenv("DOORSTEP_CODEC_KEYS", raising=False)
    settings = Settings(data_dir=tmp_path / "data")
    settings.secret_key()
    settings.keep_connection_secret("shop", MARKED)
    tmp_path.chmod(0o755)
    (tmp_path / "data").chmod(0o755)
    assert doctor.secrets(settings).state is doctor.State.OK
    (tmp_path / "data" / "secrets.json").chmod(0o644)
    (tmp_path / "data" / "doorstep.db").write_text("customers")
    told = doctor.secrets(settings)
    assert told.state is doctor.State.WARN
    assert "secrets.json" in told.found
    assert "doorstep.db" in told.found
    assert "chmod 600" in told.mend
    assert MARKED not in str(told)
    (tmp_path / "data").chmod(0o700)
    assert doctor.secrets(settings).state is doctor.State.OK


@pytest.mark.parametrize(
    "command", [["doctor", "--json"], ["keys", "codec", "list"], ["keys", "list"], ["api"]]
)
def test_no_command_says_a_secret(tmp_path: Path, command: list[str]) -> None:
    """With every secret marked and something wrong with each, neither output nor log holds one."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("DOORSTEP_")},
        "DOORSTEP_DATA_DIR": str(tmp_path),
        "DOORSTEP_DATABASE_URL": f"postgresql+psycopg://me:{MARKED}@127.0.0.1:1/none",
        "DOORSTEP_SECRET_KEY": MARKED,
        "DOORSTEP_CODEC_KEYS": f"k1:{MARKED}" if command[0] == "api" else draw_key_marked(),
        "DOORSTEP_CONNECTION_SECRET_SHOP": MARKED,
        "SENDGRID_API_KEY": MARKED,
        "TWILIO_AUTH_TOKEN": MARKED,
        "DOORSTEP_PORT": "1",
    }
    ran = subprocess.run(
        [sys.executable, "-m", "doorstep", *command],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.stdout + ran.stderr
    assert MARKED not in ran.stdout + ran.stderr
    assert not re.search(r"[A-Za-z0-9+/]{43}=", ran.stdout + ran.stderr)


def draw_key_marked() -> str:
    """A readable key; what it holds is found by its shape."""
    from datetime import date

    return draw_key(date(2026, 1, 1))
