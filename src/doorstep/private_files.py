"""Which files of an installation others on the machine could read, and should not."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

from doorstep.settings import Settings


def private_files(settings: Settings) -> list[Path]:
    """The secrets' files, and the database's when it is one: what must be its owner's alone."""
    files = [settings.secret_file, settings.secrets_file, settings.codec_keys_file]
    if settings.database_url.startswith("sqlite:///"):
        database = Path(settings.database_url.removeprefix("sqlite:///"))
        files += [database, *(database.with_name(database.name + end) for end in ("-wal", "-shm"))]
    return [path for path in files if path is not None and path.exists()]


def open_to_others(paths: Iterable[Path]) -> list[Path]:
    """Those that others can get at: readable by group or world, in no folder that keeps them out."""
    return [path for path in paths if _mode(path) & 0o044 and not _shut(path.parent)]


def _shut(folder: Path) -> bool:
    return not _mode(folder) & 0o011


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
