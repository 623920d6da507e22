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
from doorstep.domain.customers import SuppressionCause
from doorstep.domain.messages import Channel
from doorstep.errors import BadInput, NotFound
from doorstep.models.links import LinkPurpose
from doorstep.models.reading.own import Choice, choices_of

PAGE = "preferences"
router = APIRouter(tags=["people"], dependencies=[Depends(page_limit)])
Token = Annotated[str, Path(description="From the message's link.")]

_LABELS = {
    Channel.EMAIL: ("Email", "News, offers and ideas by email"),
    Channel.SMS: ("SMS", "News and offers by text message"),
    Channel.PUSH: ("Push messages", "News and offers on your screen"),
}
_BLOCKED = {
    SuppressionCause.BOUNCE: "Messages to this address came back, so we send none. Write to us to change it.",
    SuppressionCause.COMPLAINT: "You reported our messages as unwanted, so we send no more of these.",
    SuppressionCause.STOP: "You answered STOP, so we send none. Send START to the same number to change that.",
    SuppressionCause.MANUAL: "We were asked to send nothing here. Write to us to change it.",
}
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
        return pages.lost()
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
        return pages.lost()
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
    shown = [
        {
            "channel": choice.channel.value,
            "name": _LABELS[choice.channel][0],
            "text": _LABELS[choice.channel][1],
            "on": choice.granted and not choice.blocked,
            "blocked": _BLOCKED[choice.blocked] if choice.blocked else "",
        }
        for choice in choices
    ]
    return pages.page(seen, "preferences.html.j2", choices=shown, saved=saved)
