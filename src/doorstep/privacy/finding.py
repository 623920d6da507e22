"""The one person somebody means: by reference, order number or address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select
from sqlmodel import Session

from doorstep.errors import BadInput, NotFound
from doorstep.models.journeys import JourneyRow
from doorstep.models.orders import OrderRow
from doorstep.models.people import IdentityRow, PersonRow
from doorstep.models.reading.search import Wanted, search
from doorstep.models.stores import StoreRow
from doorstep.models.tables import table
from doorstep.sources import person

_persons, _identities, _stores = table(PersonRow), table(IdentityRow), table(StoreRow)
_orders, _journeys = table(OrderRow), table(JourneyRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What is known of them; one of these. `ref`: `per_…`, `ord_…`, `jny_…` or an order number; email and phone in
    any notation. `store_id` None: of any store. Personal data."""

    store_id: str | None = None
    ref: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)


def find_person(conn: Connection, meant: Meant) -> str:
    """Their `per_…`. Raises `NotFound`, and `BadInput` when it could be several."""
    found = sorted(set(_candidates(conn, meant)))
    if not found:
        raise NotFound(
            "There is nobody by that name, address or number here.",
            mend="Give per_…, ord_…, jny_…, an order number, or the whole address.",
        )
    if len(found) > 1:
        raise BadInput("Several people fit.", mend=f"Name one: {', '.join(found[:5])}.")
    return found[0]


def _candidates(conn: Connection, meant: Meant) -> Sequence[str]:
    if meant.email or meant.phone:
        kind = "email" if meant.email else "phone"
        values = (
            [person.email(meant.email) or ""] if meant.email else phones_of(conn, meant.phone, meant.store_id)
        )
        known = select(_identities.c.person_id).where(
            _identities.c.kind == kind, _identities.c.value.in_(values)
        )
        if meant.store_id is not None:
            known = known.where(_identities.c.store_id == meant.store_id)
        return conn.execute(known).scalars().all()
    for prefix, rows, column in (
        ("per_", _persons, _persons.c.id),
        ("ord_", _orders, _orders.c.person_id),
        ("jny_", _journeys, _journeys.c.person_id),
    ):
        if meant.ref.startswith(prefix):
            query = select(column).where(rows.c.id == meant.ref, column.is_not(None))
            if meant.store_id is not None:
                query = query.where(rows.c.store_id == meant.store_id)
            return conn.execute(query).scalars().all()
    with Session(bind=conn, autoflush=False) as session:
        hits, _ = search(session, Wanted(store_id=meant.store_id, order_number=meant.ref), limit=10)
    refs = [hit.order_ref for hit in hits]
    query = select(_orders.c.person_id).where(_orders.c.id.in_(refs), _orders.c.person_id.is_not(None))
    return conn.execute(query).scalars().all()


def phones_of(conn: Connection, given: str, store_id: str | None) -> tuple[str, ...]:
    """The number in E.164; a national one once per country of the stores it could belong to."""
    query = select(_stores.c.country).distinct()
    if store_id is not None:
        query = query.where(_stores.c.id == store_id)
    countries = [country for country in conn.execute(query).scalars() if country]
    read = (person.phone(given, country) for country in ["", *countries])
    return tuple(sorted({number for number in read if number}))
