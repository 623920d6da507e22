"""The database as commands find it, and an order by whatever name a person has for it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from doorstep.cli import base
from doorstep.errors import BadInput, NotFound, SetupError, nearest

if TYPE_CHECKING:
    from sqlmodel import Session

    from doorstep.models import Database
    from doorstep.models.reading.views import JourneyDetail

WIDTH = 100
_KNOWN = 2_000  # order numbers or references that a misspelt one is compared with, newest first


@contextmanager
def opened() -> Iterator[Database]:
    """The migrated database; that its tables are a newer release's is a line on stderr. Raises `SetupError` when there
    is none or its tables do not serve this release, and makes none."""
    settings = base.settings()
    from pathlib import Path

    from sqlalchemy.engine import make_url

    from doorstep.models import Database, migrate

    url = make_url(settings.database_url)
    mend = "`doorstep up` or `doorstep migrate` makes it; DOORSTEP_DATABASE_URL says where it is."
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        raise SetupError(f"There is no database at {url.database}.", mend=mend)
    stand = migrate.current(settings.database_url)
    if not stand.serves:
        raise SetupError(f"The database is {stand.found}.", mend=stand.mend)
    if stand.mend:
        base.report(f"doorstep: the database is {stand.found}. {stand.mend}")
    database = Database.of(settings, pool_size=2)
    try:
        yield database
    finally:
        database.dispose()


def journey_of(database: Database, name: str) -> JourneyDetail:
    """The journey of a `jny_…`, an `ord_…`, an order number or the store's own order id.

    Raises `NotFound` offering the nearest number or reference, and `BadInput` when several stores have an order of
    that number.
    """
    from doorstep.models.orders import OrderRow
    from doorstep.models.reading.detail import journey_detail
    from doorstep.models.reading.search import Wanted, search

    with database.read() as session:
        ref = name
        if not name.startswith(("jny_", "ord_")):
            found, _ = search(session, Wanted(order_number=name), limit=5)
            if len(found) > 1:
                choices = ", ".join(f"{hit.journey_id} ({hit.store_id})" for hit in found)
                raise BadInput(f"Several orders are called '{name}'.", mend=f"Name one: {choices}.")
            if not found:
                raise NotFound(
                    f"There is no order '{name}'.{nearest(name, _newest(session, OrderRow.number))}",
                    mend="Give an order number, the store's order id, jny_… or ord_….",
                )
            ref = found[0].journey_id
        detail = journey_detail(session, ref, None, datetime.now(UTC))
        if detail is None:
            raise _none(session, name, ref)
    return detail


def _none(session: Session, name: str, ref: str) -> NotFound:
    """Why there is nothing to show: the order is only heard of, or nobody knows that reference."""
    from sqlalchemy import or_, select
    from sqlmodel import col

    from doorstep.models.orders import OrderRow

    known = select(col(OrderRow.id)).where(or_(col(OrderRow.id) == ref, col(OrderRow.journey_id) == ref))
    if session.connection().execute(known.limit(1)).first() is not None:
        return NotFound(
            f"There is no journey of '{name}' yet.",
            mend="An order that is only heard of has none until it comes.",
        )
    column = OrderRow.journey_id if ref.startswith("jny_") else OrderRow.id
    what = "journey" if ref.startswith("jny_") else "order"
    return NotFound(
        f"There is no {what} '{name}'.{nearest(ref, _newest(session, column))}",
        mend="Give an order number, the store's order id, jny_… or ord_….",
    )


_FORMS = "Write it as 2026-03-31T10:00+02:00, or 2026-03-31T08:00 (without a zone: UTC)."


def about(occurrence: str) -> list[str]:
    """What one of several is about, in words where there are any, and below whole: to skip it an agent copies that."""
    from doorstep.domain.event_words import caused

    said = caused(occurrence)
    indent = " " * 6
    return [
        *(lines(f"about this: {said}", " " * 8, indent) if said else ()),
        *lines(f"[{occurrence}]", f"{indent} ", indent),
    ]


def instant(text: str) -> datetime:
    """An instant as a person writes it (without a zone: UTC). Raises `BadInput`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"'{text}' is no instant.", mend=_FORMS) from error
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _newest(session: Session, column: str) -> list[str]:
    """What the newest orders are called in that column of theirs."""
    from sqlalchemy import select
    from sqlmodel import col

    from doorstep.models.orders import OrderRow

    newest = select(col(column)).order_by(col(OrderRow.placed_at).desc()).limit(_KNOWN)
    return [name for name in session.connection().execute(newest).scalars() if name]


def lines(text: str, indent: str = "", first: str | None = None) -> list[str]:
    """Text folded to the width of a page; `first` begins the first line, `indent` the others."""
    begin = indent if first is None else first
    return textwrap.wrap(text, WIDTH, initial_indent=begin, subsequent_indent=indent) or [begin.rstrip()]
