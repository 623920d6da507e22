"""Writing what is its owner's alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_private(path: Path, text: str, *, keep_existing: bool = False) -> None:
    """Writes a file that only its owner can read, whole or not at all. `keep_existing`: the first writer wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    if not keep_existing:
        partial.replace(path)
        return
    try:
        os.link(partial, path)  # fails when another process was first, and then its key is the key
    except FileExistsError:
        pass
    finally:
        partial.unlink()
