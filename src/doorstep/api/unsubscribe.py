"""Leaving the mailing list (RFC 8058): a page that changes nothing, and one POST that does it at once.

No login, no cookie, no redirect. Mail scanners open every link in a mail, so only the POST changes anything. The
token names the store, the person and the channel by reference; there is no personal data in the address.
"""

from __future__ import annotations

import html
import re
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from doorstep.api.assets import filled
from doorstep.api.choosing import Word, say
from doorstep.api.schemas.errors import errors
from doorstep.api.wiring import Parts, Services
from doorstep.domain.messages import Channel
from doorstep.errors import BadInput, NotFound
from doorstep.models.links import Link, LinkPurpose, verify
from doorstep.models.stores import StoreRow
from doorstep.templates.brand import DEFAULT_BRAND

SOURCE = "unsubscribe"
_MULTIPART = re.compile(rb'name="List-Unsubscribe"\r?\n\r?\nOne-Click\r?\n', re.IGNORECASE)

router = APIRouter(tags=["people"])

Token = Annotated[str, Path(max_length=600, description="From the message's link.")]
_PAGE = {"content": {"text/html": {"schema": {"type": "string"}}}}


@router.get(
    "/u/{token}",
    summary="The unsubscribe page",
    description="Opens from a message. Changes nothing: mail scanners open every link.",
    response_class=HTMLResponse,
    responses={200: {"description": "The page, with one button.", **_PAGE}, **errors("not_found")},
)
async def ask(request: Request, parts: Parts, token: Token) -> Response:
    try:
        link, store = await run_in_threadpool(_whose, parts, token)
    except NotFound:
        if "text/html" not in request.headers.get("accept", ""):
            raise
        return _page(None, "This link is not complete", _BROKEN, "", status=404)
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
async def leave(request: Request, parts: Parts, token: Token) -> Response:
    link, store = await run_in_threadpool(_whose, parts, token)
    if not one_click(await request.body()):
        raise BadInput(
            "The body does not say List-Unsubscribe=One-Click; nothing was changed.",
            mend="Send it as a form field, as RFC 8058 says.",
        )
    await run_in_threadpool(withdraw, parts, link)
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


def withdraw(parts: Services, link: Link) -> bool:
    """No more marketing on the link's channel; False when that was so already."""
    word = Word(
        store_id=link.store_id,
        person_ref=link.person_ref,
        channel=link.channel or Channel.EMAIL.value,
        granted=False,
        page=SOURCE,
        reason="unsubscribed by the link in a message",
        order_ref=link.order_ref,
    )
    return bool(say(parts, word))


def _whose(parts: Services, token: str) -> tuple[Link, StoreRow]:
    link = verify(parts.settings.secret_key(), token, LinkPurpose.UNSUBSCRIBE)
    with parts.database.read() as session:
        store = session.get(StoreRow, link.store_id)
    if store is None:
        raise NotFound("This link is not one of ours.", mend="Use the link as it is in the message.")
    return link, store


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
