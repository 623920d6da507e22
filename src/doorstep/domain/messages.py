"""What is said, over which channel, and what the provider answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any

from doorstep.domain.values import value


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"


class Purpose(StrEnum):
    """Transactional tells a customer about their own order; everything else is marketing."""

    TRANSACTIONAL = "transactional"
    MARKETING = "marketing"


@value(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A template with everything filled in. `digest` is SHA-256 over subject, html and text, hex."""

    channel: Channel
    subject: str
    html: str
    text: str
    template: str
    template_digest: str
    digest: str


@value(frozen=True, slots=True, kw_only=True)
class Message:
    """What a channel is asked to send. `key` is the touch key: the provider carries it and reports it back.
    `to` and the bodies are personal data: never logged, never in an exception."""

    key: str
    fence: int
    store_id: str
    journey_id: str
    order_ref: str
    to: str
    purpose: Purpose
    rendered: Rendered
    at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)


@value(frozen=True, slots=True, kw_only=False)
class Receipt:
    """The provider accepted a message (which is not: delivered it)."""

    provider: str
    provider_message_id: str
    detail: Mapping[str, Any] = field(default_factory=dict)
