"""How many pieces go back, in the events of the signed API that tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorstep.sources.draft import Draft

#: a store's own events may mean something else by 'lines'
BACK = frozenset({"order.refunded", "return.requested", "return.approved", "return.received"})


def pieces_back(type_: str, data: Mapping[str, Any], draft: Draft, path: str) -> dict[str, Any]:
    """The `data` of a refund or a return with its pieces as numbers from 1: many systems send what goes back as less
    than none, and nothing of the kind can give pieces. What names none is left out and noted; null says that no lines
    were told."""
    told = data.get("lines")
    if type_ not in BACK:
        return dict(data)
    if told is None:
        return {name: value for name, value in data.items() if name != "lines"}
    if not isinstance(told, list):
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
