"""What is held of a person: given out, or erased. Bodies only: nobody's address stands in an address."""

from __future__ import annotations

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from doorstep.api.auth import Administrator, store_for
from doorstep.api.customer.telling import wake_person
from doorstep.api.schemas import examples_privacy as examples
from doorstep.api.schemas.errors import errors
from doorstep.api.schemas.examples import body, ok
from doorstep.api.schemas.privacy import (
    ErasureAnswer,
    ExportRequest,
    PersonExport,
    PersonNamed,
    PrivacyRequests,
    PrivacyRequestView,
)
from doorstep.api.wiring import Parts, Services
from doorstep.ingest.forgetting import forget_person
from doorstep.models.keys import Caller
from doorstep.privacy.finding import Meant, find_person
from doorstep.privacy.requests import answered, listed

router = APIRouter(tags=["privacy"])
_ERRORS = errors(
    "not_json", "unauthenticated", "forbidden", "bad_input", "not_found", "invalid", "rate_limited"
)


@router.post(
    "/persons/export",
    summary="Everything held of a person",
    description="Every row of every table that is theirs, raw webhooks and messages included, as JSON. Personal data: "
    "hand it to the person, keep no copy. Written into the audit log; it answers the person's open access requests.",
    responses={200: ok(examples.EXPORT), **_ERRORS},
    openapi_extra=body(examples.EXPORT_REQUESTS),
)
def export(parts: Parts, caller: Administrator, asked: ExportRequest) -> PersonExport:
    with parts.database.writing() as conn:
        person = find_person(conn, _meant(caller, asked))
        told = answered(
            conn,
            person,
            actor=caller.actor,
            reason=asked.reason,
            at=parts.clock(),
            secret=parts.settings.secret_key,
        )
    return PersonExport(**told)


@router.post(
    "/persons/erase",
    summary="Forget a person",
    description="Names, addresses, messages, raw webhooks and what agents wrote about them are emptied in one "
    "transaction; their journeys end; references, states and times stay, and a keyed hash of each address, so that "
    "no marketing reaches it. It cannot be undone.",
    responses={200: ok(examples.ERASED), **_ERRORS},
    openapi_extra=body(examples.ERASE_REQUESTS),
)
async def erase(request: Request, parts: Parts, caller: Administrator, asked: PersonNamed) -> ErasureAnswer:
    person, erased = await run_in_threadpool(_erase, parts, caller, asked)
    if erased:
        wake_person(request, person)  # in the event loop, as the courier wants it
    return ErasureAnswer(person=person, erased=erased)


def _erase(parts: Services, caller: Caller, asked: PersonNamed) -> tuple[str, bool]:
    with parts.database.writing() as conn:
        person = find_person(conn, _meant(caller, asked))
        erased = forget_person(
            conn, person, actor=caller.actor, at=parts.clock(), secret=parts.settings.secret_key
        )
    return person, erased


@router.get(
    "/privacy/requests",
    summary="What people and shops asked about their data",
    description="Open ones first, most urgent first; answered ones of the last sixty days, or `all` ever.",
    responses={
        200: ok(examples.REQUESTS),
        **errors("unauthenticated", "forbidden", "not_found", "invalid", "rate_limited"),
    },
)
def requests(
    parts: Parts,
    caller: Administrator,
    store: str | None = Query(default=None, max_length=100, description="Only this store."),
    everything: bool = Query(default=False, alias="all", description="Answered long ago too."),
) -> PrivacyRequests:
    now = parts.clock()
    with parts.database.reading() as conn:
        rows = listed(conn, store_id=store_for(caller, store), now=now, everything=everything)
    return PrivacyRequests(
        requests=[
            PrivacyRequestView(
                id=row.id,
                store_id=row.store_id,
                connection=row.connection_id,
                kind=row.kind,
                person=row.person_id,
                asked_at=row.asked_at,
                due_at=row.due_at,
                done_at=row.done_at,
                done_by=row.done_by,
                overdue=row.done_at is None and row.due_at < now,
            )
            for row in rows
        ]
    )


def _meant(caller: Caller, asked: PersonNamed) -> Meant:
    return Meant(
        store_id=store_for(caller, asked.store),
        ref=asked.person or "",
        email=asked.email or "",
        phone=asked.phone or "",
    )
