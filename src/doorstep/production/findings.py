"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """`fail`: something does not work, or will not; `warn`: worth knowing before somebody calls."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what was found, and how to mend it (empty when there is nothing to)."""

    name: str
    level: Level
    found: str
    mend: str = ""


def clock(name: str, ahead: float, uncertain: float) -> Finding:
    """A clock that is `ahead` seconds of ours, known to within `uncertain` seconds."""
    off = max(abs(ahead) - uncertain, 0.0)
    found = f"within {uncertain + 0.001:.3f} s of ours" if not off else f"{ahead:+.1f} s against ours"
    if off > 5:
        return Finding(
            name, Level.FAIL, found, "Set the clocks by NTP: signatures and due times depend on them."
        )
    if off > 0.5:
        return Finding(name, Level.WARN, found, "See that NTP runs on both machines.")
    return Finding(name, Level.OK, found)
