"""Messages to put into the outbox."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from doorstep.domain.messages import Channel, Message, Purpose
from doorstep.templates.catalogue import purpose_of
from doorstep.templates.renderer import Renderer
from doorstep.templates.samples import SAMPLE_BRAND, sample_content
from doorstep.touch.headers import headers

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
_RENDERER = Renderer(brand=SAMPLE_BRAND)


def message(
    template: str = "shipped",
    channel: Channel = Channel.EMAIL,
    *,
    content: dict[str, Any] | None = None,
    **fields: Any,
) -> Message:
    """A rendered message, ready to send."""
    content = content or sample_content(template)
    purpose = Purpose(purpose_of(template))
    given: dict[str, Any] = {
        "key": f"jny_a:{template}",
        "fence": 1,
        "store_id": "sto_a",
        "journey_id": "jny_a",
        "order_ref": "ord_a",
        "to": "lena@mail.example" if channel is Channel.EMAIL else "+4915112345678",
        "purpose": purpose,
        "rendered": _RENDERER.render(template, channel, content),
        "at": NOW,
        "headers": headers(purpose, channel, content),
    }
    return Message(**given | fields)
