"""One rating per order, told by its customer: an event like any other, kept as a webhook is. The pages ask for none
where the store's own review system told of one (`models.reading.own.rating_of`).

The event's id follows from the order, so a double click, a reload or two phones are one fact. A free text goes into
the raw inbox body and nowhere else.
"""

from __future__ import annotations

import json

from doorstep.api.customer.visit import Visit
from doorstep.api.wiring import Services
from doorstep.domain.facts import ReviewSubmitted
from doorstep.ingest import Accepted, Connected, Raw, accept
from doorstep.sources.base import ReadEvent, Reading

PAGE = "review-page"
LONGEST_TEXT = 2000  # characters


def rate(parts: Services, seen: Visit, rating: int, text: str) -> Accepted:
    """Stores the raw answer and its event in one transaction; a duplicate changes nothing. `rating` is 1 to 5."""
    now = parts.clock()
    order, store = seen.ordered, seen.store
    body = {"order": order.id, "rating": rating, **({"text": text[:LONGEST_TEXT]} if text else {})}
    event = ReadEvent(
        external_id=_name(order.id),
        fact_key=f"{_name(order.id)}:page",
        type=ReviewSubmitted.type,
        occurred_at=now,
        data={"rating": rating},
        external_order_id=order.external_id,
        order_ref=order.id,
    )
    raw = Raw(
        external_id=_name(order.id),
        topic=ReviewSubmitted.type,
        body=json.dumps(body, ensure_ascii=False).encode(),
    )
    at = Connected(
        id=PAGE,
        store_id=store.id,
        source=PAGE,
        zone=store.zone,
        country=store.country,
        currency=store.currency,
        locale=store.locale,
    )
    return accept(parts.database, at, Reading(events=(event,)), raw, now)


def _name(order_ref: str) -> str:
    return f"{ReviewSubmitted.type}:{order_ref}"
