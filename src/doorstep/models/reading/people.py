"""The person of a journey, as far as support needs to know them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlmodel import Session, col

from doorstep.domain.customers import UNDATED
from doorstep.models.people import ConsentRow, IdentityRow
from doorstep.models.reading import masks
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.rows import rows, whole
from doorstep.models.reading.views import ConsentView, Person
from doorstep.models.tables import table

_ADDRESSES = or_(col(IdentityRow.kind) == "email", col(IdentityRow.kind) == "phone")
_OLDEST = (col(IdentityRow.seen_at), col(IdentityRow.id))
_IDENTITIES = whole(IdentityRow, col(IdentityRow.person_id) == bindparam("person"), _ADDRESSES, order=_OLDEST)
_CONSENTS = whole(
    ConsentRow,
    col(ConsentRow.person_id) == bindparam("person"),
    order=(col(ConsentRow.at), col(ConsentRow.granted).desc()),  # at the same instant the "no" counts
)
BY_PERSON = (_IDENTITIES, _CONSENTS)
"""What is asked of the `person`."""


def contacts(session: Session, person_ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """Per person the current address of each kind, masked: the one seen last."""
    query = (
        select(table(IdentityRow))
        .where(col(IdentityRow.person_id).in_(list(person_ids)), _ADDRESSES)
        .order_by(*_OLDEST)
    )
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in session.connection().execute(query):
        found[row.person_id][row.kind] = _masked(row)
    return found


def _masked(row: Any) -> str:
    return masks.email(row.value) if row.kind == "email" else masks.phone(row.value)


def person_view(session: Session, row: Any, clock: Clock) -> Person:
    """`row`: the columns of `persons`."""
    addresses = rows(session, _IDENTITIES, person=row.id) if row.erased_at is None else []
    known = {address.kind: _masked(address) for address in addresses}
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
    for row in rows(session, _CONSENTS, person=person_id):
        latest[row.channel, row.purpose] = row
    return [
        ConsentView(
            channel=row.channel,
            purpose=row.purpose,
            granted=row.granted,
            at=None if row.at == UNDATED else clock.moment(row.at),
            heard=clock.maybe(row.heard_at),
            source=row.source,
        )
        for _, row in sorted(latest.items())
    ]
