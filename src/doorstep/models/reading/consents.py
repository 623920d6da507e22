"""The latest word on consent."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from doorstep.models.people import ConsentRow


def latest_consent(session: Session, person_id: str, channel: str, purpose: str) -> ConsentRow | None:
    """The word that holds for one channel and purpose; at the same instant the "no" does."""
    query = (
        select(ConsentRow)
        .where(
            col(ConsentRow.person_id) == person_id,
            col(ConsentRow.channel) == channel,
            col(ConsentRow.purpose) == purpose,
        )
        .order_by(col(ConsentRow.at).desc(), col(ConsentRow.granted))
        .limit(1)
    )
    return session.execute(query).scalars().first()
