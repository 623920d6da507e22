"""Leaving the mailing list (RFC 8058): a page that changes nothing, and one POST that does it at once.

No login, no cookie, no redirect. Mail scanners open every link in a mail, so only the POST changes anything. The
token names the store, the person and the channel by reference; there is no personal data in the address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup, escape
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from doorstep.api.assets import filled
from doorstep.api.choosing import Word, say
from doorstep.api.customer.language import locale_of, of_stranger
from doorstep.api.customer.pages import wants_page
from doorstep.api.schemas.errors import errors
from doorstep.api.wiring import Parts, Services
from doorstep.domain.customers import SuppressionCause
from doorstep.domain.messages import Channel, Purpose
from doorstep.errors import BadInput, NotFound
from doorstep.models.access import AuditRow
from doorstep.models.links import Link, LinkPurpose, uncovered, verify
from doorstep.models.people import PersonRow
from doorstep.models.reading.consents import latest_consent
from doorstep.models.store import suppress_hash
from doorstep.models.stores import StoreRow
from doorstep.templates.brand import DEFAULT_BRAND
from doorstep.templates.pages import Speech

SOURCE = "unsubscribe"
_MULTIPART = re.compile(rb'name="List-Unsubscribe"\r?\n\r?\nOne-Click\r?\n', re.IGNORECASE)

router = APIRouter(tags=["people"])

Token = Annotated[str, Path(max_length=600, description="From the message's link.")]
Address = Annotated[
    str,
    Query(max_length=200, description="From the message's link: where it went, sealed. Old ones have none."),
]
_FORM = (
    '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
    "<button>{button}</button></form>"
)
_PAGE = {"content": {"text/html": {"schema": {"type": "string"}}}}


@router.get(
    "/u/{token}",
    summary="The unsubscribe page",
    description="Opens from a message. Changes nothing: mail scanners open every link.",
    response_class=HTMLResponse,
    responses={
        200: {"description": "The page, with one button until they have unsubscribed.", **_PAGE},
        **errors("not_found"),
    },
)
async def ask(request: Request, parts: Parts, token: Token, a: Address = "") -> Response:
    whose = await _opened(parts, request, token)
    if isinstance(whose, Response):
        return whose
    speech = whose.speech or of_stranger(parts, request, whose.store)
    words = speech.words
    if whose.speech is None and uncovered(parts.settings.secret_key(), token, a) is None:
        return _page(parts, speech, whose.store, words.nobody, words.nobody_why)
    text = _no_more(words, whose.link)
    if whose.left:
        return _page(parts, speech, whose.store, words.unsubscribed, text)
    return _page(parts, speech, whose.store, words.unsubscribe_question, text, button=words.unsubscribe)


@router.post(
    "/u/{token}",
    summary="Unsubscribe at once",
    description="RFC 8058: `List-Unsubscribe=One-Click` in the body, as mail programs and our page send it. Again "
    "it changes nothing. Messages about orders already placed still come.",
    response_class=HTMLResponse,
    responses={200: {"description": "Done.", **_PAGE}, **errors("bad_input", "not_found")},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {
                        "type": "object",
                        "properties": {"List-Unsubscribe": {"const": "One-Click"}},
                        "required": ["List-Unsubscribe"],
                    },
                    "example": {"List-Unsubscribe": "One-Click"},
                }
            },
        }
    },
)
async def leave(request: Request, parts: Parts, token: Token, a: Address = "") -> Response:
    whose = await _opened(parts, request, token)
    if isinstance(whose, Response):
        return whose
    if not one_click(await request.body()):
        raise BadInput(
            "The body does not say List-Unsubscribe=One-Click; nothing was changed.",
            mend="Send it as a form field, as RFC 8058 says.",
        )
    speech = whose.speech or of_stranger(parts, request, whose.store)
    words, hashed = speech.words, uncovered(parts.settings.secret_key(), token, a)
    if not await run_in_threadpool(withdraw, parts, whose.link, hashed):
        return _page(parts, speech, whose.store, words.nobody, words.nobody_why)
    return _page(parts, speech, whose.store, words.unsubscribed, _no_more(words, whose.link))


def one_click(body: bytes) -> bool:
    """Whether a form body, urlencoded or multipart, asks for it."""
    if _MULTIPART.search(body):
        return True
    try:
        fields = parse_qs(body.decode(), max_num_fields=20)
    except ValueError:
        return False
    return "one-click" in [value.lower() for value in fields.get("List-Unsubscribe", [])]


def withdraw(parts: Services, link: Link, hashed: str | None) -> bool:
    """No more marketing on the link's channel, once and for all times it is said. `hashed`: where the message went.
    Of a person who was erased the address is silenced instead, until its owner says yes again; False where an old
    link does not say which it was, and nothing was changed."""
    word = Word(
        store_id=link.store_id,
        person_ref=link.person_ref,
        channel=link.channel or Channel.EMAIL.value,
        granted=False,
        page=SOURCE,
        reason=_REASON,
        order_ref=link.order_ref,
    )
    if say(parts, word):
        return True
    with parts.database.write() as session:  # after it: an erasure is for good
        if not _erased(session, link):
            return True
        if hashed is None:
            return False
        channel, now = Channel(word.channel), parts.clock()
        suppress_hash(session.connection(), link.store_id, channel, hashed, SuppressionCause.ERASURE, now)
        detail = {"channel": word.channel, "purpose": word.purpose.value, "order": link.order_ref}
        actor = f"person:{link.person_ref}"
        session.add(
            AuditRow(
                at=now,
                actor=actor,
                action="address.silenced",
                subject=link.person_ref,
                reason=_REASON,
                detail=detail,
            )
        )
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whose:
    """One link, its store, and the language of its person; None when they were erased: nothing is known of them.
    `left`: their latest word on the link's channel is no."""

    link: Link
    store: StoreRow
    speech: Speech | None
    left: bool = False


