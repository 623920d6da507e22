"""Links as messages carry them, and how many rows there are of everything a page could write."""

from __future__ import annotations

from fastapi import FastAPI
from sqlmodel import SQLModel, func, select

from api import desk
from doorstep.models.access import AuditRow
from doorstep.models.base import Database
from doorstep.models.inbox import InboxEventRow, InboxWebhookRow
from doorstep.models.links import Link, LinkPurpose, sign
from doorstep.models.people import ConsentRow

WRITTEN: tuple[type[SQLModel], ...] = (AuditRow, InboxEventRow, InboxWebhookRow, ConsentRow)


def address(app: FastAPI, purpose: LinkPurpose, *, order: str = desk.ORDER) -> str:
    """The path of a page of the desk's person, signed as `models.content` signs it."""
    link = Link(
        purpose=purpose,
        store_id=desk.MINE,
        person_ref=desk.PERSON,
        order_ref="" if purpose is LinkPurpose.PREFERENCES else order,
    )
    return f"/{purpose}/{sign(app.state.services.settings.secret_key(), link)}"


def counted(database: Database) -> list[int]:
    """Rows per table of `WRITTEN`."""
    with database.read() as session:
        return [session.exec(select(func.count()).select_from(model)).one() for model in WRITTEN]
