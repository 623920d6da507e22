"""An example of a plan."""

from __future__ import annotations

from doorstep.api.schemas.examples import JOURNEY_ID, named_value


def moment(utc: str, local: str, words: str) -> dict[str, str]:
    return {"utc": utc, "local": local, "words": words}


_NOW = moment("2026-03-20T09:00:00Z", "2026-03-20T10:00:00+01:00", "Fri 20 Mar 2026, 10:00")
_DUE = moment("2026-03-31T08:12:00Z", "2026-03-31T10:12:00+02:00", "Tue 31 Mar 2026, 10:12")
_LATE = moment("2026-04-03T08:12:00Z", "2026-04-03T10:12:00+02:00", "Fri 3 Apr 2026, 10:12")
_END = moment("2026-05-30T08:12:00Z", "2026-05-30T10:12:00+02:00", "Sat 30 May 2026, 10:12")

PLAN = named_value(
    "plan",
    {
        "journey_id": JOURNEY_ID,
        "type": "standard.v1",
        "as_of": _NOW,
        "pause": None,
        "assumption": "nothing",
        "assumed": ["Nothing more happens.", "This person's other journeys send nothing more."],
        "rebuilt": True,
        "note": "",
        "knew": None,
        "waits": [
            {
                "kind": "touch",
                "name": "win-back-30",
                "occurrence": "",
                "until": _DUE,
                "note": "",
                "sentence": "'win-back-30' is due on Tue 31 Mar 2026, 10:12.",
            }
        ],
        "touches": [
            {
                "step": "win-back-30",
                "occurrence": "",
                "key": f"{JOURNEY_ID}:win-back-30",
                "purpose": "marketing",
                "template": "win-back-30",
                "channel": "email",
                "when": _DUE,
                "due": _DUE,
                "waits": "",
                "expires": _LATE,
                "outcome": "sent",
                "reason": "",
                "sentence": "Goes by email on Tue 31 Mar 2026, 10:12, if nothing stops it.",
                "stops": [
                    "The order is cancelled, or nothing of it is kept.",
                    "Consent to marketing by email is withdrawn, or the person complains of spam.",
                    "The address for email bounces, is gone, or the person stops it.",
                ],
                "rules": [
                    {
                        "rule": "consent",
                        "verdict": "pass",
                        "facts": {"channels": ["email"]},
                        "detail": "Marketing is agreed to.",
                    }
                ],
            }
        ],
        "ends": _END,
        "outcome": "completed",
    },
    "A month and a half to go",
)
