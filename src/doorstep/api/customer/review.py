"""`/r/{token}`: a rating of the order. Opening the page, with or without a score in its address, changes nothing:
mail scanners open every link of a mail, all five stars of it. Only the form's POST counts."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from doorstep.api.customer import pages
from doorstep.api.customer.rating import LONGEST_TEXT, rate
from doorstep.api.customer.telling import wake
from doorstep.api.customer.visit import Visit, visit
from doorstep.api.limits import page_limit
from doorstep.api.schemas.errors import errors
from doorstep.api.wiring import Parts, Services
from doorstep.errors import BadInput, NotFound
from doorstep.ingest import Answer
from doorstep.models.links import LinkPurpose
from doorstep.models.reading.own import rating_of

router = APIRouter(tags=["people"], dependencies=[Depends(page_limit)])
Token = Annotated[str, Path(description="From the message's link.")]
Score = Annotated[
    str, Query(description="1 to 5: the star that was tapped in the message. Chosen, not sent.")
]
_SCORES = ("1", "2", "3", "4", "5")
_TEMPLATE = "review.html.j2"
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "score": {"enum": list(_SCORES)},
                        "text": {"type": "string", "maxLength": LONGEST_TEXT},
                    },
                    "required": ["score"],
                },
                "example": {"score": "5", "text": "Just what I had hoped for."},
            }
        },
    }
}


@router.get(
    "/r/{token}",
    summary="The rating page",
    description="Opens from a message. Changes nothing: mail scanners open every link.",
    response_class=HTMLResponse,
    responses={
        200: {"description": "The form, or the rating given already.", **pages.HTML},
        **errors("not_found"),
    },
)
async def ask(
    request: Request, parts: Parts, token: Token, score: Score = "", rating: Score = ""
) -> Response:
    try:
        seen, rated = await run_in_threadpool(_opened, parts, token)
    except NotFound:
        if not pages.wants_page(request):
            raise
        return pages.lost(parts, request)
    return _page(seen, rated=rated, chosen=_score(score) or _score(rating))


@router.post(
    "/r/{token}",
    summary="Rate the order",
    description="Once per order: told again, it is the first rating that stands. The journey hears it as "
    "`review.submitted`; the text stays with the raw request.",
    response_class=HTMLResponse,
    responses={200: {"description": "Thanks.", **pages.HTML}, **errors("bad_input", "not_found")},
    openapi_extra=_FORM,
)
async def answer(request: Request, parts: Parts, token: Token) -> Response:
    fields = form(await request.body())
    try:
        seen, rated = await run_in_threadpool(_opened, parts, token)
    except NotFound:
        if not pages.wants_page(request):
            raise
        return pages.lost(parts, request)
    score = _score(fields.get("score", [""])[-1])
    text = fields.get("text", [""])[-1].strip()
    if rated is not None:
        return _page(seen, rated=rated, thanks=score == rated)
    if score is None:
        if not pages.wants_page(request):
            raise BadInput(
                "The body names no score from 1 to 5; nothing was stored.", mend="Send score=1 … 5."
            )
        return _page(seen, missing=True, text=text, status=400)
    told = await run_in_threadpool(rate, parts, seen, score, text)
    wake(request, told)
    if (
        told.status is Answer.DUPLICATE
    ):  # another click was faster, perhaps with another star: that one stands
        seen, rated = await run_in_threadpool(_opened, parts, token)
        return _page(seen, rated=rated, thanks=score == rated)
    return _page(seen, rated=score, thanks=True)


def form(body: bytes) -> dict[str, list[str]]:
    """The fields of an urlencoded form; none where it cannot be read."""
    try:
        return parse_qs(body.decode(), max_num_fields=20)
    except ValueError:
        return {}


def _opened(parts: Services, token: str) -> tuple[Visit, int | None]:
    with parts.database.read() as session:
        seen = visit(parts, session, token, LinkPurpose.REVIEW)
        return seen, rating_of(session, seen.ordered.id)


def _score(given: str) -> int | None:
    return int(given) if given in _SCORES else None


def _page(
    seen: Visit,
    *,
    rated: int | None = None,
    chosen: int | None = None,
    thanks: bool = False,
    missing: bool = False,
    text: str = "",
    status: int = 200,
) -> HTMLResponse:
    return pages.page(
        seen,
        _TEMPLATE,
        status=status,
        number=seen.ordered.number,
        tracking=seen.path(LinkPurpose.TRACKING),
        rated=rated,
        chosen=chosen,
        thanks=thanks,
        missing=missing,
        text=text[:LONGEST_TEXT],
        longest=LONGEST_TEXT,
    )
