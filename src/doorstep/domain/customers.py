"""What the gate may know of a person: flags, references and times. Never a name or an address."""

from __future__ import annotations

from dataclasses import field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.moments import SendWindow
from doorstep.domain.orders import OrderState
from doorstep.domain.outcomes import TouchState
from doorstep.domain.values import value

UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
"""When a consent was said that nobody dated: before every word, so that any word outranks it, come when it may."""


class SuppressionCause(StrEnum):
    """Why an address is not written to. A complaint and an erasure block marketing only (an erasure until its owner
    says yes again); the others block everything."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    STOP = "stop"
    MANUAL = "manual"
    ERASURE = "erasure"


@value(frozen=True, slots=True, kw_only=True)
class Suppression:
    """The person's *current* address on that channel is on the never-send list."""

    channel: Channel
    cause: SuppressionCause
    since: datetime


@value(frozen=True, slots=True, kw_only=True)
class Consent:
    """The latest word on one channel and purpose, with where and when it was given."""

    channel: Channel
    purpose: Purpose
    granted: bool
    at: datetime
    source: str


@value(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most `limit` marketing touches of one person in any `window`."""

    limit: int
    window: timedelta


@value(frozen=True, slots=True, kw_only=True)
class StorePolicy:
    """A store's rules. `window` is when marketing may go, in the person's local time.
    `headroom` slots of the widest cap are kept for touches of priority ≥ `headroom_from`."""

    window: SendWindow = field(default_factory=SendWindow)
    caps: tuple[Cap, ...] = (
        Cap(limit=1, window=timedelta(hours=20)),
        Cap(limit=4, window=timedelta(days=7)),
    )
    headroom: int = 1
    headroom_from: int = 60
    holdout_percent: float = 0.0


@value(frozen=True, slots=True, kw_only=False)
class CountedTouch:
    """A marketing touch of this person that fills a cap: reserved, sending, accepted or unknown — or,
    for a person held out, one that would have been sent (`shadow`)."""

    key: str
    at: datetime
    state: TouchState
    shadow: bool = False


@value(frozen=True, slots=True, kw_only=True)
class WaitingTouch:
    """A marketing touch of this person, of any journey, that is due and waits for a slot."""

    key: str
    priority: int
    due_at: datetime
    expires_at: datetime


@value(frozen=True, slots=True, kw_only=False)
class Facts:
    """Everything the gate reads, loaded under the lock of the person's row. Instants are aware UTC."""

    person_ref: str
    zone: str
    reachable: frozenset[Channel]
    """Channels for which the person has an address at all."""
    consents: tuple[Consent, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    order: OrderState = field(default_factory=OrderState)
    exited_at: datetime | None = None
    """When the order's journey left its course (cancelled, nothing kept, erased, by an agent)."""
    owned_products: frozenset[str] = frozenset()
    """Products of the person's orders that they keep."""
    counted: tuple[CountedTouch, ...] = ()
    waiting: tuple[WaitingTouch, ...] = ()
    policy: StorePolicy = field(default_factory=StorePolicy)
