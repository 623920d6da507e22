"""How Alembic runs here: on the connection that `models.migrate` hands over, in one transaction.

SQLite cannot alter a table, so changes there copy it (batch mode). On PostgreSQL a migration that cannot get
its lock gives up after `LOCK_TIMEOUT` instead of queueing in front of every query of the live system.
"""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import doorstep.models  # noqa: F401 - registers every table with the metadata
from doorstep.models.base import Minor, UtcDateTime

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "10min"


def plain_type(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Our column types as plain SQL ones: a migration must not change when a class does."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Minor):
        return 'sa.BigInteger().with_variant(sa.Integer(), "sqlite")'
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    return False


def run() -> None:
    """Everything outstanding, in one transaction."""
    connection: sa.Connection | None = context.config.attributes.get("connection")
    if connection is None:
        raise SystemExit("Run `doorstep migrate`; Alembic gets its connection from there.")
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,
        render_item=plain_type,
        compare_type=True,
        compare_server_default=False,
    )
    context.run_migrations()


run()
