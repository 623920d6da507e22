"""What an agent records of a person's consent, and what holds afterwards."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from doorstep.api.schemas.privacy import PersonNamed
from doorstep.domain.customers import SuppressionCause
from doorstep.domain.messages import Channel, Purpose
from doorstep.models.reading.goods import View


class Means(StrEnum):
    """How a person said it."""

    CALL = "call"
    LETTER = "letter"
    EMAIL = "email"
    CHAT = "chat"
    FORM = "form"
    IN_PERSON = "in_person"


class Evidence(BaseModel):
    """Who sends marketing must be able to show that its reader agreed: when, how, and to what."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    by: Means = Field(description="How they said it.")
    text: str = Field(
        min_length=10,
        max_length=400,
        description="What they agreed to and where the proof lies: a ticket, a form's number. No personal data.",
    )
    said_at: AwareDatetime = Field(
        description="When they said it. A later word of theirs outranks it, whichever was recorded first."
    )


class ConsentRequest(PersonNamed):
    """Whose word, on what, and why it is recorded."""

    granted: bool = Field(description="True: they agree. False: they want none.")
    channel: Channel | None = Field(
        default=None, description="Left out: every channel; only for what they want none of."
    )
    purpose: Purpose = Field(default=Purpose.MARKETING, description="What kind of message.")
    reason: str = Field(min_length=1, max_length=500, description="Why; kept in the audit log.")
    evidence: Evidence | None = Field(default=None, description="Needed to record that they agree.")

    @model_validator(mode="after")
    def _proven(self) -> Self:
        if self.granted and self.channel is None:
            raise ValueError("name the channel they agreed to; consent is given channel by channel")
        if self.granted and self.evidence is None:
            raise ValueError("that somebody agrees needs evidence: by, text, said_at")
        if not self.granted and self.evidence is not None:
            raise ValueError("an opt-out needs no evidence; it holds from now")
        return self


class ChannelStanding(View):
    """What holds on one channel afterwards."""

    channel: Channel
    granted: bool = Field(description="What the last word on consent says.")
    since: AwareDatetime = Field(description="When that word was said.")
    source: str = Field(description="Who told it: `agent`, `preferences`, a connection's source.")
    reachable: bool = Field(description="Whether an address is known.")
    blocked: SuppressionCause | None = Field(
        description="Why the address gets none, whatever the person agreed to; null: it is free."
    )
    sentence: str


class ConsentAnswer(View):
    """What holds now, channel by channel."""

    person: str = Field(description="`per_…`")
    store: str
    purpose: Purpose
    channels: list[ChannelStanding]
