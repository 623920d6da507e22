"""An example of every request and answer. A test validates each against its schema, so none can grow stale."""

from __future__ import annotations

from typing import Any

JOURNEY_ID = "jny_b5xq2kz7m4n3v6w2y7hj4d5f6g"
ORDER_REF = "ord_b5xq2kz7m4n3v6w2y7hj4d5f6g"
PERSON_REF = "per_7kq2xz5m4n3v6w2y7hj4d5f6gb"
ACTION_ID = "act_4fzyo2mvyr2x7hb3c5d6e7f2ga"
_SHIPMENT = "shp_m4n3v6w2y7hj4d5f6gb5xq2kz7"

Named = dict[str, dict[str, Any]]
_RAW: dict[str, Any] = {}


def named_value(name: str, value: Any, summary: str = "") -> Named:
    """One example under a name. Its value travels as a ticket that `openapi` exchanges, lest its nulls be lost."""
    ticket = f"example:{len(_RAW)}"
    _RAW[ticket] = value
    return {name: {"summary": summary or name.replace("_", " "), "value": ticket}}


def raw(ticket: Any) -> Any:
    """The value behind a ticket; anything else as it is."""
    return _RAW.get(ticket, ticket) if isinstance(ticket, str) else ticket


def named(examples: Named) -> Named:
    """As OpenAPI's `examples`."""
    return examples


def ok(examples: Named, description: str = "As asked.") -> dict[str, Any]:
    """The documented good answer."""
    return {"description": description, "content": {"application/json": {"examples": examples}}}


def body(examples: Named) -> dict[str, Any]:
    """`openapi_extra=` with examples of the request's body."""
    return {"requestBody": {"content": {"application/json": {"examples": examples}}}}


def _moment(utc: str, local: str, words: str) -> dict[str, str]:
    return {"utc": utc, "local": local, "words": words}


_PLACED = _moment("2026-03-01T18:20:00Z", "2026-03-01T19:20:00+01:00", "Sun 1 Mar 2026, 19:20")
_SENT = _moment("2026-03-01T18:20:04Z", "2026-03-01T19:20:04+01:00", "Sun 1 Mar 2026, 19:20")
_EXPIRES = _moment("2026-03-03T18:20:00Z", "2026-03-03T19:20:00+01:00", "Tue 3 Mar 2026, 19:20")
_SCAN = _moment("2026-03-03T05:10:00Z", "2026-03-03T06:10:00+01:00", "Tue 3 Mar 2026, 06:10")
_EXPECTED = _moment("2026-03-04T11:00:00Z", "2026-03-04T12:00:00+01:00", "Wed 4 Mar 2026, 12:00")
_DUE = _moment("2026-03-31T08:12:00Z", "2026-03-31T10:12:00+02:00", "Tue 31 Mar 2026, 10:12")

SUMMARY = {
    "id": JOURNEY_ID,
    "store_id": "demo",
    "order_ref": ORDER_REF,
    "order_number": "#1042",
    "person_ref": PERSON_REF,
    "type": "standard.v1",
    "status": "open",
    "phase": "on its way",
    "paused": False,
    "next_due_at": "2026-03-31T08:12:00Z",
    "started_at": "2026-03-01T18:20:01Z",
    "closed_at": None,
    "outcome": "",
    "exit_cause": "",
}
PAGE = named_value(
    "page",
    {"journeys": [SUMMARY], "next_cursor": "WyIyMDI2LTAzLTAxVDE4OjIwOjAxKzAwOjAwIiwgImpueV9iNXhxIl0"},
    "One page; another follows",
)

