"""Whom to wake once a page's word is committed: the journeys hear of it at once instead of at the next sweep."""

from __future__ import annotations

from fastapi import Request

from doorstep.api.webhook_parts import WebhookDeps
from doorstep.ingest import Accepted, Answer


def wake(request: Request, told: Accepted) -> None:
    """Never waits, never fails; without a courier the sweep takes it."""
    deps: WebhookDeps | None = getattr(request.app.state, "webhooks", None)
    if deps is not None and deps.courier is not None and (told.journeys or told.persons):
        deps.courier.wake(told)


def wake_person(request: Request, person_ref: str) -> None:
    """The same for something that every open journey of a person is to hear."""
    wake(request, Accepted(id="", status=Answer.ACCEPTED, persons=frozenset({person_ref})))
