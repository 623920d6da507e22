"""What providers say became of a message. Whatever they say of it proves that they took it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from doorstep.domain.events import Envelope
from doorstep.domain.facts import MessageClicked, MessageOpened


class ReportKind(StrEnum):
    """Our word for a provider's; `message_events.type`. `bounced` means that the address is dead, `undelivered` that
    this message did not arrive, `failed` that the provider gave it up before it left."""

    ACCEPTED = "accepted"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    BOUNCED = "bounced"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    RESUBSCRIBED = "resubscribed"
    UNKNOWN = "unknown"
    """A word we do not know yet; the row's `data.word` has it."""


class Said(StrEnum):
    """What a person's message to us is. `yes` is an opt-in where there is something to opt into, else an answer."""

    STOP = "stop"
    START = "start"
    YES = "yes"
    HELP = "help"
    TEXT = "text"


ENGAGEMENT = {ReportKind.OPENED: MessageOpened, ReportKind.CLICKED: MessageClicked}
"""What a journey may hear of a report, as an event."""


def engagement(
    kind: ReportKind,
    *,
    id: str,
    touch: str,
    step: str,
    channel: str,
    at: datetime,
    received_at: datetime,
    connection: str,
    order_ref: str,
    person_ref: str,
) -> Envelope:
    """That the message of a touch was opened or clicked: one fact, told by the first such report that is heard.
    `id`: the envelope's. Instants are aware UTC. Raises `KeyError` for any other kind."""
    type_ = ENGAGEMENT[kind].type
    return Envelope(
        id=id,
        fact_key=f"{type_}:{touch}",
        type=type_,
        occurred_at=at,
        received_at=received_at,
        connection=connection,
        order_ref=order_ref,
        person_ref=person_ref,
        subject=touch,
        data={"step": step, "channel": channel},
    )