_ORDER = {
    "ref": ORDER_REF,
    "number": "#1042",
    "external_id": "820982911946154508",
    "exchange_of": None,
    "currency": "EUR",
    "total_minor": 7480,
    "kept_minor": 5290,
    "placed": _PLACED,
    "shipped": True,
    "delivered": None,
    "cancelled": None,
    "open_complaint": False,
    "complaints": [],
    "status_url": "",
    "lines": [
        {
            "ref": "866550311766439020",
            "title": "Trail shoe, size 42",
            "sku": "TS-42",
            "product_ref": "788032119674292922",
            "quantity": 1,
            "kept": 1,
            "remaining": 1,
            "refunded": 0,
            "returned": 0,
            "received": 0,
            "price_minor": 5290,
        }
    ],
}
_PARCEL = {
    "ref": _SHIPMENT,
    "order_ref": ORDER_REF,
    "carrier": "DHL",
    "tracking_number": "00340434161094042557",
    "tracking_url": "https://carrier.example/track/00340434161094042557",
    "status": "in_transit",
    "substatus": "",
    "status_at": _SCAN,
    "expected": _EXPECTED,
    "expect_next_by": None,
    "silent": False,
    "delivered": None,
    "lines": [["866550311766439020", 1]],
    "checkpoints": [{"status": "in_transit", "substatus": "", "at": _SCAN}],
}
_STEP = {
    "key": f"{JOURNEY_ID}:order-confirmation",
    "step": "order-confirmation",
    "occurrence": "",
    "template": "order-confirmation",
    "purpose": "transactional",
    "state": "accepted",
    "outcome": "sent",
    "reason": None,
    "sentence": "Sent by email on Sun 1 Mar 2026, 19:20; delivered.",
    "channel": "email",
    "due": _PLACED,
    "expires": _EXPIRES,
    "decided": _SENT,
    "sent": _SENT,
    "next": None,
    "attempts": 1,
    "provider": "outbox",
    "provider_message_id": "msg_2y7hj4d5f6gb5xq2kz7m4n3v6w",
    "template_digest": "5c1b1d0f",
    "held_out": False,
    "decisions": [
        {
            "at": _SENT,
            "verdict": "send",
            "reason": None,
            "until": None,
            "channel": "email",
            "rules": [
                {
                    "rule": "suppression",
                    "verdict": "pass",
                    "facts": {"causes": []},
                    "detail": "Not suppressed.",
                }
            ],
        }
    ],
    "reports": [{"type": "delivered", "at": _SENT, "provider": "outbox"}],
}
_DETAIL: dict[str, Any] = {
    "id": JOURNEY_ID,
    "store_id": "demo",
    "store_name": "Demo Outfitters",
    "type": "standard.v1",
    "status": "open",
    "phase": "on its way",
    "paused": False,
    "outcome": "",
    "exit_cause": "",
    "started": _PLACED,
    "exited": None,
    "closed": None,
    "projected_at": "2026-03-03T05:10:02Z",
    "revision": 7,
    "wismo": "Order #1042, placed on Sun 1 Mar 2026, travels in one parcel. It (DHL, 00340434161094042557) is on "
    "its way (last news Tue 3 Mar 2026, 06:10); expected on Wed 4 Mar 2026.",
    "headline": "In phase 'on its way'. Waits to hear that the whole order has arrived, until Tue 31 Mar 2026, 10:12 "
    "at most.",
    "person": {
        "ref": PERSON_REF,
        "first_name": "Mara",
        "last_name": "Example",
        "email": "m•••@shop.example",
        "phone": "",
        "locale": "de",
        "zone": "Europe/Berlin",
        "zone_source": "address",
        "consents": [
            {
                "channel": "email",
                "purpose": "marketing",
                "granted": True,
                "at": _PLACED,
                "heard": _PLACED,
                "source": "shopify",
            }
        ],
        "erased_at": None,
    },
    "order": _ORDER,
    "other_orders": [],
    "shipments": [_PARCEL],
    "waits": [
        {
            "kind": "event",
            "name": "order.delivered",
            "occurrence": "",
            "until": _DUE,
            "note": "",
            "sentence": "Waits to hear that the whole order has arrived, until Tue 31 Mar 2026, 10:12 at most.",
        }
    ],
    "steps": [_STEP],
    "tickets": [],
    "points": [{"points": 52, "reason": "order", "at": _PLACED, "available": _DUE}],
    "actions": [],
    "events": [
        {
            "id": "evt_gb5xq2kz7m4n3v6w2y7hj4d5f6",
            "type": "order.placed",
            "subject": None,
            "connection": "demo-shopify",
            "status": "delivered",
            "occurred": _PLACED,
            "received_at": "2026-03-01T18:20:00Z",
            "attempts": 1,
            "error": "",
        }
    ],
    "troubles": [],
    "live": None,
    "differences": None,
}
DETAIL = {
    **named_value("tables", _DETAIL, "From the tables"),
    **named_value(
        "live",
        {
            **_DETAIL,
            "live": {
                "asked_at": "2026-03-03T05:10:03Z",
                "phase": "out for delivery",
                "paused": False,
                "outcome": "",
                "exit_cause": "",
                "waits": [
                    {
                        "kind": "event",
                        "name": "order.delivered",
                        "occurrence": "",
                        "until": "2026-03-31T08:12:00Z",
                    }
                ],
                "steps": {f"{JOURNEY_ID}:order-confirmation": "sent"},
            },
            "differences": [{"field": "phase", "live": "out for delivery", "table": "on its way"}],
        },
        "With live=1: the workflow is a moment ahead of its projection",
    ),
}

