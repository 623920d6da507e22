"""What the outbox page and its JSON read: one table, newest first, by cursor."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from pydantic import BaseModel, Field
from sqlalchemy import func
from sqlmodel import Session, col, or_, select

from doorstep.errors import BadInput, NotFound
from doorstep.models.ledger import OutboxMessage
from doorstep.models.stores import StoreRow

MAX_LIMIT = 500


class OutboxItem(BaseModel):
    """One message the local stand-in accepted."""

    id: str = Field(examples=["msg_3v6y4k2n7q5c"])
    store_id: str
    journey_id: str
    order_ref: str
    key: str = Field(description="The touch key: journey, step, occurrence.", examples=["jny_…:shipped"])
    fence: int = Field(description="Which attempt at the touch sent it.")
    accepted_under_key: int = Field(
        description="How many messages were accepted under this key; 2 is a double send."
    )
    channel: str
    purpose: str
    to: str
    subject: str
    text: str
    headers: dict[str, Any]
    template: str
    template_digest: str
    digest: str = Field(description="SHA-256 over subject, HTML and text.")
    sent_at: datetime


class OutboxFull(OutboxItem):
    """The same, with its HTML."""

    html: str


class OutboxPage(BaseModel):
    """Newest first. `next` goes into `cursor` for what is older; null at the end."""

    items: list[OutboxItem]
    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What to show. `store_id`: only that store's. `since`: sent at or after that instant."""

    store_id: str | None = None
    journey: str | None = None
    channel: str | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class Cursor:
    """The last message of the page before."""

    sent_at: datetime
    id: str

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.sent_at.isoformat()}|{self.id}".encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises `BadInput` for anything this server did not make."""
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
            at, _, id_ = raw.partition("|")
            sent_at = datetime.fromisoformat(at)
            if sent_at.tzinfo is None or not id_:
                raise ValueError(text)
        except (ValueError, UnicodeError) as error:
            raise BadInput("The cursor is not one of ours.", mend="Start again without 'cursor'.") from error
        return cls(sent_at.astimezone(UTC), id_)


def page(session: Session, wanted: Filter, *, limit: int, cursor: Cursor | None = None) -> OutboxPage:
    """One page of at most `limit` messages."""
    query = select(OutboxMessage).order_by(col(OutboxMessage.sent_at).desc(), col(OutboxMessage.id).desc())
    if wanted.store_id is not None:
        query = query.where(col(OutboxMessage.store_id) == wanted.store_id)
    if wanted.journey:
        query = query.where(col(OutboxMessage.journey_id) == wanted.journey)
    if wanted.channel:
        query = query.where(col(OutboxMessage.channel) == wanted.channel)
    if wanted.since is not None:
        query = query.where(col(OutboxMessage.sent_at) >= wanted.since)
    if cursor is not None:
        query = query.where(
            or_(
                col(OutboxMessage.sent_at) < cursor.sent_at,
                (col(OutboxMessage.sent_at) == cursor.sent_at) & (col(OutboxMessage.id) < cursor.id),
            )
        )
    rows = session.exec(query.limit(limit + 1)).all()
    shown = rows[:limit]
    counts = _counts(session, shown)
    more = str(Cursor(shown[-1].sent_at, shown[-1].id)) if len(rows) > limit else None
    return OutboxPage(items=[OutboxItem(**_fields(r, counts)) for r in shown], next=more)


def message(session: Session, id_: str, *, store_id: str | None = None) -> OutboxFull:
    """One message. Raises `NotFound`, also for another store's."""
    row = session.get(OutboxMessage, id_)
    if row is None or (store_id is not None and row.store_id != store_id):
        raise NotFound("There is no such message in the outbox.", mend="GET /outbox lists what there is.")
    return OutboxFull(**_fields(row, _counts(session, [row])), html=row.html)


def sender_of(session: Session, store_id: str) -> tuple[str, str]:
    """Name and address a customer would see as the sender."""
    store = session.get(StoreRow, store_id)
    if store is None:
        return store_id, ""
    return store.name, str(store.brand.get("support_email") or "")


def _counts(session: Session, rows: Sequence[OutboxMessage]) -> dict[str, int]:
    keys = {row.key for row in rows}
    if not keys:
        return {}
    query = (
        select(OutboxMessage.key, func.count())
        .where(col(OutboxMessage.key).in_(keys))
        .group_by(col(OutboxMessage.key))
    )
    return dict(session.exec(query).all())


def _fields(row: OutboxMessage, counts: dict[str, int]) -> dict[str, Any]:
    known = {name: getattr(row, name) for name in OutboxItem.model_fields if hasattr(row, name)}
    return {**known, "to": row.to_address, "accepted_under_key": counts.get(row.key, 1)}
