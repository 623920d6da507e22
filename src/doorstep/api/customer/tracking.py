"""`GET /t/{token}`: where the order is. Reads tables only: it answers with every worker, and Temporal, stopped."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from doorstep.api.customer import pages
from doorstep.api.customer.headline import headline, over, pieces_of
from doorstep.api.customer.parcels import parcels_of, preparing
from doorstep.api.customer.visit import Visit, visit
from doorstep.api.customer.words import Local
from doorstep.api.limits import page_limit
from doorstep.api.schemas.errors import errors
from doorstep.api.wiring import Parts, Services
from doorstep.errors import NotFound
from doorstep.models.links import LinkPurpose
from doorstep.models.reading.goods import Order, Shipment
from doorstep.models.reading.orders import orders_of, shipments_of
from doorstep.models.reading.own import rating_of

router = APIRouter(tags=["people"], dependencies=[Depends(page_limit)])
Token = Annotated[str, Path(description="From the message's link.")]


@router.get(
    "/t/{token}",
    summary="Where the order is",
    description="Opens from a message, for the customer: the order's parcels and their milestones in the customer's "
    "own language and time zone, what is kept, and how to reach the store.",
    response_class=HTMLResponse,
    responses={200: {"description": "The page.", **pages.HTML}, **errors("not_found")},
)
async def track(request: Request, parts: Parts, token: Token) -> Response:
    try:
        return await run_in_threadpool(_page, parts, token)
    except NotFound:
        if not pages.wants_page(request):
            raise
        return pages.lost(parts, request)


def _page(parts: Services, token: str) -> Response:
    now = parts.clock()
    with parts.database.read() as session:
        seen = visit(parts, session, token, LinkPurpose.TRACKING)
        local = Local(seen, now)
        orders = orders_of(session, seen.ordered.id, local.clock)
        shipments = shipments_of(session, seen.ordered.id, local.clock, now)
        rated = rating_of(session, seen.ordered.id)
    return pages.page(seen, "tracking.html.j2", **_shown(seen, orders, shipments, local), rated=rated)


def _shown(seen: Visit, orders: list[Order], shipments: list[Shipment], local: Local) -> dict[str, Any]:
    own = orders[0]
    title, text = headline(own, [p for p in shipments if p.order_ref == own.ref], local)
    parcels = parcels_of(orders, shipments, local)
    gone = over(own)
    kept = own.delivered is not None and not gone and (not own.lines or any(line.kept for line in own.lines))
    if not gone and not any(p.order_ref == own.ref and p.status != "cancelled" for p in shipments):
        parcels.insert(0, preparing(own, local))
    if len(parcels) == 1 and parcels[0].note == text:
        text = ""  # the card says it
    return {
        "number": own.number,
        "placed": local.day(own.placed.utc) if own.placed else "",
        "title": title,
        "text": text,
        "parcels": [] if gone else parcels,
        "orders": [
            (order.number, order.exchange_of is not None, pieces_of(order, local.words)) for order in orders
        ],
        "review": seen.path(LinkPurpose.REVIEW) if kept else "",
        "returns": kept,
    }
