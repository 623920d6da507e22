"""What happened in a scenario, in a few words for its timeline."""

from __future__ import annotations

from typing import Any

from doorstep.contracts import ActionKind, ActionResult
from doorstep.rehearsal.scenario import Steered
from doorstep.rehearsal.telling import Body

SHOWN = (
    *(
        "rating",
        "lines",
        "amount_minor",
        "substatus",
        "channel",
        "purpose",
        "products",
        "expect_next_by",
        "gift",
        "score",
    ),
)
"""What of an event's data a timeline shows."""


def of_event(body: Body) -> str:
    """What an order held, or what an event was about and said."""
    data = body["data"]
    if body["type"] == "order.placed":
        told = [f"{line['quantity']} {line['id']}" for line in data["lines"]]
        return ", ".join([*told, *(["a gift"] if data.get("gift") else [])])
    parts = [f"{k}={_value(data[k])}" for k in SHOWN if k in data]
    return " ".join([*([str(body["subject"])] if "subject" in body else []), *parts])


def of_action(entry: Steered, answer: ActionResult) -> str:
    """What an agent asked for and what the journey made of it."""
    catch_up = entry.catch_up.value.replace("_", " ") if entry.action is ActionKind.RESUME else ""
    words = " ".join(w for w in (entry.step, catch_up) if w)
    refused = "" if answer.applied else f"refused: {answer.detail}"
    return "; ".join(w for w in (words, refused or answer.detail) if w)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(
            "×".join(str(x) for x in reversed(v)) if isinstance(v, list) else str(v) for v in value
        )
    return str(value)
