"""Fact keys: one name per fact, whichever webhook of whichever source tells it. Built here and nowhere else, so
that `orders/updated`, `fulfillments/create` and our own API agree.

A fact that can happen again (a scan, an edit) carries the time it happened; one that happens once does not.
A repeated scan must keep its own key: were the second `in_transit` after an exception taken for the first, the
parcel would stay troubled. Two messages that tell the same scan with different times are two facts; the reducer
takes any set of them in any order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from doorstep.domain.ids import digest
from doorstep.domain.shipments import ShipmentStatus
from doorstep.sources.values import stamp


def order_placed(order: str) -> str:
    return f"order.placed:{order}"


def order_updated(order: str, updated_at: datetime, lines: Sequence[Mapping[str, Any]]) -> str:
    """The version and what it says: two edits in one second (Shopify's resolution) stay two."""
    told = json.dumps(list(lines), sort_keys=True, separators=(",", ":"), default=str)
    return f"order.updated:{order}:{stamp(updated_at)}:{digest(told, length=10)}"


def order_cancelled(order: str) -> str:
    return f"order.cancelled:{order}"


def order_refunded(order: str, refund: str, lines: Sequence[Sequence[Any]] = ()) -> str:
    """With the lines it names: who tells of a refund may know the sum alone (a payment provider) and say later, or let
    another say, what it was for. Taken for the same fact, what was heard first would hide that nothing is left."""
    key = f"order.refunded:{order}:{refund}"
    told = json.dumps(sorted(map(list, lines)), separators=(",", ":"))
    return f"{key}:{digest(told, length=10)}" if lines else key


def shipment_created(shipment: str) -> str:
    return f"shipment.created:{shipment}"


def shipment_scanned(shipment: str, status: ShipmentStatus, at: datetime, substatus: str = "") -> str:
    named = f"{status}.{substatus}" if substatus else str(status)
    return f"shipment.{named}:{shipment}:{stamp(at)}"
