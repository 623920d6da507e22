"""Finding a customer's order by what they say on the phone. In a body, so that no URL and no log holds it."""

from __future__ import annotations

from fastapi import APIRouter

from doorstep.api.auth import Supporter, store_for
from doorstep.api.schemas import examples
from doorstep.api.schemas.errors import errors
from doorstep.api.schemas.journeys import SearchAnswer, SearchRequest
from doorstep.api.wiring import Parts
from doorstep.models.reading.search import Wanted, search
from doorstep.privacy.finding import phones_of
from doorstep.sources import person

router = APIRouter(prefix="/journeys", tags=["journeys"])


@router.post(
    "/search",
    summary="Find a customer's orders",
    description="By order number, email, phone or name (the beginning of each word is enough); all that are given "
    "must fit. Email and phone are read in any notation. Nothing is changed, and nothing of it is logged.",
    responses={
        200: examples.ok(examples.FOUND),
        **errors("not_json", "unauthenticated", "forbidden", "not_found", "invalid"),
    },
    openapi_extra=examples.body(examples.SEARCHES),
)
def find(parts: Parts, caller: Supporter, asked: SearchRequest) -> SearchAnswer:
    store_id = store_for(caller, asked.store)
    with parts.database.read() as session:
        email = person.email(asked.email) if asked.email else None
        phones = phones_of(session.connection(), asked.phone, store_id) if asked.phone else ()
        # An address that cannot be one fits nobody; leaving it out would find everybody else's orders.
        if (asked.email and not email) or (asked.phone and not phones):
            return SearchAnswer(found=[], more=False)
        wanted = Wanted(
            store_id=store_id,
            order_number=asked.order_number or "",
            email=email or "",
            phones=phones,
            name=asked.name or "",
        )
        found, more = search(session, wanted, limit=asked.limit)
    return SearchAnswer(found=found, more=more)
