"""Stand-ins for a provider and for the renderer: what they were asked is kept, what they answer is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from doorstep.domain.ids import digest
from doorstep.domain.messages import Channel, Message, Receipt, Rendered


class FakeSender:
    """Accepts everything and keeps it, unless `answer` raises."""

    name = "fake"
    reconcile = timedelta(minutes=10)
    timeout = timedelta(seconds=5)

    def __init__(self, answer: Callable[[Message], None] = lambda message: None) -> None:
        self.answer = answer
        self.sent: list[Message] = []
        self._lock = threading.Lock()

    def send(self, message: Message) -> Receipt:
        self.answer(message)
        with self._lock:
            self.sent.append(message)
        return Receipt(provider=self.name, provider_message_id=f"{message.key}#{message.fence}")

    def lookup(self, key: str) -> Receipt | None:
        return None


class FakeRenderer:
    """Every template exists, on every channel, and says its own name."""

    def channels(self, template: str) -> frozenset[Channel]:
        return frozenset(Channel)

    def render(self, template: str, channel: Channel, content: dict[str, Any]) -> Rendered:
        text = f"{template} for {content['order']['number']}"
        return Rendered(
            channel=channel,
            subject=template,
            html=text,
            text=text,
            template=template,
            template_digest=digest(template),
            digest=digest(text),
        )
