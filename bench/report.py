"""The bench's figures: a table for people, `.doorstep/bench.json` for scripts."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

FILE = Path(".doorstep/bench.json")


@dataclass(frozen=True)
class Figure:
    """One figure. `target` is empty for what is only stated."""

    value: float
    unit: str
    target: str
    ok: bool


class Figures:
    """Collects figures; a later value of the same name replaces the earlier one."""

    def __init__(self) -> None:
        self._all: dict[str, Figure] = {}
        self.prefix = ""
        """Before each figure's name: what it was measured on, where that is not SQLite."""

    def note(self, line: str) -> None:
        """Progress, for whoever waits."""
        sys.stderr.write(f"  {line}\n")

    def add(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> None:
        """One figure, with its target if it has one."""
        ok, target = True, ""
        if at_least is not None:
            ok, target = value >= at_least, f"≥ {at_least:g}"
        if at_most is not None:
            ok, target = value <= at_most, f"≤ {at_most:g}"
        self._all[self.prefix + name] = Figure(value=round(value, 3), unit=unit, target=target, ok=ok)

    def value(self, name: str) -> float:
        return self._all[self.prefix + name].value

    @property
    def failed(self) -> list[str]:
        return [name for name, figure in self._all.items() if not figure.ok]

    def write(self, file: Path = FILE) -> None:
        """Merge into the file: a run of one bench keeps the others' figures."""
        held = json.loads(file.read_text()) if file.exists() else {}
        held.update({name: vars(figure) for name, figure in self._all.items()})
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(held, indent=1, sort_keys=True) + "\n")

    def table(self) -> str:
        """The figures, aligned."""
        rows = [("figure", "value", "unit", "target", "")]
        for name, figure in self._all.items():
            mark = "" if not figure.target else "ok" if figure.ok else "MISSED"
            rows.append((name, f"{figure.value:g}", figure.unit, figure.target, mark))
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )
