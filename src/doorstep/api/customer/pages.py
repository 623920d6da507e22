"""The pages themselves: the store's name and colours, every value escaped, a policy that lets nothing else in.

Templates are in `api/pages/customer`; this is the one place that sets their headers.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from doorstep.api.customer.language import of_stranger
from doorstep.api.customer.visit import Visit
from doorstep.api.wiring import Services
from doorstep.models.links import LinkPurpose
from doorstep.templates.brand import DEFAULT_BRAND
from doorstep.templates.formats import href, spoken
from doorstep.templates.pages import Speech

HTML: dict[str, Any] = {"content": {"text/html": {"schema": {"type": "string"}}}}
_env = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "pages" / "customer"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_env.filters["href"] = href


def page(visit: Visit, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """One page of a person. `values` are escaped where they stand."""
    return _answer(
        name,
        status,
        visit.speech,
        brand=visit.brand,
        first_name=spoken(visit.person.first_name),
        preferences=visit.path(LinkPurpose.PREFERENCES),
        **values,
    )


def lost(parts: Services, request: Request) -> HTMLResponse:
    """404, for a person: the link is cut off, changed or no longer good. Which store's it was nobody can tell, nor
    whose: it speaks their browser's language."""
    speech = of_stranger(parts, request)
    return _answer("lost.html.j2", 404, speech, brand=DEFAULT_BRAND, preferences="")


def wants_page(request: Request) -> bool:
    """Whether a browser asks; anything else gets its errors as problem+json."""
    return "text/html" in request.headers.get("accept", "")


def _answer(name: str, status: int, speech: Speech, **values: Any) -> HTMLResponse:
    nonce = secrets.token_urlsafe(16)
    headers = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",  # the address is the person's; no other site is told it
        "X-Robots-Tag": "noindex, nofollow",
        "Content-Security-Policy": f"default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    }
    made = _env.get_template(name).render(nonce=nonce, language=speech.language, words=speech.words, **values)
    return HTMLResponse(made, status_code=status, headers=headers)
