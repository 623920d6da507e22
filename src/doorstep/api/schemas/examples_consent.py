"""Examples of what agents record of consent."""

from __future__ import annotations

from typing import Any

from doorstep.api.schemas.examples import PERSON_REF, named_value

_AT = "2026-03-10T12:00:00Z"
REQUESTS = {
    **named_value(
        "no_more_news",
        {"email": "ada@example.com", "granted": False, "reason": "asked on the phone", "store": "demo"},
    ),
    **named_value(
        "agrees_to_sms",
        {
            "person": PERSON_REF,
            "granted": True,
            "channel": "sms",
            "reason": "asked for offers in chat",
            "evidence": {
                "by": "chat",
                "text": "wants offers by SMS; transcript in ticket 4711",
                "said_at": "2026-03-10T11:52:00Z",
            },
        },
    ),
}


def _standing(channel: str, granted: bool, sentence: str, **more: Any) -> dict[str, Any]:
    return {
        "channel": channel,
        "granted": granted,
        "since": _AT,
        "source": "agent",
        "reachable": True,
        "blocked": None,
        "sentence": sentence,
        **more,
    }


def _answer(*channels: dict[str, Any]) -> dict[str, Any]:
    return {"person": PERSON_REF, "store": "demo", "purpose": "marketing", "channels": list(channels)}


ANSWERS = {
    **named_value(
        "no_more_news",
        _answer(_standing("email", False, "No marketing by email from now on.")),
    ),
    **named_value(
        "agrees_but_stopped",
        _answer(
            _standing(
                "sms",
                True,
                "They agree to marketing by sms. Nothing is sent all the same: they answered STOP. Only START from "
                "that number lifts it.",
                blocked="stop",
            )
        ),
    ),
}
