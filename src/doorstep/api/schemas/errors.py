"""Documented errors: one entry per status, an example per code."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from doorstep.api.codes import CODES
from doorstep.api.problems import MEDIA_TYPE

_ALWAYS = ("internal", "database_unavailable")
_MORE: dict[str, dict[str, Any]] = {
    "invalid": {"errors": [{"at": "body.reason", "problem": "Field required"}]},
    "action_refused": {
        "waiting": ["care-guide", "review-request"],
        "action_id": "act_4fzyo82mvyr2x7hb3c5d6e7f8g",
    },
}


def errors(*codes: str) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route that may answer with these codes, and with those every route may."""
    by_status: dict[int | str, list[str]] = defaultdict(list)
    for code in dict.fromkeys((*codes, *_ALWAYS)):
        by_status[CODES[code].status].append(code)
    return {
        status: _response(named) for status, named in sorted(by_status.items(), key=lambda pair: str(pair[0]))
    }


def _response(codes: list[str]) -> dict[str, Any]:
    return {
        "description": "; or ".join(f"{CODES[code].title} (`{code}`)" for code in codes),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {code: {"summary": CODES[code].title, "value": example(code)} for code in codes},
            }
        },
    }


def example(code: str) -> dict[str, Any]:
    """A problem of that code as it would be answered."""
    known = CODES[code]
    return {
        "type": f"/problems/{code}",
        "title": known.title,
        "status": known.status,
        "code": code,
        "detail": known.meaning,
        "mend": known.mend,
        "instance": "urn:doorstep:request:req_3q5nvfw7kx2d4y6zjgmb5tahce",
        **_MORE.get(code, {}),
    }
