"""How many pieces go back, in the events of the signed API that tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorstep.sources.draft import Draft

_BACK = ("order.refunded", "return.")


def pieces_back(type_: str, data: Mapping[str, Any], draft: Draft, path: str) -> dict[str, Any]:
    """The `data` of a refund or a return with its pieces as numbers from 1: many systems send what goes back as less
    than none, and nothing of the kind can give pieces. What names none is left out and noted."""
    told = data.get("lines")
    if not type_.startswith(_BACK) or not isinstance(told, list):
        return dict(data)
    lines: list[Any] = []
    for n, line in enumerate(told):
        match line:
            case [str(), int() as pieces] if pieces == 0 and not isinstance(pieces, bool):
                draft.problem(f"{path}.data.lines[{n}]: no pieces; left out.")
            case [str() as ref, int() as pieces] if not isinstance(pieces, bool):
                lines.append([ref, abs(pieces)])
            case _:  # the event's class says what is wrong with it
                lines.append(line)
    return {**data, "lines": lines}