def _whose(parts: Services, token: str) -> _Whose:
    link = verify(parts.settings.secret_key(), token, LinkPurpose.UNSUBSCRIBE)
    with parts.database.read() as session:
        store, person = session.get(StoreRow, link.store_id), session.get(PersonRow, link.person_ref)
        channel = link.channel or Channel.EMAIL.value
        held = latest_consent(session, link.person_ref, channel, Purpose.MARKETING.value)
        left = held is not None and not held.granted
    if store is None:
        raise NotFound("This link is not one of ours.", mend="Use the link as it is in the message.")
    if person is None or person.erased_at is not None:
        return _Whose(link=link, store=store, speech=None)
    return _Whose(link=link, store=store, speech=parts.pages.of(locale_of(person, store)), left=left)


def _erased(session: Session, link: Link) -> bool:
    person = session.get(PersonRow, link.person_ref)
    return person is None or person.erased_at is not None


_REASON = "unsubscribed by the link in a message"


def _no_more(words: Any, link: Link) -> str:
    said = words.no_more.get(link.channel or Channel.EMAIL.value, words.no_more["email"])
    return Markup(" ").join([said, words.orders_still])


async def _opened(parts: Services, request: Request, token: str) -> _Whose | HTMLResponse:
    """Whose link it is; for a browser whose link is cut off or changed the page that says so (404), and nothing is
    done. Raises `NotFound` for anything else that asks with such a link."""
    try:
        return await run_in_threadpool(_whose, parts, token)
    except NotFound:
        if not wants_page(request):
            raise
    speech = of_stranger(parts, request)
    return _page(parts, speech, None, speech.words.incomplete, speech.words.incomplete_why, status=404)


def _page(
    parts: Services,
    speech: Speech,
    store: StoreRow | None,
    title: str,
    text: str,
    *,
    button: str = "",
    status: int = 200,
) -> HTMLResponse:
    brand = parts.brand.over(store.brand) if store is not None else DEFAULT_BRAND
    made = filled(
        "unsubscribe.html",
        language=speech.language,
        store=escape(store.name if store is not None else ""),
        title=escape(title),
        text=escape(text),
        form=_FORM.format(button=escape(button)) if button else "",
        primary=brand.primary,
        on_primary=brand.on_primary,
        canvas=brand.canvas,
        paper=brand.paper,
        ink=brand.ink,
        muted=brand.muted,
    )
    headers = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",  # the address is the person's; no other site is told it
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    }
    return HTMLResponse(made, status_code=status, headers=headers)
