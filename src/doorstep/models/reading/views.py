"""The shapes that reads answer, and the API publishes. Instants are UTC; a `Moment` also has the person's clock.
Search results and details hold personal data (a name, a masked address): for response bodies, never for logs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from doorstep.models.reading.goods import Moment, Order, Shipment, View


class Rule(View):
    """One rule that the gate evaluated for a touch."""

    rule: str = Field(description="The rule's name, such as `consent`.")
    verdict: str = Field(description="`pass`, `defer` or `skip`; the first that is not `pass` decided.")
    facts: dict[str, Any] = Field(description="What it read, without personal data.")
    detail: str = Field(description="What it made of it.")


class Decision(View):
    """One time the gate was asked: rule by rule."""

    at: Moment
    verdict: str = Field(description="`send` (it may go), `defer` or `skip`.")
    reason: str | None
    until: Moment | None = Field(description="Deferred: when it asks again.")
    channel: str | None
    rules: list[Rule]


class Report(View):
    """What a provider reported of a message: delivered, opened, bounced …"""

    type: str
    at: Moment
    provider: str
    detail: str = Field(
        default="", description="By whom or why, where the provider says: `by a machine`, a code."
    )


class Step(View):
    """One touch of the journey, as the ledger keeps it."""

    key: str = Field(description="The touch key, `journey:step[:occurrence]`.")
    step: str
    occurrence: str = Field(description="What a repeated step is about; empty for a step that happens once.")
    template: str
    purpose: str = Field(description="`transactional` or `marketing`.")
    state: str = Field(description="The ledger's word: planned, deferred, reserved, sending, accepted …")
    outcome: str = Field(
        description="`sent`, `skipped`, `deferred`, `cancelled`, `failed`, `unknown` or `open`."
    )
    reason: str | None = Field(description="Why not, or why not yet.")
    sentence: str = Field(description="The outcome in a sentence.")
    channel: str | None
    due: Moment
    expires: Moment = Field(description="After this it would be of no use, and is skipped as stale.")
    decided: Moment | None
    sent: Moment | None = Field(description="When the provider accepted it.")
    next: Moment | None = Field(
        description="The next moment it could go; none once its outcome is final, and while the journey is paused."
    )
    attempts: int = Field(description="How often a provider was called.")
    provider: str
    provider_message_id: str
    template_digest: str
    held_out: bool = Field(description="Would have been sent, but this person is in the comparison group.")
    decisions: list[Decision]
    reports: list[Report]


class Wait(View):
    """Something an open journey waits for."""

    kind: str = Field(description="`touch` (due at `until`), `event` or `moment`.")
    name: str
    occurrence: str
    until: Moment | None = Field(description="Due then, or given up then; none: as long as it takes.")
    note: str
    sentence: str


class Ticket(View):
    """A case with support."""

    ref: str
    reason: str
    priority: str
    status: str
    opened: Moment
    resolved: Moment | None
    message: str = Field(default="", description="What the customer wrote, of a reply. Personal data.")


class Points(View):
    """One movement of loyalty points."""

    points: int
    reason: str
    at: Moment
    available: Moment | None = Field(description="Pending until then; none: at once.")


class ActionView(View):
    """What an agent asked of the journey, and what became of it."""

    id: str
    journey_id: str
    kind: str = Field(description="`pause`, `resume`, `skip`, `send_now` or `cancel`.")
    step: str
    occurrence: str
    catch_up: str
    reason: str
    actor: str = Field(description="`key:<id>` of the key it was asked with.")
    status: str = Field(
        description="`pending`, `claimed`, `applied`, `refused` or `withdrawn` (nothing changed)."
    )
    detail: str
    waiting: list[str] = Field(description="Refused: what could be acted on instead.")
    created_at: datetime
    done_at: datetime | None


class EventView(View):
    """An event that concerns the journey. `status`: pending, held, delivered or kept."""

    id: str
    type: str
    subject: str | None
    connection: str
    status: str
    occurred: Moment
    received_at: datetime
    attempts: int
    error: str


class Trouble(View):
    """Something that keeps the journey from hearing everything: a held or stuck event, a quarantined webhook."""

    kind: str = Field(description="`held`, `undelivered` or `quarantined`.")
    id: str = Field(description="Of the event, or of the webhook in quarantine.")
    about: str = Field(description="The event's type, or the webhook's topic.")
    received_at: datetime
    sentence: str
    problems: list[str]


class ConsentView(View):
    """The latest word on one channel and purpose."""

    channel: str
    purpose: str
    granted: bool
    at: Moment | None = Field(
        description="When it was said. Null: nobody said when; any dated word outranks it."
    )
    heard: Moment | None = Field(
        description="When we heard it, which may be long after it was said. Null: of a word from before that was kept."
    )
    source: str


class Person(View):
    """Whose journey it is. Personal data."""

    ref: str
    first_name: str
    last_name: str
    email: str = Field(description="The current address, masked: enough to recognise, too little to copy.")
    phone: str = Field(description="The current number, masked.")
    locale: str
    zone: str
    zone_source: str
    consents: list[ConsentView]
    erased_at: datetime | None


class JourneySummary(View):
    """One journey in a list. No personal data."""

    id: str
    store_id: str
    order_ref: str
    order_number: str
    person_ref: str
    type: str = Field(description="Journey and version, such as `standard.v1`.")
    status: str = Field(description="`pending` (recorded, not yet started), `open` or `closed`.")
    phase: str
    paused: bool
    next_due_at: datetime | None
    started_at: datetime
    closed_at: datetime | None
    outcome: str
    exit_cause: str


class JourneyDetail(View):
    """Everything support needs of one journey, from the tables alone."""

    id: str
    store_id: str
    store_name: str
    type: str
    status: str
    phase: str
    paused: bool
    outcome: str
    exit_cause: str
    started: Moment
    exited: Moment | None
    closed: Moment | None
    projected_at: datetime | None = Field(description="When the journey last told where it stands.")
    revision: int
    wismo: str = Field(description="A ready answer to *where is my order*, to read or paste to the customer.")
    headline: str = Field(description="Where the journey stands and what comes next, in a sentence.")
    person: Person
    order: Order
    other_orders: list[Order] = Field(description="Exchanges that joined this journey.")
    shipments: list[Shipment]
    waits: list[Wait] = Field(description="What it waits for, soonest first.")
    steps: list[Step] = Field(description="Every touch so far, by when it was due.")
    tickets: list[Ticket]
    points: list[Points]
    actions: list[ActionView]
    events: list[EventView] = Field(description="The latest hundred, newest first.")
    troubles: list[Trouble]


class Found(View):
    """One order that fits a search. Personal data: enough for an agent to choose, no more."""

    journey_id: str
    order_ref: str
    order_number: str
    store_id: str
    store_name: str
    placed_at: datetime | None
    total_minor: int
    currency: str
    status: str = Field(description="The journey's, or `held`: its order has not been heard of in full.")
    phase: str
    name: str
    email: str = Field(description="Masked.")
    phone: str = Field(description="Masked.")
    items: list[str] = Field(description="Titles of the first three lines.")
