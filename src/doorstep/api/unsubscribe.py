"""Leaving the mailing list (RFC 8058): a page that changes nothing, and one POST that does it at once.

No login, no cookie, no redirect. Mail scanners open every link in a mail, so only the POST changes anything. The
token names the store, the person and the channel by reference; there is no personal data in the address.
"""

from __future__ import annotations

import html
import re
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from doorstep.api.assets import filled
from doorstep.api.choosing import Word, say
from doorstep.api.schemas.errors import errors
from doorstep.api.wiring import Parts, Services
from doorstep.domain.customers import SuppressionCause
from doorstep.domain.messages import Channel
from doorstep.errors import BadInput, NotFound
from doorstep.models.access import AuditRow
from doorstep.models.links import Link, LinkPurpose, uncovered, verify
from doorstep.models.people import PersonRow
from doorstep.models.store import suppress_hash
from doorstep.models.stores import StoreRow
from doorstep.templates.brand import DEFAULT_BRAND

SOURCE = "unsubscribe"
_MULTIPART = re.compile(rb'name="List-Unsubscribe"\r?\n\r?\nOne-Click\r?\n', re.IGNORECASE)

router = APIRouter(tags=["people"])

Token = Annotated[str, Path(max_length=600, description="From the message's link.")]
Address = Annotated[
    str,
    Query(max_length=200, description="From the message's link: where it went, sealed. Old ones have none."),
]
_PAGE = {"content": {"text/html": {"schema": {"type": "string"}}}}


@router.get(
    "/u/{token}",
    summary="The unsubscribe page",
    description="Opens from a message. Changes nothing: mail scanners open every link.",
    response_class=HTMLResponse,
    responses={200: {"description": "The page, with one button.", **_PAGE}, **errors("not_found")},
)
async def ask(request: Request, parts: Parts, token: Token, a: Address = "") -> Response:
    try:
        link, store, erased = await run_in_threadpool(_whose, parts, token)
    except NotFound:
        if "text/html" not in request.headers.get("accept", ""):
            raise
        return _page(None, "This link is not complete", _BROKEN, "", status=404)
    if erased and uncovered(parts.settings.secret_key(), token, a) is None:
        return _page(store, "Nobody is behind this link", _FORGOTTEN, "")
    button = (
        '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
        "<button>Unsubscribe</button></form>"
    )
    return _page(store, "Unsubscribe?", _ASK.format(what=_words(link)), button)


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
    link, store, _ = await run_in_threadpool(_whose, parts, token)
    if not one_click(await request.body()):
        raise BadInput(
            "The body does not say List-Unsubscribe=One-Click; nothing was changed.",
            mend="Send it as a form field, as RFC 8058 says.",
        )
    if not await run_in_threadpool(withdraw, parts, link, uncovered(parts.settings.secret_key(), token, a)):
        return _page(store, "Nobody is behind this link", _FORGOTTEN, "")
    return _page(store, "You are unsubscribed", _DONE.format(what=_words(link)), "")


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


def _whose(parts: Services, token: str) -> tuple[Link, StoreRow, bool]:
    """Whose link it is, of which store, and whether the person was erased."""
    link = verify(parts.settings.secret_key(), token, LinkPurpose.UNSUBSCRIBE)
    with parts.database.read() as session:
        store = session.get(StoreRow, link.store_id)
        erased = _erased(session, link)
    if store is None:
        raise NotFound("This link is not one of ours.", mend="Use the link as it is in the message.")
    return link, store, erased


def _erased(session: Session, link: Link) -> bool:
    person = session.get(PersonRow, link.person_ref)
    return person is None or person.erased_at is not None


_REASON = "unsubscribed by the link in a message"
_FORGOTTEN = (
    "You asked us to forget you, and we did. No news goes to your address unless you have agreed to it again since: "
    "then use the link in a newer message."
)
_ASK = "You will get no more {what} from us. Messages about orders you have placed still come."
_DONE = "You will get no more {what} from us. Messages about orders you have placed still come."
_BROKEN = "Open it from the message itself, or copy it whole: a part of it seems to be missing."
_WORDS = {
    "email": "news and offers by email",
    "sms": "news and offers by SMS",
    "push": "news and offers by push",
}


def _words(link: Link) -> str:
    return _WORDS.get(link.channel or "email", "news and offers")


def _page(store: StoreRow | None, title: str, text: str, form: str, status: int = 200) -> HTMLResponse:
    brand = DEFAULT_BRAND.over(store.brand) if store is not None else DEFAULT_BRAND
    made = filled(
        "unsubscribe.html",
        store=html.escape(store.name if store is not None else ""),
        title=html.escape(title),
        text=html.escape(text),
        form=form,
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
