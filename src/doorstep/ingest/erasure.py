"""Forgetting a person, in the transaction that heard it: what tables hold of them is emptied (`privacy.forget`), each
address is remembered as a keyed hash on the never-send list, and the deed is on record.

What stays are references, states and times. A later order of the same address is a new person's: its confirmations
go out, its marketing only once they say yes again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, update

from doorstep.domain.customers import SuppressionCause
from doorstep.domain.ids import digest
from doorstep.ingest.delivery import Delivery
from doorstep.ingest.sql import PERSONS, WEBHOOKS, ignoring
from doorstep.models.access import AuditRow
from doorstep.models.addresses import CHANNEL_OF
from doorstep.models.inbox import WebhookStatus
from doorstep.models.privacy import PrivacyRequestRow, RequestKind
from doorstep.models.store import suppress
from doorstep.models.tables import table
from doorstep.privacy.forget import forget
from doorstep.privacy.whose import Identity, whose
from doorstep.sources.sightings import PersonSighting

_AUDIT, REQUESTS = table(AuditRow), table(PrivacyRequestRow)
#: what Shopify and the GDPR (Art. 12(3)) allow: a month
ANSWER_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """Who asked, as we know them (None: not at all) and as the webhook named them. `actor`: who did it, where it was
    no webhook."""

    person_id: str | None
    named: PersonSighting
    at: datetime
    actor: str = ""


def erase(delivery: Delivery, erasure: Erasure) -> None:
    """Once everything else of the webhook is written: its own body is emptied too."""
    conn, person = delivery.conn, erasure.person_id or ""  # nobody, rather than whatever has no person yet
    conn.execute(  # first: it locks the person, as every touch does
        update(PERSONS)
        .where(PERSONS.c.id == person, PERSONS.c.erased_at.is_(None))
        .values(erased_at=min(erasure.at, delivery.received_at))
    )
    theirs = whose(conn, delivery.at.store_id, person, _named(delivery, erasure.named))
    _remember(delivery, theirs.identities, erasure.at)
    forget(conn, theirs)
    conn.execute(
        update(WEBHOOKS)
        .where(WEBHOOKS.c.id == delivery.webhook_id)
        .values(
            body=b"", headers={}, problems=[], status=WebhookStatus.ERASED.value, external_id=WEBHOOKS.c.id
        )
    )
    _record(delivery, erasure)


def empty_body(delivery: Delivery) -> None:
    """Late news of an erased person's order or message moved what it had to: what it says of them is not kept."""
    delivery.conn.execute(
        update(WEBHOOKS)
        .where(WEBHOOKS.c.id == delivery.webhook_id)
        .values(body=b"", headers={}, status=WebhookStatus.ERASED.value)
    )


def ask(delivery: Delivery, kind: RequestKind, person_id: str | None, at: datetime, **done: Any) -> str:
    """Puts a request on record, once per webhook and person; its id. `done`: what is known of its end."""
    name = f"prq_{digest('privacy', kind.value, delivery.at.store_id, delivery.webhook_id, person_id or '')}"
    row = {
        "id": name,
        "store_id": delivery.at.store_id,
        "connection_id": delivery.at.id,
        "kind": kind.value,
        "person_id": person_id,
        "asked_at": min(at, delivery.received_at),
        "due_at": min(at, delivery.received_at) + ANSWER_WITHIN,
        "done_at": None,
        "done_by": "",
        **done,
    }
    delivery.change(ignoring(REQUESTS, tuple(row)), row)
    return name


def _record(delivery: Delivery, erasure: Erasure) -> None:
    actor = erasure.actor or f"connection:{delivery.at.id}"
    done = {"done_at": delivery.received_at, "done_by": actor}
    request = ask(delivery, RequestKind.ERASURE, erasure.person_id, erasure.at, **done)
    if erasure.person_id is None:
        return
    delivery.conn.execute(
        insert(_AUDIT).values(
            at=delivery.received_at,
            actor=actor,
            action="person.erased",
            subject=erasure.person_id,
            reason="",
            detail={"request": request},
        )
    )


def _named(delivery: Delivery, named: PersonSighting) -> Iterable[Identity]:
    """Identities of the request itself: it may name an address that we did not know."""
    told = (
        ("email", named.email),
        ("phone", named.phone),
        ("customer", named.external_id and f"{delivery.at.id}:{named.external_id}"),
    )
    return ((kind, value) for kind, value in told if value)


def _remember(delivery: Delivery, identities: Iterable[Identity], at: datetime) -> None:
    if delivery.secret is None:
        delivery.problems.append("The erased addresses are not on the never-send list: no secret is at hand.")
        return
    secret = delivery.secret()
    for kind, value in sorted(identities):
        if kind in CHANNEL_OF:
            place = (delivery.at.store_id, CHANNEL_OF[kind], value, SuppressionCause.ERASURE)
            since = min(at, delivery.received_at)
            suppress(delivery.conn, secret, *place, since, heard_at=delivery.heard_at)
