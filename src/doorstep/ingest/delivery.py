"""One webhook's transaction: what the parts of ingest share while it lasts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Dialect, Table

from doorstep.ingest.inputs import Connected
from doorstep.ingest.sql import ignoring
from doorstep.ingest.statements import Statements
from doorstep.models.prepared import Prepared

if TYPE_CHECKING:
    from doorstep.ingest.erasure import Erasure
    from doorstep.ingest.known import Known


@dataclass(slots=True, kw_only=True)
class Delivery:
    """The open transaction, whose webhook it is, and what has come of it so far."""

    statements: Statements
    at: Connected
    webhook_id: str
    received_at: datetime
    read_again_at: datetime | None = None
    """A redrive's own time: what could not be read before is known since then only."""
    known: Known | None = None
    """What the transaction's webhooks have read by now; None for one that is alone in it."""
    in_a_rush: bool = False
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
    def heard_at(self) -> datetime:
        """Since when we know what the webhook tells."""
        return self.read_again_at or self.received_at

    @property
    def conn(self) -> Connection:
        """For statements of one's own: everything of this webhook so far is there to be seen."""
        return self.statements.conn

    @property
    def dialect(self) -> Dialect:
        return self.statements.dialect

    def first(self, statement: Prepared, **values: Any) -> Any | None:
        """The first row, or None."""
        return self.statements.first(statement, values)

    def all(self, statement: Prepared, **values: Any) -> list[Any]:
        """Every row."""
        return self.statements.all(statement, values)

    def every(self, statement: Prepared, several: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """Every row of each."""
        return self.statements.every(statement, several)

    def change(self, statement: Prepared, values: Mapping[str, Any]) -> int:
        """How many rows were changed."""
        return self.statements.change(statement, values)

    def later(self, statement: Prepared, values: Mapping[str, Any], *, name: str = "") -> None:
        """A change whose outcome is not asked for; of those of one `name` only the last is made."""
        self.statements.later(statement, values, name=name)

    def insert_new(self, table: Table, values: Mapping[str, Any]) -> bool:
        """Insert a row unless a unique key of it is there already; whether it was new."""
        return self.change(ignoring(table, tuple(values)), values) > 0

    def insert_later(self, table: Table, values: Mapping[str, Any]) -> None:
        """The same where nothing follows from whether it was new."""
        self.later(ignoring(table, tuple(values)), values)

    def insert_missing(self, table: Table, values: Mapping[str, Any], *, missing: bool = True) -> bool:
        """`insert_new` of a row that, where `missing`, was looked for in this transaction and not there. In a group
        that is believed (should another process have been faster, the group is run again without belief)."""
        if self.known is None or not missing:
            return self.insert_new(table, values)
        self.statements.surely(ignoring(table, tuple(values)), values)
        return True
