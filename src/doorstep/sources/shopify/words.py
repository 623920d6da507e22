"""Shopify's words and ours. A word that is not here is reported, and nothing is made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from doorstep.domain.shipments import ShipmentStatus
from doorstep.sources.values import number_id

#: FulfillmentEvent.status and Fulfillment.shipment_status → (status, substatus)
SCANS: Mapping[str, tuple[ShipmentStatus, str]] = {
    "label_purchased": (ShipmentStatus.PRE_TRANSIT, "label_purchased"),
    "label_printed": (ShipmentStatus.PRE_TRANSIT, "label_printed"),
    "confirmed": (ShipmentStatus.PRE_TRANSIT, "confirmed"),
    "carrier_picked_up": (ShipmentStatus.IN_TRANSIT, "carrier_picked_up"),
    "in_transit": (ShipmentStatus.IN_TRANSIT, ""),
    "delayed": (ShipmentStatus.IN_TRANSIT, "delayed"),
    "out_for_delivery": (ShipmentStatus.OUT_FOR_DELIVERY, ""),
    "attempted_delivery": (ShipmentStatus.ATTEMPT_FAILED, ""),
    "ready_for_pickup": (ShipmentStatus.AVAILABLE_FOR_PICKUP, ""),
    "delivered": (ShipmentStatus.DELIVERED, ""),
    "failure": (ShipmentStatus.EXCEPTION, ""),
}

#: Fulfillment.status. `error` and `failure` are about the request to a fulfilment service, not the parcel: it
#: stays pending, and may yet succeed.
FULFILMENT_STATES = frozenset({"pending", "open", "success", "cancelled", "error", "failure"})

CANCEL_REASONS = frozenset({"customer", "inventory", "fraud", "declined", "staff", "other"})

#: `email_marketing_consent.state`, `sms_marketing_consent.state`. Only the two definite words count: "not
#: subscribed" is what a person is who never said anything, and `pending` waits for a double opt-in.
CONSENT_STATES: Mapping[str, bool | None] = {
    "subscribed": True,
    "unsubscribed": False,
    "not_subscribed": None,
    "pending": None,
    "redacted": None,
    "invalid": None,
}

_GID = re.compile(r"gid://shopify/([A-Za-z]+)/([0-9]{1,19})(?:\?.*)?", re.ASCII)


def exact_id(body: Mapping[str, Any], kind: str) -> str | None:
    """A resource's id as exact text: the number in its GID before the JSON number.

    Ids above 2^53 arrive rounded wherever JavaScript re-serialised the body (`820982911946154500` for
    `…508` in the recorded files); the GID is text and keeps every digit.
    """
    gid = body.get("admin_graphql_api_id")
    if isinstance(gid, str) and (found := _GID.fullmatch(gid)) and found[1] == kind:
        return number_id(found[2])
    return number_id(body.get("id"))


def mend_rounded(given: str | None, header_id: str) -> str | None:
    """`X-Shopify-Order-Id` (exact) instead of an id it rounds to. Headers are not signed, so one that names
    another order is not believed."""
    exact = number_id(header_id)
    if given is None or exact is None or given == exact:
        return given
    return exact if float(exact) == float(given) else given
