"""Examples of what concerns people's data and the audit log."""

from __future__ import annotations

from doorstep.api.schemas.examples import JOURNEY_ID, ORDER_REF, PERSON_REF, named_value

_AT = "2026-03-10T12:00:00Z"
EXPORT_REQUESTS = {
    **named_value("by_reference", {"person": PERSON_REF, "reason": "asked by letter of 8 March"}),
    **named_value("by_address", {"email": "ada@example.com", "reason": "asked by mail", "store": "demo"}),
}
ERASE_REQUESTS = {
    **named_value("by_reference", {"person": PERSON_REF}),
    **named_value("by_phone", {"phone": "030 23125001", "store": "demo"}),
}
EXPORT = named_value(
    "everything",
    {
        "format": "doorstep-person-export/1",
        "person": PERSON_REF,
        "store": "demo",
        "exported_at": _AT,
        "not_in_tables": "Temporal's histories name journeys and references only: no name, address or number.",
        "holdings": {
            "persons": [{"id": PERSON_REF, "store_id": "demo", "first_name": "Ada", "last_name": "Muster"}],
            "orders": [{"id": ORDER_REF, "number": "#1042", "address": {"city": "Berlin"}}],
            "tickets": [],
        },
    },
)
ERASED = {
    **named_value("erased", {"person": PERSON_REF, "erased": True}),
    **named_value("was_erased_before", {"person": PERSON_REF, "erased": False}),
}
REQUESTS = named_value(
    "one_open",
    {
        "requests": [
            {
                "id": "prq_4fzyo2mvyr2x7hb3c5d6e7f2ga",
                "store_id": "demo",
                "connection": "demo-shopify",
                "kind": "access",
                "person": PERSON_REF,
                "asked_at": _AT,
                "due_at": "2026-04-09T12:00:00Z",
                "done_at": None,
                "done_by": "",
                "overdue": False,
            }
        ]
    },
)
AUDIT = named_value(
    "a_pause",
    {
        "lines": [
            {
                "id": 17,
                "at": _AT,
                "actor": "journey",
                "action": "journey.pause.applied",
                "subject": JOURNEY_ID,
                "reason": "waits for the warehouse",
                "detail": {"action": "act_4fzyo2mvyr2x7hb3c5d6e7f2ga", "asked_by": "key:h2kq7mzd"},
            }
        ],
        "next_before": 17,
    },
)