SEARCHES = {
    **named_value("order_number", {"order_number": "1042"}, "By order number"),
    **named_value("email", {"email": "Mara@Shop.example"}, "By email, in any spelling"),
    **named_value("phone", {"phone": "+49 30 901820", "store": "demo"}, "By phone, in one store"),
    **named_value("name", {"name": "mara ex", "limit": 5}, "By the beginnings of a name"),
}
FOUND = named_value(
    "found",
    {
        "found": [
            {
                "journey_id": JOURNEY_ID,
                "order_ref": ORDER_REF,
                "order_number": "#1042",
                "store_id": "demo",
                "store_name": "Demo Outfitters",
                "placed_at": "2026-03-01T18:20:00Z",
                "total_minor": 7480,
                "currency": "EUR",
                "status": "open",
                "phase": "on its way",
                "name": "Mara Example",
                "email": "m•••@shop.example",
                "phone": "",
                "items": ["Trail shoe, size 42"],
            }
        ],
        "more": False,
    },
    "One order fits",
)

ACTION_REQUESTS = {
    **named_value("pause", {"reason": "Customer is travelling until May"}, "Pause"),
    **named_value("resume", {"reason": "Back again", "catch_up": "shift"}, "Resume, everything moved"),
    **named_value("skip", {"reason": "Already spoken to", "step": "review-request"}, "Skip a step"),
    **named_value("send_now", {"reason": "Asked for it on the phone", "step": "care-guide"}, "Send now"),
}
_ACTION = {
    "id": ACTION_ID,
    "journey_id": JOURNEY_ID,
    "kind": "pause",
    "step": "",
    "occurrence": "",
    "catch_up": "skip",
    "reason": "Customer is travelling until May",
    "actor": "key:4k2jq7xz",
    "status": "applied",
    "detail": "",
    "waiting": [],
    "created_at": "2026-03-03T09:00:00Z",
    "done_at": "2026-03-03T09:00:01Z",
}
ACTION_DONE = named_value(
    "applied",
    {"action": _ACTION, "sentence": "Paused: nothing is sent until it is resumed; waits and exits go on."},
    "Done",
)
ACTION_TAKEN = named_value(
    "claimed",
    {
        "action": {**_ACTION, "status": "claimed", "done_at": None},
        "sentence": "The journey has taken it; the result follows.",
    },
    "Taken, still at it",
)

ALIVE = named_value("alive", {"alive": True})
_TEMPORAL = {"state": "ok", "detail": "Journeys run; actions and live reads are answered by workers."}
READY = {
    **named_value(
        "all_there",
        {
            "ready": True,
            "database": {"state": "ok", "detail": "Reads are answered and webhooks kept."},
            "temporal": _TEMPORAL,
        },
    ),
    **named_value(
        "after_a_newer_release",
        {
            "ready": True,
            "database": {
                "state": "ok",
                "detail": "The tables are a newer release's and serve this one, which is to be updated.",
            },
            "temporal": _TEMPORAL,
        },
    ),
    **named_value(
        "without_temporal",
        {
            "ready": True,
            "database": {"state": "ok", "detail": "Reads are answered and webhooks kept."},
            "temporal": {
                "state": "down",
                "detail": "Out of reach: actions answer 503, webhooks wait in the inbox, reads are served.",
            },
        },
    ),
}
NOT_READY = {
    **named_value(
        "not_migrated",
        {
            "ready": False,
            "database": {
                "state": "behind",
                "detail": "Run `doorstep migrate`: its tables are not this release's.",
            },
            "temporal": _TEMPORAL,
        },
    ),
    **named_value(
        "a_standby",
        {
            "ready": False,
            "database": {
                "state": "down",
                "detail": "It takes no writes (a standby, or told so): reads are answered, webhooks are refused.",
            },
            "temporal": _TEMPORAL,
        },
    ),
}
