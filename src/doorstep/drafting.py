"""The next version of a journey, begun as a copy of the newest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from doorstep import releases
from doorstep.errors import SetupError
from doorstep.workflows import registry


def next_version(name: str, packages: Iterable[str] = ()) -> tuple[Path, str]:
    """Writes it and answers (its file, its workflow type). Raises `SetupError` for an unknown name, a file that is
    there already, or a module in which the version's number cannot be found."""
    found = releases.published(packages)
    newest = found[registry.newest(name)]
    name = registry.name_of(newest.type)
    number = registry.number_of(newest.type)
    path = releases.next_file(newest.path, name)
    if path.exists():
        raise SetupError(
            f"{path} is there already.", mend="Edit it; import it where its package is imported."
        )
    text, changed = re.subn(
        rf"(\bversion\s*=\s*){number}\b", rf"\g<1>{number + 1}", newest.path.read_text(), count=1
    )
    if not changed:
        raise SetupError(
            f"{newest.path} does not say `version={number}`.", mend=f"Copy it to {path.name} by hand."
        )
    path.write_text(text)
    return path, f"{name}.v{number + 1}"
