"""Privacy requests are on record; the audit log only grows.

The database itself refuses to change or remove a line of the audit log, whoever asks. One change is let through: an
erasure takes out what somebody wrote (`reason` becomes `[erased]`, nothing else moves).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_COLUMNS = ("id", "at", "actor", "action", "subject", "detail")
_SAME = " AND ".join(f"CAST(NEW.{name} AS TEXT) = CAST(OLD.{name} AS TEXT)" for name in _COLUMNS)
_FORGETS = f"(NEW.reason = '[erased]' AND {_SAME})"
_SAID = "the audit log only grows"


def upgrade() -> None:
    op.create_table(
        "privacy_requests",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("store_id", sa.String(), nullable=False),
        sa.Column("connection_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(), nullable=False),
        sa.Column("scrubbed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_privacy_requests_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_requests")),
    )
    with op.batch_alter_table("privacy_requests", schema=None) as batch_op:
        batch_op.create_index("ix_privacy_requests_open", ["done_at", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_privacy_requests_person_id"), ["person_id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF TG_OP = 'UPDATE' AND {_FORGETS} THEN RETURN NEW; END IF; "
            f"RAISE EXCEPTION '{_SAID}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE ON audit "
            "FOR EACH ROW EXECUTE FUNCTION audit_only_grows()"
        )
        return
    op.execute(
        f"CREATE TRIGGER audit_only_grows BEFORE UPDATE ON audit WHEN NOT {_FORGETS} "
        f"BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
    )
    op.execute(f"CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, '{_SAID}'); END")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_only_grows ON audit")
        op.execute("DROP FUNCTION audit_only_grows()")
    else:
        op.execute("DROP TRIGGER audit_only_grows")
        op.execute("DROP TRIGGER audit_stays")
    op.drop_table("privacy_requests")
