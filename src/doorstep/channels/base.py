"""What every channel shares: the headers a message carries whatever provider takes it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from doorstep.domain.messages import Purpose
from doorstep.errors import ProviderRejected

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def headers_for(purpose: Purpose, links: Mapping[str, str]) -> dict[str, str]:
    """The headers of a mail. Marketing carries RFC 8058 one-click unsubscribe: the address alone identifies
    person and list, and the mailbox provider POSTs exactly `List-Unsubscribe=One-Click` to it.

    Raises `ProviderRejected` for marketing without a usable `links["unsubscribe"]`: big mailbox providers turn
    such mail away, and a person who cannot leave reports spam. RFC 8058 wants https; plain http passes on
    loopback only, where nothing leaves the machine and the outbox shows what would.
    """
    if purpose is not Purpose.MARKETING:
        return {}
    url = links.get("unsubscribe") or ""
    parts = urlsplit(url)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not secure or not parts.hostname or any(c in url for c in "<>\r\n\t ,"):
        raise ProviderRejected(
            "Marketing mail has no one-click unsubscribe address.",
            mend="Give DOORSTEP_PUBLIC_URL an https address.",
        )
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
