"""The outbox's pages: self-contained, every value escaped, each with the content security policy it needs.

A message's own HTML is someone else's: it is shown in a sandboxed frame that runs no script, sends no form and
loads nothing from the network; pictures only when asked for (`images`), as in any mail program.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from doorstep.api.outbox_reads import Filter, OutboxFull, OutboxPage
from doorstep.templates.plain import segments

_PAGES = Path(__file__).parent / "pages"
_env = Environment(
    loader=FileSystemLoader(_PAGES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)

_SANDBOX = "allow-popups allow-popups-to-escape-sandbox allow-same-origin"  # no allow-scripts, no allow-forms


def listing(page: OutboxPage, shown: Filter, *, live: bool, serving: Sequence[str] = ()) -> tuple[str, str]:
    """The list, and its policy. `live`: looks for newer messages every few seconds; `serving`: a sentence per channel
    about who sends its messages."""
    nonce = secrets.token_urlsafe(16)
    html = _env.get_template("outbox_list.html.j2").render(
        page=page, shown=shown, live=live, serving=serving, nonce=nonce
    )
    return html, _page_policy(nonce)


def reading(message: OutboxFull, sender: tuple[str, str], *, images: bool) -> tuple[str, str]:
    """One message, and the policy of its page. `sender`: name and address."""
    nonce = secrets.token_urlsafe(16)
    html = _env.get_template("outbox_message.html.j2").render(
        m=message,
        sender=sender,
        images=images,
        has_images="<img" in message.html,
        segments=segments(message.text) if message.channel == "sms" else 0,
        sandbox=_SANDBOX,
        nonce=nonce,
    )
    return html, _page_policy(nonce)


def body(message: OutboxFull, *, images: bool) -> tuple[str, str]:
    """The message's own HTML with links opening beside it, and the policy that locks it in."""
    html = message.html.replace("<head>", '<head><base target="_blank">', 1)
    sources = "data: https: http:" if images else "data:"
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src {sources}; form-action 'none'; "
        f"base-uri 'none'; frame-ancestors 'self'; sandbox {_SANDBOX}"
    )
    return html, policy


def _page_policy(nonce: str) -> str:
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        "frame-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
