"""A file with secrets that is there and cannot be read: named with whose it is, said at the start, never waited out."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from doorstep import doctor, worker
from doorstep.api.app import create_app
from doorstep.codec import key_ring
from doorstep.errors import SecretsUnreadable, SetupError
from doorstep.private_reading import read_private
from doorstep.settings import Settings

NOBODY = 65534
FILES = ("secrets.json", "codec.keys", "secret.key")
READ: dict[str, Callable[[Settings], object]] = {
    "secrets.json": lambda settings: settings.connection_secrets("shop"),
    "codec.keys": key_ring,
    "secret.key": lambda settings: settings.secret_key(),
}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOORSTEP_CODEC_KEYS", "DOORSTEP_SECRET_KEY", "DOORSTEP_CONNECTION_SECRET_SHOP"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter: pytest's are their owner's alone."""
    folder = Path(tempfile.mkdtemp(prefix="doorstep-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def not_root() -> Iterator[None]:
    """Root may read everything; the block runs as somebody who may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("file", FILES)
def test_a_folder_in_its_place_is_named(tmp_path: Path, file: str) -> None:
    """What Docker makes of a file to mount that is not there."""
    (tmp_path / file).mkdir()
    with pytest.raises(SecretsUnreadable) as refused:
        READ[file](Settings(data_dir=tmp_path))
    assert refused.value.what == f"{tmp_path / file} is a folder, and should be a file."
    assert "Docker" in refused.value.mend


@pytest.mark.parametrize("file", FILES)
def test_what_belongs_to_somebody_else_is_named_with_whose_it_is(open_folder: Path, file: str) -> None:
    """And with the commands that mend it, for the user that this process has."""
    (open_folder / file).write_text("{}")
    (open_folder / file).chmod(0o600 if os.geteuid() == 0 else 0o000)
    settings = Settings(data_dir=open_folder)
    with not_root(), pytest.raises(SecretsUnreadable) as refused:
        READ[file](settings)
    assert f"{open_folder / file} cannot be read: it belongs to " in refused.value.what
    assert f"(uid {os.geteuid()}), with the mode " in refused.value.what
    reader = NOBODY if os.geteuid() == 0 else os.geteuid()
    assert f"`chown {reader} {open_folder / file}`" in refused.value.mend


def test_a_folder_that_may_not_be_entered_is_told_apart(open_folder: Path) -> None:
    """The file's owner cannot be told there."""
    shut = open_folder / "shut"
    shut.mkdir()
    (shut / "secrets.json").write_text("{}")
    shut.chmod(0o000)
    with not_root(), pytest.raises(SecretsUnreadable, match="may not enter its folder") as refused:
        read_private(shut / "secrets.json")
    shut.chmod(0o700)
    assert str(shut / "secrets.json") in refused.value.what


def test_no_file_is_no_error_and_another_trouble_is_named(tmp_path: Path) -> None:
    """What is not there was not meant; a path that leads through a file, or bytes that are no text, were."""
    assert read_private(tmp_path / "none") is None
    (tmp_path / "file").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SecretsUnreadable, match="file is no text"):
        read_private(tmp_path / "file")
    with pytest.raises(SecretsUnreadable, match="Not a directory"):
        read_private(tmp_path / "file" / "secrets.json")


def test_a_providers_file_is_named_with_its_variable_or_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `_FILE` was meant: that it is not there is an error too."""
    monkeypatch.delenv("TWILIO_AUTH_TOKEN", raising=False)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN_FILE", str(tmp_path / "token"))
    with pytest.raises(SecretsUnreadable, match=r"TWILIO_AUTH_TOKEN_FILE names .*token, which is not there"):
        Settings(data_dir=tmp_path).provider_secret("TWILIO_AUTH_TOKEN")
    (tmp_path / "token").mkdir()
    with pytest.raises(SecretsUnreadable, match="token is a folder"):
        Settings(data_dir=tmp_path).provider_secret("TWILIO_AUTH_TOKEN")


def test_a_secret_that_cannot_be_written_says_where_else_it_may_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container, whose `/etc/doorstep` is read-only."""

    def refused(path: Path, text: str) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr("doorstep.settings.write_private", refused)
    with pytest.raises(SetupError, match=r"secrets\.json cannot be written: Read-only file system") as told:
        Settings(data_dir=tmp_path).keep_connection_secret("shop", "s3cret")
    assert "DOORSTEP_CONNECTION_SECRET_SHOP" in told.value.mend
    assert "s3cret" not in str(told.value)


# --- who starts with it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", FILES)
def test_the_api_does_not_start_and_the_doctor_names_it(tmp_path: Path, file: str) -> None:
    """As with a key that is malformed: said before the first webhook comes."""
    (tmp_path / file).mkdir()
    with pytest.raises(SecretsUnreadable, match=file):
        create_app(Settings(data_dir=tmp_path))
    with pytest.raises(SecretsUnreadable, match=file):
        doctor.secrets(Settings(data_dir=tmp_path))


async def test_a_worker_does_not_wait_for_temporal_with_keys_it_cannot_read(tmp_path: Path) -> None:
    """It took them for a Temporal that is away, and tried for ever."""
    (tmp_path / "codec.keys").mkdir()
    with pytest.raises(SecretsUnreadable, match=r"codec\.keys"):
        await asyncio.wait_for(worker.run(Settings(data_dir=tmp_path), stop=asyncio.Event()), 20)


@pytest.mark.parametrize("command", ["worker", "api"])
def test_the_command_ends_with_one_sentence(tmp_path: Path, command: str) -> None:
    """Exit code 1, the file and the mend on stderr, no traceback."""
    (tmp_path / "codec.keys").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOORSTEP_")}
    ran = subprocess.run(
        [sys.executable, "-m", "doorstep", command],
        env=kept | {"DOORSTEP_DATA_DIR": str(tmp_path), "DOORSTEP_PORT": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert f"doorstep: {tmp_path / 'codec.keys'} is a folder, and should be a file." in ran.stderr
    assert "Traceback" not in ran.stderr
