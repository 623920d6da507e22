"""Links in messages: each carries a signed, opaque token that says whose it is and what it may be used for.

A token holds references only, no personal data, and cannot be made or moved to another purpose without the
installation's secret. It does not expire: an unsubscribe link must work as long as the mail exists.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum

from doorstep.errors import NotFound


class LinkPurpose(StrEnum):
    """What a token may be used for; also the path its page has (`/t/<token>`)."""

    TRACKING = "t"
    UNSUBSCRIBE = "u"
    PREFERENCES = "p"
    REVIEW = "r"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a token says. `order_ref` and `channel` may be empty where the purpose does not need them."""

    purpose: LinkPurpose
    store_id: str
    person_ref: str
    order_ref: str = ""
    channel: str = ""


def sign(secret: bytes, link: Link) -> str:
    """The token: base64url of the references, a dot, base64url of 128 bits of HMAC-SHA256."""
    said = _packed(link)
    return f"{_text(said)}.{_text(_mac(secret, said))}"


def verify(secret: bytes, token: str, purpose: LinkPurpose) -> Link:
    """What a token says. Raises `NotFound` for one that is not ours, was changed, or is for another purpose:
    the three are not told apart."""
    said, _, mac = token.partition(".")
    try:
        raw = _bytes(said)
        if not hmac.compare_digest(_bytes(mac), _mac(secret, raw)):
            raise ValueError("signature")
        kind, store_id, person_ref, order_ref, channel = raw.decode().split("\x1f")
        if kind != purpose:
            raise ValueError("purpose")
    except ValueError as error:
        raise NotFound(
            "This link is not one of ours.", mend="Use the link as it is in the message."
        ) from error
    return Link(
        purpose=purpose, store_id=store_id, person_ref=person_ref, order_ref=order_ref, channel=channel
    )


def url(base_url: str, secret: bytes, link: Link) -> str:
    """The absolute address of a link's page."""
    return f"{base_url.rstrip('/')}/{link.purpose}/{sign(secret, link)}"


def covered(secret: bytes, token: str, hashed: str) -> str:
    """The hash of the address that a message went to (`address_hash`), to travel beside its token: so that leaving
    the list still reaches the address when its person was erased. Covered by a pad of that token's own: two links
    show nobody that they went to the same address. URL-safe text."""
    sealed = _xored(bytes.fromhex(hashed), _pad(secret, token))
    return _text(sealed + _mac(secret, token.encode() + sealed))


def uncovered(secret: bytes, token: str, given: str) -> str | None:
    """The hash that `covered` hid; None for what was not made for that token."""
    try:
        raw = _bytes(given)
    except ValueError:
        return None
    sealed, mac = raw[:-16], raw[-16:]
    if len(sealed) != 32 or not hmac.compare_digest(mac, _mac(secret, token.encode() + sealed)):
        return None
    return _xored(sealed, _pad(secret, token)).hex()


def _pad(secret: bytes, token: str) -> bytes:
    return hmac.new(secret, b"pad\x1f" + token.encode(), hashlib.sha256).digest()


def _xored(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _packed(link: Link) -> bytes:
    parts = (link.purpose.value, link.store_id, link.person_ref, link.order_ref, link.channel)
    if any("\x1f" in part for part in parts):
        raise ValueError("a reference with a separator in it")
    return "\x1f".join(parts).encode()


def _mac(secret: bytes, said: bytes) -> bytes:
    return hmac.new(secret, b"link\x1f" + said, hashlib.sha256).digest()[:16]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """Strict: one token has one spelling."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _text(raw) != text:
        raise ValueError("not canonical")
    return raw
