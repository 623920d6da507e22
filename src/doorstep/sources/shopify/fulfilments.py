"""Fulfilments (parcels) and their events.

**When is it shipped?** Shopify's `success` means that the shop marked the lines fulfilled: often when the label is
printed, hours or days before a carrier has the parcel. So:

* with tracking, `success` is `pre_transit`: the carrier's first scan (`fulfillment_events`, `shipment_status`, or
  a carrier's own webhook) says that it is on its way, and three silent days after the label are told as such;
* without tracking nobody will ever scan it and the shop's word is the only one there is: `in_transit`
  (substatus `untracked`), with no deadline for a next scan, for none is due.

Both happened at the fulfilment's `created_at`, so every later webhook of the same fulfilment tells the same fact.
Status words: https://shopify.dev/docs/api/admin-rest/latest/resources/fulfillment and …/fulfillmentevent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from doorstep.domain.facts import LineQuantity
from doorstep.domain.shipments import ShipmentStatus
from doorstep.errors import Unreadable
from doorstep.sources import keys
from doorstep.sources.draft import Draft
from doorstep.sources.shopify.words import FULFILMENT_STATES, SCANS, exact_id
from doorstep.sources.sightings import ShipmentSighting
from doorstep.sources.silence import expect_next_by
from doorstep.sources.values import count, instant, items, number_id, stamp, text, word


def read_fulfilment(
    body: Mapping[str, Any], order: str | None, draft: Draft, path: str = "fulfillment"
) -> None:
    """A fulfilment, from its own webhook or from an order's `fulfillments[]`."""
    shipment = exact_id(body, "Fulfillment")
    if shipment is None:
        draft.problem(f"{path}: no id.")
        return
    created = instant(body.get("created_at")) or instant(body.get("updated_at"))
    if created is None:
        draft.problem(f"{path}.created_at: no instant with an offset.")
        return
    updated = instant(body.get("updated_at")) or created
    lines = _lines(body, draft, path)
    _sight(body, shipment, order, updated, lines, draft)
    subject = draft.shipment_ref(shipment)
    draft.event(
        "shipment.created",
        keys.shipment_created(shipment),
        created,
        order=order,
        subject=subject,
        data={"lines": [list(line) for line in lines]},
    )
    _state(body, shipment, order, created, updated, draft, path)


def _state(
    body: Mapping[str, Any],
    shipment: str,
    order: str | None,
    created: datetime,
    updated: datetime,
    draft: Draft,
    path: str,
) -> None:
    status, scanned = body.get("status"), body.get("shipment_status")
    if status == "cancelled":
        _scan(draft, shipment, order, ShipmentStatus.CANCELLED, updated)
        return
    if status == "success":
        tracked = bool(_tracking(body, "number") or _tracking(body, "url"))
        if tracked:
            _scan(draft, shipment, order, ShipmentStatus.PRE_TRANSIT, created, "fulfilled")
        else:
            _scan(draft, shipment, order, ShipmentStatus.IN_TRANSIT, created, "untracked", due=False)
    elif status is not None and not (isinstance(status, str) and status in FULFILMENT_STATES):
        draft.problem(f"{path}.status: '{word(status)}' is no status that Doorstep knows.")
    if scanned is None:
        return
    if not isinstance(scanned, str) or scanned not in SCANS:
        draft.problem(f"{path}.shipment_status: '{word(scanned)}' is no status that Doorstep knows.")
        return
    ours, substatus = SCANS[scanned]
    _scan(draft, shipment, order, ours, updated, substatus)


def read_fulfilment_event(body: Mapping[str, Any], order: str | None, draft: Draft) -> None:
    """One scan. It carries no tracking number, only `fulfillment_id` and `order_id`; it may come before its
    fulfilment does."""
    shipment = number_id(body.get("fulfillment_id"))
    if shipment is None:
        raise Unreadable("The fulfilment event names no fulfilment.", mend="Look at the stored webhook.")
    status = body.get("status")
    at = instant(body.get("happened_at")) or instant(body.get("created_at"))
    if at is None:
        draft.problem("fulfillment_event.happened_at: no instant with an offset.")
        return
    expected = instant(body.get("estimated_delivery_at"))
    draft.shipments[shipment] = ShipmentSighting(
        external_id=shipment,
        ref=draft.shipment_ref(shipment),
        external_order_id=order,
        at=at,
        expected_at=expected,
    )
    if not isinstance(status, str) or status not in SCANS:
        draft.problem(f"fulfillment_event.status: '{word(status)}' is no status that Doorstep knows.")
        return
    ours, substatus = SCANS[status]
    _scan(draft, shipment, order, ours, at, substatus, expected=expected)


def _scan(
    draft: Draft,
    shipment: str,
    order: str | None,
    status: ShipmentStatus,
    at: datetime,
    substatus: str = "",
    *,
    due: bool = True,
    expected: datetime | None = None,
) -> None:
    data: dict[str, Any] = {}
    if substatus:
        data["substatus"] = substatus
    if due and (deadline := expect_next_by(status, at)) is not None:
        data["expect_next_by"] = stamp(deadline)
    if expected is not None:
        data["expected_at"] = stamp(expected)
    draft.event(
        f"shipment.{status}",
        keys.shipment_scanned(shipment, status, at, substatus),
        at,
        order=order,
        subject=draft.shipment_ref(shipment),
        data=data,
    )


def _lines(body: Mapping[str, Any], draft: Draft, path: str) -> tuple[LineQuantity, ...]:
    found: dict[str, int] = {}
    for n, item in enumerate(items(body.get("line_items"))):
        ref, quantity = exact_id(item, "LineItem"), count(item.get("quantity"))
        if ref is None or quantity is None:
            draft.problem(f"{path}.line_items[{n}]: no id or no quantity.")
        elif quantity:
            found[ref] = found.get(ref, 0) + quantity
    return tuple(sorted(found.items()))


def _tracking(body: Mapping[str, Any], what: str) -> str:
    """`tracking_number`, else the first of `tracking_numbers[]` (there may be two URLs for one number)."""
    single = text(body.get(f"tracking_{what}"), 2000)
    several = body.get(f"tracking_{what}s")
    return single or (text(several[0], 2000) if isinstance(several, list) and several else "")


def _sight(
    body: Mapping[str, Any],
    shipment: str,
    order: str | None,
    at: datetime,
    lines: tuple[LineQuantity, ...],
    draft: Draft,
) -> None:
    url = _tracking(body, "url")
    draft.shipments[shipment] = ShipmentSighting(
        external_id=shipment,
        ref=draft.shipment_ref(shipment),
        external_order_id=order,
        at=at,
        company=text(body.get("tracking_company"), 100),
        number=_tracking(body, "number")[:200],
        # a link goes into messages: nothing but the web
        url=url if url.startswith(("https://", "http://")) else "",
        lines=lines,
    )
