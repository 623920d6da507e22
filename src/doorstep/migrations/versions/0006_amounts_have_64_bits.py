"""Amounts have 64 bits: what PostgreSQL calls an integer ends at 21.5 million of a currency with cents. An order of so
many rupiah or pesos could not be written.

Widening leaves the release before running. PostgreSQL writes the three tables anew, each under its lock; SQLite's
integers have 64 bits already. With wider rows PostgreSQL takes a new shop's catalogue for so small that the index of
categories, which began with the store, looked as good as the key to find one product: it begins with the category now.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

AMOUNTS = (("orders", "total_minor"), ("order_lines", "price_minor"), ("products", "price_minor"))
CATEGORIES = "ix_products_category"


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        for table, column in AMOUNTS:
            op.alter_column(table, column, existing_type=sa.Integer(), type_=sa.BigInteger())
    op.drop_index(CATEGORIES, table_name="products")
    op.create_index(CATEGORIES, "products", ["category", "store_id"], unique=False)


def downgrade() -> None:
    op.drop_index(CATEGORIES, table_name="products")
    op.create_index(CATEGORIES, "products", ["store_id", "category"], unique=False)
    if op.get_bind().dialect.name != "sqlite":
        for table, column in AMOUNTS:
            op.alter_column(table, column, existing_type=sa.BigInteger(), type_=sa.Integer())
