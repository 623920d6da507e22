"""One webhook's transaction: what the parts of ingest share while it lasts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Dialect, Table

from doorstep.ingest.inputs import Connected
from doorstep.ingest.sql import ignoring
from doorstep.models.prepared import Prepared

if TYPE_CHECKING:
    from doorstep.ingest.erasure import Erasure


@dataclass(slots=True, kw_only=True)
class Delivery:
    """The open transaction, whose webhook it is, and what has come of it so far."""

    conn: Connection
    at: Connected
    webhook_id: str
    received_at: datetime
    trace_parent: str = ""
    """Of whoever told it, for the journeys' spans to follow."""
    problems: list[str] = field(default_factory=list)
    events: int = 0
    journeys: set[str] = field(default_factory=set)
    persons: set[str] = field(default_factory=set)
    erasures: list[Erasure] = field(default_factory=list)
    """Whom to forget, once everything else is written."""
    of_the_erased: bool = False
    """It names somebody who was erased before it came: its body is not kept."""
    secret: Callable[[], bytes] | None = field(default=None, repr=False)
    """Where the installation's own key comes from: erased addresses are remembered under it."""

    @property
    def dialect(self) -> Dialect:
        return self.conn.dialect

    def first(self, statement: Prepared, **values: Any) -> Any | None:
        """The first row, or None."""
        return statement.first(self.conn, values)

    def all(self, statement: Prepared, **values: Any) -> list[Any]:
        """Every row."""
        return statement.all(self.conn, values)

    def change(self, statement: Prepared, values: Mapping[str, Any]) -> int:
        """How many rows were changed."""
        return statement.run(self.conn, values)

    def insert_new(self, table: Table, values: Mapping[str, Any]) -> bool:
        """Insert a row unless a unique key of it is there already; whether it was new."""
        return self.change(ignoring(table, tuple(values)), values) > 0
