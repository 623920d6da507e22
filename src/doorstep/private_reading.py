"""Reading what is its owner's alone, and saying whose it is where we may not."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path
from typing import Any

from doorstep.errors import SecretsUnreadable


def read_private(path: Path) -> str | None:
    """The text of a file with secrets; None where there is none. Raises `SecretsUnreadable`, which names the file and
    says how to mend it, for one that is there and cannot be read."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise SecretsUnreadable(f"{path} is no text.", mend="Put the right file there.") from None
    except PermissionError as error:
        raise _forbidden(path) from error
    except IsADirectoryError as error:
        mend = "Remove it and put the file there; Docker makes a folder where a file to mount is missing."
        raise SecretsUnreadable(f"{path} is a folder, and should be a file.", mend=mend) from error
    except OSError as error:
        mend = "Mend the path, or what it lies on."
        raise SecretsUnreadable(f"{path} cannot be read: {error.strerror}.", mend=mend) from error


def read_secrets(path: Path) -> dict[str, Any]:
    """The secrets file, connection to secrets; empty where there is none. Raises `SecretsUnreadable` as `read_private`
    does, and for one that holds something else: an empty one would have every webhook refused."""
    text = read_private(path)
    if text is None:
        return {}
    try:
        held = json.loads(text)
    except ValueError as error:
        raise SecretsUnreadable(f"{path} is not JSON: {error}.", mend="Mend or remove it.") from error
    if not isinstance(held, dict):
        what = f"{path} does not map connections to secrets."
        raise SecretsUnreadable(what, mend='Like {"shop": ["whsec_…"]}.')
    return held


def _forbidden(path: Path) -> SecretsUnreadable:
    """Whose it is, as far as that can be told, and who we are."""
    ours = os.geteuid()
    try:
        held = path.stat()
    except OSError:
        what = f"{path} cannot be read: {_named(ours)} may not enter its folder."
        return SecretsUnreadable(what, mend=f"`chown {ours} {path.parent}`, or `chmod a+x` what leads to it.")
    what = (
        f"{path} cannot be read: it belongs to {_named(held.st_uid)}, with the mode {held.st_mode & 0o7777:03o}, "
        f"and this process is {_named(ours)}."
    )
    mend = f"`chown {ours} {path}` and `chmod 600 {path}` (of a mounted file: where it is mounted from)."
    return SecretsUnreadable(what, mend=mend)


def _named(user: int) -> str:
    try:
        return f"{pwd.getpwuid(user).pw_name} (uid {user})"
    except KeyError:  # of another machine, as in a container
        return f"uid {user}"
