"""The inbox writes fewer indices: each is a page or two more in every webhook's transaction.

An inbox row's id follows from its connection and the sender's id, so the primary key alone refuses a duplicate; a
parcel's scans are found by the first column of their unique constraint; webhooks are asked for by status and age.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("inbox_webhooks", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("uq_inbox_webhooks_connection_id_external_id"), type_="unique")
        batch_op.drop_index(batch_op.f("ix_inbox_webhooks_store_id"))
        batch_op.drop_index(batch_op.f("ix_inbox_webhooks_received_at"))
        batch_op.drop_index(batch_op.f("ix_inbox_webhooks_status"))
        batch_op.create_index("ix_inbox_webhooks_status", ["status", "received_at"], unique=False)
    with op.batch_alter_table("inbox_events", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("uq_inbox_events_connection_id_external_id"), type_="unique")
        batch_op.drop_index("ix_inbox_events_order")
        batch_op.create_index("ix_inbox_events_order", ["order_ref"], unique=False)
    with op.batch_alter_table("checkpoints", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_checkpoints_shipment_ref"))


def downgrade() -> None:
    with op.batch_alter_table("checkpoints", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_checkpoints_shipment_ref"), ["shipment_ref"], unique=False)
    with op.batch_alter_table("inbox_events", schema=None) as batch_op:
        batch_op.drop_index("ix_inbox_events_order")
        batch_op.create_index("ix_inbox_events_order", ["order_ref", "status"], unique=False)
        batch_op.create_unique_constraint(
            op.f("uq_inbox_events_connection_id_external_id"), ["connection_id", "external_id"]
        )
    with op.batch_alter_table("inbox_webhooks", schema=None) as batch_op:
        batch_op.drop_index("ix_inbox_webhooks_status")
        batch_op.create_index(batch_op.f("ix_inbox_webhooks_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_inbox_webhooks_received_at"), ["received_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_inbox_webhooks_store_id"), ["store_id"], unique=False)
        batch_op.create_unique_constraint(
            op.f("uq_inbox_webhooks_connection_id_external_id"), ["connection_id", "external_id"]
        )
