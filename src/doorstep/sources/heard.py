"""What a provider's webhook tells: what became of our messages, and what people wrote back. They hold personal data, as
every sighting (`base`) does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from doorstep.domain.customers import SuppressionCause
from doorstep.domain.messages import Channel
from doorstep.domain.reports import ReportKind, Said


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSighting:
    """What a provider said became of one message. `id` names the provider's event: told again it is the same."""

    id: str
    provider: str
    channel: Channel
    kind: ReportKind
    at: datetime
    touch: str = ""
    """Our touch key, as the message carried it; empty for one that is not ours."""
    message_id: str = ""
    """The provider's id of the message."""
    address: str = field(default="", repr=False)
    """Whom it was for."""
    suppress: SuppressionCause | None = None
    """The address goes on the never-send list for this."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What support may see of it: the vendor's `word` and codes. JSON without personal data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundSighting:
    """A person's message to us. What it says stays in the stored webhook."""

    channel: Channel
    at: datetime
    said: Said
    address: str = field(default="", repr=False)
