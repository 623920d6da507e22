"""Histories are kept, events carry their trace, journeys say whether they are archived

A published migration is never edited: it names plain SQL types, not our classes, so that it means the same
for ever.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "history_archive",
        sa.Column("journey_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("journey_id", name=op.f("pk_history_archive")),
    )
    # With a default: an API of the release before, still running while this one is rolled out, does not name it.
    op.add_column("inbox_events", sa.Column("trace_parent", sa.String(), nullable=False, server_default=""))
    op.add_column("journeys", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_journeys_archive", "journeys", ["status", "archived_at", "closed_at"])


def downgrade() -> None:
    op.drop_index("ix_journeys_archive", table_name="journeys")
    op.drop_column("journeys", "archived_at")
    op.drop_column("inbox_events", "trace_parent")
    op.drop_table("history_archive")
