"""Orders by what a customer says on the phone: an order number, an address, a name or a part of one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlmodel import Session, col

from doorstep.models.journeys import JourneyRow
from doorstep.models.names import folded
from doorstep.models.orders import OrderLineRow, OrderRow
from doorstep.models.people import IdentityRow, PersonRow
from doorstep.models.reading.people import contacts
from doorstep.models.reading.views import Found
from doorstep.models.stores import StoreRow

_PERSONS = 500  # of one partial name; a search that fits more asks for more letters
_TITLES = 3
_MIXED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is known of the customer, already in the spelling that ingest stores; all of it must fit.
    `phones`: one spelling per country it could be of. `store_id` None: any store. Personal data."""

    store_id: str | None = None
    order_number: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    phones: tuple[str, ...] = field(default=(), repr=False)
    name: str = field(default="", repr=False)


def search(session: Session, wanted: Wanted, *, limit: int) -> tuple[list[Found], bool]:
    """The orders that fit, newest first, and whether there are more."""
    where = _where(session, wanted)
    if not where:
        return [], False
    if wanted.store_id is not None:
        where.append(col(OrderRow.store_id) == wanted.store_id)
    newest = (col(OrderRow.placed_at).desc(), col(OrderRow.id))
    query: Select[Any] = (
        select(*_COLUMNS)
        .join(StoreRow, col(StoreRow.id) == col(OrderRow.store_id))
        .outerjoin(PersonRow, col(PersonRow.id) == col(OrderRow.person_id))
        .outerjoin(JourneyRow, col(JourneyRow.id) == col(OrderRow.journey_id))
        .where(*where)
        .order_by(*newest)
        .limit(limit + 1)
    )
    found = session.connection().execute(query).all()
    page = found[:limit]
    titles = _titles(session, [row.id for row in page])
    known = contacts(session, {row.person_id for row in page if row.person_id})
    return [_found(row, titles[row.id], known.get(row.person_id, {})) for row in page], len(found) > limit


_COLUMNS: tuple[Any, ...] = (
    col(OrderRow.id),
    col(OrderRow.number),
    col(OrderRow.journey_id),
    col(OrderRow.placed_at),
    col(OrderRow.total_minor),
    col(OrderRow.currency),
    col(OrderRow.store_id),
    col(OrderRow.person_id),
    col(StoreRow.name).label("store_name"),
    col(PersonRow.first_name),
    col(PersonRow.last_name),
    col(JourneyRow.status),
    col(JourneyRow.phase),
)


def _where(session: Session, wanted: Wanted) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if wanted.order_number:
        where.append(_numbered(session, wanted))
    if wanted.email:
        where.append(col(OrderRow.person_id).in_(_known_as("email", (wanted.email,), session, wanted)))
    if wanted.phones:
        where.append(col(OrderRow.person_id).in_(_known_as("phone", wanted.phones, session, wanted)))
    if words := folded(wanted.name).split():
        where.append(col(OrderRow.person_id).in_(_named(session, words, wanted)))
    return where


def _stores(session: Session, wanted: Wanted) -> list[str]:
    """The stores to look in: indexes begin with the store, so every one is named."""
    if wanted.store_id is not None:
        return [wanted.store_id]
    return list(session.connection().execute(select(col(StoreRow.id))).scalars())


def _numbered(session: Session, wanted: Wanted) -> ColumnElement[bool]:
    """With or without the `#`, in either case; the store's own id fits too. A number that is written in both cases
    (`Web-9`) and was typed in another is looked for only where nothing else fits: no index has it."""
    bare = wanted.order_number.strip().lstrip("#").strip()
    spellings = sorted({form for word in (bare, bare.upper(), bare.lower()) for form in (word, f"#{word}")})
    ours = col(OrderRow.store_id).in_(_stores(session, wanted))
    numbered = select(col(OrderRow.id)).where(ours, col(OrderRow.number).in_(spellings))
    external = select(col(OrderRow.id)).where(ours, col(OrderRow.external_id) == bare)
    found = list(session.connection().execute(numbered.union(external)).scalars())
    if not found and bare.upper() != bare.lower():
        # Both sides as the database writes them in small letters: SQLite knows none but those of ASCII.
        small = [func.lower(form) for form in spellings]
        mixed = select(col(OrderRow.id)).where(ours, func.lower(col(OrderRow.number)).in_(small))
        found = list(session.connection().execute(mixed.limit(_MIXED)).scalars())
    return col(OrderRow.id).in_(found)


def _known_as(kind: str, values: tuple[str, ...], session: Session, wanted: Wanted) -> list[str]:
    found = session.connection().execute(
        select(col(IdentityRow.person_id)).where(
            col(IdentityRow.store_id).in_(_stores(session, wanted)),
            col(IdentityRow.kind) == kind,
            col(IdentityRow.value).in_(values),
        )
    )
    return list(found.scalars())


def _named(session: Session, words: list[str], wanted: Wanted) -> list[str]:
    """Persons in whose name every word begins a word. `autoescape`: a `%` is a letter like any other."""
    key = col(PersonRow.name_key)
    fits = [
        or_(key.startswith(word, autoescape=True), key.contains(f" {word}", autoescape=True))
        for word in words
    ]
    query = select(col(PersonRow.id)).where(*fits).limit(_PERSONS)
    if wanted.store_id is not None:
        query = query.where(col(PersonRow.store_id) == wanted.store_id)
    return list(session.connection().execute(query).scalars())


def _titles(session: Session, order_refs: list[str]) -> dict[str, list[str]]:
    titles: dict[str, list[str]] = defaultdict(list)
    query = (
        select(col(OrderLineRow.order_ref), col(OrderLineRow.title))
        .where(col(OrderLineRow.order_ref).in_(order_refs))
        .order_by(col(OrderLineRow.ref))
    )
    for row in session.connection().execute(query):
        if row.title and len(titles[row.order_ref]) < _TITLES:
            titles[row.order_ref].append(row.title)
    return titles


def _found(row: Any, titles: list[str], known: dict[str, str]) -> Found:
    return Found(
        journey_id=row.journey_id,
        order_ref=row.id,
        order_number=row.number,
        store_id=row.store_id,
        store_name=row.store_name,
        placed_at=row.placed_at,
        total_minor=row.total_minor,
        currency=row.currency,
        status=row.status or "held",
        phase=row.phase or "",
        name=f"{row.first_name or ''} {row.last_name or ''}".strip(),
        email=known.get("email", ""),
        phone=known.get("phone", ""),
        items=titles,
    )
