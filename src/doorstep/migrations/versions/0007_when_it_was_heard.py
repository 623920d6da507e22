"""When a consent or a bounce was heard, beside when it was said or happened: a plan as of an instant of the past leaves
out what came later, however it is dated.

Empty means: when it was said. So it is for every row from before, of which nothing better is known, and for what the
release before writes; few rows are touched under the table's lock. A consent that nobody dated stands in the table as
of 1970. It came with an order or a customer: it is taken as heard when its person was first heard of, the earliest that
it can have been, since which of their orders brought it is not known any more.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for table in ("consents", "suppressions"):
        op.add_column(table, sa.Column("heard_at", INSTANT, nullable=True))
    consents = sa.table(
        "consents", sa.column("person_id"), sa.column("at", INSTANT), sa.column("heard_at", INSTANT)
    )
    persons = sa.table("persons", sa.column("id"), sa.column("created_at", INSTANT))
    first = sa.select(persons.c.created_at).where(persons.c.id == consents.c.person_id).scalar_subquery()
    op.execute(consents.update().where(consents.c.at == UNDATED).values(heard_at=first))


def downgrade() -> None:
    for table in ("consents", "suppressions"):
        op.drop_column(table, "heard_at")
