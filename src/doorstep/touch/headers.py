"""Headers that a message owes its reader."""

from __future__ import annotations

from typing import Any

from doorstep.domain.messages import Channel, Purpose


def headers(purpose: Purpose, channel: Channel, content: dict[str, Any]) -> dict[str, str]:
    """One-click unsubscribe (RFC 8058) on marketing email, from the content's `links.unsubscribe`: without
    that link the renderer has refused the mail."""
    links = content.get("links")
    target = links.get("unsubscribe") if isinstance(links, dict) else None
    if purpose is not Purpose.MARKETING or channel is not Channel.EMAIL or not target:
        return {}
    return {
        "List-Unsubscribe": f"<{target}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
