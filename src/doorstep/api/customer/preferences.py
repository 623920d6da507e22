"""`/p/{token}`: what we may write about, channel by channel. Opening it changes nothing; saving takes effect with
the commit, as unsubscribing does. Only channels for which we have an address are shown, and never the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from doorstep.api.choosing import Word, say
from doorstep.api.customer import pages
from doorstep.api.customer.review import form
from doorstep.api.customer.telling import wake_person
from doorstep.api.customer.visit import Visit, visit
from doorstep.api.limits import page_limit
from doorstep.api.schemas.errors import errors
from doorstep.api.wiring import Parts, Services
from doorstep.errors import BadInput, NotFound
from doorstep.models.links import LinkPurpose
from doorstep.models.reading.own import Choice, choices_of

PAGE = "preferences"
router = APIRouter(tags=["people"], dependencies=[Depends(page_limit)])
Token = Annotated[str, Path(description="From the message's link.")]

_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "shown": {"type": "array", "items": {"enum": ["email", "sms", "push"]}},
                        "on": {"type": "array", "items": {"enum": ["email", "sms", "push"]}},
                    },
                    "required": ["shown"],
                },
                "example": {"shown": ["email", "sms"], "on": ["email"]},
            }
        },
    }
}


@router.get(
    "/p/{token}",
    summary="The preference centre",
    description="Opens from a message. Changes nothing: mail scanners open every link.",
    response_class=HTMLResponse,
    responses={200: {"description": "The page.", **pages.HTML}, **errors("not_found")},
)
async def show(request: Request, parts: Parts, token: Token) -> Response:
    try:
        seen, choices = await run_in_threadpool(_opened, parts, token)
    except NotFound:
        if not pages.wants_page(request):
            raise
        return pages.lost(parts, request)
    return _page(seen, choices)


@router.post(
    "/p/{token}",
    summary="Choose what we may write about",
    description="`shown` names the channels this is about, `on` those of them that may carry marketing; the rest of "
    "`shown` is withdrawn. A channel not named stays as it is. Messages about orders already placed still come.",
    response_class=HTMLResponse,
    responses={200: {"description": "Saved.", **pages.HTML}, **errors("bad_input", "not_found")},
    openapi_extra=_FORM,
)
async def save(request: Request, parts: Parts, token: Token) -> Response:
    fields = form(await request.body())
    try:
        seen, choices = await run_in_threadpool(_opened, parts, token)
    except NotFound:
        if not pages.wants_page(request):
            raise
        return pages.lost(parts, request)
    if not fields.get("shown"):
        raise BadInput(
            "The body does not say which channels it is about; nothing was changed.", mend="Send `shown`."
        )
    changed = await run_in_threadpool(say, parts, *_words(seen, choices, fields))
    if changed:
        wake_person(request, seen.person.id)
        seen, choices = await run_in_threadpool(_opened, parts, token)
    return _page(seen, choices, saved=True)


def _opened(parts: Services, token: str) -> tuple[Visit, list[Choice]]:
    with parts.database.read() as session:
        seen = visit(parts, session, token, LinkPurpose.PREFERENCES)
        return seen, choices_of(session, seen.store.id, seen.person.id, seen.secret)


def _words(seen: Visit, choices: Sequence[Choice], fields: Mapping[str, list[str]]) -> list[Word]:
    """What changes, and a "no" that is said again: it counts from now. Nothing is granted on a blocked channel: it
    would say yes and send nothing."""
    shown, on = fields.get("shown", []), fields.get("on", [])
    return [
        Word(
            store_id=seen.store.id,
            person_ref=seen.person.id,
            channel=choice.channel.value,
            granted=choice.channel in on,
            page=PAGE,
            reason="chosen in the preference centre",
        )
        for choice in choices
        if choice.channel in shown
        and (choice.granted != (choice.channel in on) or (choice.withdrawn and choice.channel not in on))
        and not (choice.blocked and choice.channel in on)
    ]


def _page(seen: Visit, choices: Sequence[Choice], *, saved: bool = False) -> HTMLResponse:
    words = seen.speech.words
    shown = [
        {
            "channel": choice.channel.value,
            **words.channels[choice.channel.value],
            "on": choice.granted and not choice.blocked,
            "blocked": words.blocked[choice.blocked.value] if choice.blocked else "",
        }
        for choice in choices
    ]
    return pages.page(seen, "preferences.html.j2", choices=shown, saved=saved)
