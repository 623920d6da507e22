"""The vendors' callbacks to a house that is connected to their simulators."""

from __future__ import annotations

import asyncio
from typing import Any

from house import House

from simulators.sendgrid import Mail, SendGrid

MAIL, SMS = "fern-mail", "fern-sms"


def hook(house: House, name: str) -> str:
    return f"{house.settings.base_url}/webhooks/{name}"


async def report(house: House, vendor: SendGrid, sent: Mail, *kinds: str, **more: Any) -> None:
    """SendGrid tells of a message, in one batch."""
    at = house.now().timestamp()
    events = [vendor.event(sent, kind, at, **more) for kind in kinds]
    answer = await asyncio.to_thread(vendor.post, hook(house, MAIL), *events, at=at)
    assert (answer.status_code, answer.json()["status"]) == (200, "accepted"), answer.text
    await house.settled()
