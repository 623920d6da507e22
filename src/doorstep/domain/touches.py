"""The touch: one attempt to reach the customer, as the journey asks for it and as the ledger keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.outcomes import SkipReason, TouchState
from doorstep.domain.values import value


@value(frozen=True, slots=True, kw_only=True)
class TouchRequest:
    """What a journey asks of the touch activity. Opaque references only; instants are aware UTC."""

    key: str
    journey_id: str
    journey_type: str
    store_id: str
    order_ref: str
    person_ref: str
    step: str
    template: str
    purpose: Purpose
    channels: tuple[Channel, ...]
    """In order of preference; the first that passes the gate is used. A fallback is the same touch."""
    due_at: datetime
    expires_at: datetime
    """After this it is of no use: skipped as `stale`."""
    as_of: datetime
    """`workflow.now()` when it was asked for; the decision's time adds retries and queueing."""
    occurrence: str = ""
    priority: int = 50
    """0–100; higher goes first when slots are scarce."""
    items: tuple[str, ...] = ()
    """Line or product refs the message is about: gone ones make marketing irrelevant."""
    offered: tuple[str, ...] = ()
    """Product refs it recommends: already owned ones make it irrelevant when none is left."""
    context: Mapping[str, Any] = field(default_factory=dict)
    """Further values for the template (offer code, reward points); JSON, no personal data."""
    prompted: bool = False
    """The person's own act just caused it: quiet hours do not hold a transactional touch back."""
    ignore_timing: bool = False
    """An agent said *send now*: all gates but timing (arbitration, headroom and quiet hours) apply."""
    after_exit: bool = False
    """Sent by `after_exit`: a transactional touch passes though the journey has left its course."""


@value(frozen=True, slots=True, kw_only=False)
class LedgerRow:
    """One touch as the ledger keeps it. `fence` grows with every reservation: an attempt whose fence is old
    has lost the touch. The rendered body is not kept here, only its digest."""

    request: TouchRequest
    state: TouchState
    fence: int = 0
    reason: SkipReason | None = None
    detail: str = ""
    channel: Channel | None = None
    decided_at: datetime | None = None
    deferred_until: datetime | None = None
    reserved_until: datetime | None = None
    sending_at: datetime | None = None
    accepted_at: datetime | None = None
    attempts: int = 0
    """How often the provider was called."""
    provider: str = ""
    provider_message_id: str = ""
    template_digest: str = ""
    body_digest: str = ""
    shadow: bool = False
    tried: tuple[Channel, ...] = ()
    """Channels whose provider rejected this touch for good."""
