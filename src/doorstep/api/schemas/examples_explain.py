"""Examples of an explanation."""

from __future__ import annotations

from doorstep.api.schemas.examples import DETAIL, JOURNEY_ID, named_value, raw
from doorstep.api.schemas.examples_plan import PLAN

_whole = raw(next(iter(DETAIL.values()))["value"])
_plan = raw(next(iter(PLAN.values()))["value"])

EXPLANATION = named_value(
    "explanation",
    {
        "journey_id": JOURNEY_ID,
        "type": "standard.v1",
        "as_of": None,
        "pause": None,
        "steps": _whole["steps"],
        "waits": [
            {
                **_plan["waits"][0],
                "note": "",
                "sentence": "'win-back-30' is due on Tue 31 Mar 2026, 10:12.",
            }
        ],
        "ahead": _plan["touches"],
        "assumed": _plan["assumed"],
        "note": "",
        "last_known": None,
    },
    "One message sent, one still to go",
)
