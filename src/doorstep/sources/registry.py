"""Every source by the name a connection gives it."""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.errors import NotFound, nearest
from doorstep.sources.base import Source
from doorstep.sources.sendgrid import SendGrid
from doorstep.sources.shopify import Shopify
from doorstep.sources.signed import Signed
from doorstep.sources.twilio import Twilio

SOURCES: Mapping[str, Source] = {s.name: s for s in (Shopify(), Signed(), SendGrid(), Twilio())}


def source(name: str) -> Source:
    """The source of that name. Raises `NotFound` with the nearest."""
    found = SOURCES.get(name)
    if found is None:
        raise NotFound(
            f"There is no source '{name}'.{nearest(name, SOURCES)}",
            mend=f"Known: {', '.join(sorted(SOURCES))}.",
        )
    return found
