"""An example of a plan as of the past, with what the journey knew then."""

from __future__ import annotations

from doorstep.api.schemas.examples import JOURNEY_ID, named_value, raw
from doorstep.api.schemas.examples_plan import PLAN, moment

_plan = raw(next(iter(PLAN.values()))["value"])
_PLACED = moment("2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00", "Sun 1 Mar 2026, 13:00")
_SCANNED = moment("2026-03-03T06:10:00Z", "2026-03-03T07:10:00+01:00", "Tue 3 Mar 2026, 07:10")
_HEARD = moment("2026-03-03T06:12:00Z", "2026-03-03T07:12:00+01:00", "Tue 3 Mar 2026, 07:12")
_PARCEL = "shp_ktfiq4ohw7wngsx4htzsnfadtx"

PLAN_AS_OF = named_value(
    "as-of",
    {
        **_plan,
        "as_of": moment("2026-03-04T09:00:00Z", "2026-03-04T10:00:00+01:00", "Wed 4 Mar 2026, 10:00"),
        "knew": {
            "phase": "on its way",
            "exit_cause": "",
            "shipped": True,
            "delivered": None,
            "cancelled": None,
            "parcels": [
                {
                    "ref": _PARCEL,
                    "carrier": "DHL",
                    "tracking_number": "00340434161094042557",
                    "status": "in_transit",
                    "substatus": "",
                    "status_at": _SCANNED,
                    "expect_next_by": None,
                    "delivered": None,
                    "lines": [],
                    "heard": [
                        {"status": "in_transit", "substatus": "", "at": _SCANNED, "heard": _HEARD},
                    ],
                    "sentence": "Parcel DHL 00340434161094042557: in transit since Tue 3 Mar 2026, 07:10; last heard "
                    "of on Tue 3 Mar 2026, 07:12.",
                }
            ],
            "orders_again": [],
            "refunds": [],
            "returns": [],
            "complaints": [],
            "actions": [],
            "touches": [
                {
                    "key": f"{JOURNEY_ID}:order-confirmation",
                    "step": "order-confirmation",
                    "occurrence": "",
                    "outcome": "sent",
                    "reason": None,
                    "channel": "email",
                    "at": _PLACED,
                    "sentence": "Sent by email on Sun 1 Mar 2026, 13:00.",
                }
            ],
            "heard": [
                {
                    "type": "shipment.in_transit",
                    "subject": _PARCEL,
                    "at": _SCANNED,
                    "heard": _HEARD,
                    "sentence": "A parcel was on its way.",
                }
            ],
        },
    },
    "As it was known on the fourth day",
)
