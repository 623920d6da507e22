"""Reading journeys: lists, searches, the live comparison."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from doorstep.models.reading.goods import View
from doorstep.models.reading.views import Found, JourneyDetail, JourneySummary


class JourneyPage(View):
    """One page of journeys, newest first."""

    journeys: list[JourneySummary]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null at the end.")


class SearchRequest(BaseModel):
    """What is known of the customer; at least one, and all that are given must fit."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    order_number: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="With or without `#`; the store's own id fits too.",
    )
    email: str | None = Field(default=None, min_length=3, max_length=320, description="The whole address.")
    phone: str | None = Field(
        default=None,
        min_length=3,
        max_length=40,
        description="In any notation; national ones by the store's country.",
    )
    name: str | None = Field(
        default=None,
        min_length=2,
        max_length=200,
        description="A name or its beginning: every word begins a word.",
    )
    store: str | None = Field(default=None, max_length=100, description="Only this store.")
    limit: int = Field(default=20, ge=1, le=50)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.order_number or self.email or self.phone or self.name):
            raise ValueError("give at least one of order_number, email, phone, name")
        return self


class SearchAnswer(View):
    """The orders that fit, newest first."""

    found: list[Found]
    more: bool = Field(description="There are more: say more about the customer.")


class Difference(View):
    """Where the workflow's own word and the tables disagree, usually for the moment a projection takes."""

    field: str = Field(
        description="`phase`, `paused`, `exit_cause`, `outcome`, `waits`, or `steps.<touch key>`."
    )
    live: Any = Field(description="The workflow's word; null: it knows nothing of it.")
    table: Any = Field(description="The tables' word; null: they know nothing of it.")


class LiveWait(View):
    """Something the workflow says it waits for."""

    kind: str
    name: str
    occurrence: str
    until: datetime | None


class Live(View):
    """The workflow's own word, at the instant it was asked."""

    asked_at: datetime
    phase: str
    paused: bool
    outcome: str
    exit_cause: str
    waits: list[LiveWait]
    steps: dict[str, str] = Field(description="Touch key → outcome.")


class JourneyAnswer(JourneyDetail):
    """A journey; with `live=1` also the workflow's own word beside it."""

    live: Live | None = Field(default=None, description="Only with `live=1`.")
    differences: list[Difference] | None = Field(default=None, description="Only with `live=1`; empty: none.")
