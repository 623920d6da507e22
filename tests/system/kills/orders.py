"""Orders of an invented store, told through the signed event API as a store's webhooks are: until a 2xx comes."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from doorstep.domain import ids
from doorstep.sources.signed.adapter import secret_from, signed_headers

STORE, CONNECTION = "kills-shop", "api"
SECRET = secret_from(b"a secret of these kill tests, yes")
AGAIN_SECONDS = 0.15


@dataclass(frozen=True)
class Order:
    """One order of one person, by its name. What it is called everywhere follows from that."""

    name: str

    @property
    def ref(self) -> str:
        return ids.order_ref(STORE, self.name)

    @property
    def journey(self) -> str:
        return ids.journey_id(self.ref)

    def key(self, step: str) -> str:
        return ids.touch_key(self.journey, step)

    def webhook(self, event: str) -> str:
        """The sender's own id of the delivery that tells that event."""
        return f"{self.name}.{event}"

    def at(self, event: str) -> str:
        """That event on its way to the journey: the subject of delivery's boundaries."""
        return f"{self.journey}|{event}"

    def body(self, event: str) -> dict[str, Any]:
        now = datetime.now(UTC)
        told = {
            "type": event,
            "id": f"{self.name}.{event}",
            "order": self.name,
            "occurred_at": now.isoformat(),
        }
        if event != "order.placed":
            return told | {"data": {"rating": 5}}
        # marketing waits for daylight: a zone where it is day
        zone = "UTC" if 1 <= now.hour < 22 else "Asia/Tokyo"
        person = {
            "id": f"p-{self.name}",
            "email": f"{self.name}@example.org",
            "first_name": "Ada",
            "zone": zone,
        }
        line = {"id": "l1", "product": "p1", "title": "Tea", "quantity": 1, "price_minor": 4200}
        consents = [{"channel": "email", "granted": True}]
        return told | {
            "person": person,
            "data": {"currency": "EUR", "total_minor": 4200, "lines": [line], "consents": consents},
        }


PLACED, REVIEWED = "order.placed", "review.submitted"


@dataclass
class Sender:
    """A store's webhook sender: the same delivery again and again, signed anew, until it is told 2xx."""

    url: str
    answers: dict[str, list[str]] = field(default_factory=dict)
    """Webhook id → what each try was answered: the API's word, `503`, or `nothing` (it died, or was away)."""

    async def send(self, order: Order, event: str, seconds: float = 120) -> str:
        """The API's last word on it. Raises `TimeoutError`."""
        body = json.dumps(order.body(event)).encode()
        webhook = order.webhook(event)
        said = self.answers.setdefault(webhook, [])
        async with asyncio.timeout(seconds), httpx.AsyncClient(timeout=20, trust_env=False) as client:
            while True:
                headers = signed_headers(SECRET, webhook, datetime.now(UTC), body)
                try:
                    answer = await client.post(
                        f"{self.url}/webhooks/{CONNECTION}", content=body, headers=headers
                    )
                    said.append(answer.json()["status"] if answer.is_success else str(answer.status_code))
                    if answer.is_success:
                        return said[-1]
                except httpx.HTTPError:
                    said.append("nothing")
                await asyncio.sleep(AGAIN_SECONDS)
