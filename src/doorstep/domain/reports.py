"""What providers say became of a message. Whatever they say of it proves that they took it."""

from __future__ import annotations

from enum import StrEnum


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
