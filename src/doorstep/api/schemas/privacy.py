"""What is held of a person, what they asked about it, and who did what."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from doorstep.models.reading.goods import View


class PersonNamed(BaseModel):
    """Who is meant: by exactly one of these, in the body, so that no address stands in an address."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    person: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="`per_…`, `ord_…`, `jny_…`, or an order number.",
    )
    email: str | None = Field(default=None, min_length=3, max_length=320, description="The whole address.")
    phone: str | None = Field(default=None, min_length=3, max_length=40, description="In any notation.")
    store: str | None = Field(default=None, max_length=100, description="Only this store.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(given is not None for given in (self.person, self.email, self.phone)) != 1:
            raise ValueError("give exactly one of person, email, phone")
        return self


class ExportRequest(PersonNamed):
    """Whose data, and why it is given out."""

    reason: str = Field(min_length=1, max_length=500, description="Why; kept in the audit log.")


class PersonExport(View):
    """Everything held of one person."""

    format: str
    person: str = Field(description="`per_…`")
    store: str
    exported_at: datetime
    not_in_tables: str
    holdings: dict[str, list[dict[str, Any]]] = Field(description="Table → rows, every column.")


class ErasureAnswer(View):
    """What became of it."""

    person: str = Field(description="`per_…`; the reference stays, nobody is behind it any more.")
    erased: bool = Field(description="False: they were erased before; what was added since is gone now too.")


class PrivacyRequestView(View):
    """What a person or a shop asked about their data."""

    id: str
    store_id: str
    connection: str = Field(description="Where it was told; `privacy`: here.")
    kind: str = Field(description="`access` (a copy), `erasure`, or `shop` (everybody of a shop that left).")
    person: str | None = Field(description="`per_…`; null: nobody we know, or a whole shop.")
    asked_at: datetime
    due_at: datetime = Field(description="When an answer is owed.")
    done_at: datetime | None
    done_by: str
    overdue: bool


class PrivacyRequests(View):
    """Open ones first, most urgent first."""

    requests: list[PrivacyRequestView]


class AuditLine(View):
    """Who did what to whom, when and why."""

    id: int
    at: datetime
    actor: str = Field(description="`key:…`, `person:…`, `connection:…`, `cli`, `setup`, `journey` or `api`.")
    action: str = Field(description="Such as `journey.pause.applied`, `key.created`, `person.exported`.")
    subject: str = Field(description="The journey, person or key.")
    reason: str = Field(
        description="In the actor's words; `[erased]` where they were about an erased person."
    )
    detail: dict[str, Any]


class AuditPage(View):
    """Newest first."""

    lines: list[AuditLine]
    next_before: int | None = Field(description="Give it as `before` for the next page; null at the end.")
