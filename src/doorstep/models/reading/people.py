"""The person of a journey, as far as support needs to know them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlmodel import Session, col

from doorstep.models.people import ConsentRow, IdentityRow
from doorstep.models.reading import masks
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.rows import rows
from doorstep.models.reading.views import ConsentView, Person


def contacts(session: Session, person_ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """Per person the current address of each kind, masked: the one seen last."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    oldest_first = (col(IdentityRow.seen_at), col(IdentityRow.id))
    wanted = (col(IdentityRow.person_id).in_(list(person_ids)), col(IdentityRow.kind).in_(("email", "phone")))
    for row in rows(session, IdentityRow, *wanted, order=oldest_first):
        mask = masks.email if row.kind == "email" else masks.phone
        found[row.person_id][row.kind] = mask(row.value)
    return found


def person_view(session: Session, row: Any, clock: Clock) -> Person:
    """`row`: the columns of `persons`."""
    known = contacts(session, [row.id])[row.id] if row.erased_at is None else {}
    return Person(
        ref=row.id,
        first_name=row.first_name,
        last_name=row.last_name,
        email=known.get("email", ""),
        phone=known.get("phone", ""),
        locale=row.locale,
        zone=clock.name,
        zone_source=row.zone_source,
        consents=_consents(session, row.id, clock),
        erased_at=row.erased_at,
    )


def _consents(session: Session, person_id: str, clock: Clock) -> list[ConsentView]:
    latest: dict[tuple[str, str], Any] = {}
    for row in rows(
        session,
        ConsentRow,
        col(ConsentRow.person_id) == person_id,
        order=(col(ConsentRow.at), col(ConsentRow.granted).desc()),  # at the same instant the "no" counts
    ):
        latest[row.channel, row.purpose] = row
    return [
        ConsentView(
            channel=row.channel,
            purpose=row.purpose,
            granted=row.granted,
            at=clock.moment(row.at),
            source=row.source,
        )
        for _, row in sorted(latest.items())
    ]
