"""What one transaction's webhooks know without asking: read for all of them at once, and kept up with what they write.

Webhooks come in groups that tell of the same few orders (created, paid, updated, scanned). An order's row is locked
when it is read, so until the commit nobody else changes what stands here. What was changed out of the ordinary
(`Orders.leave_to_the_next`) is asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select

from doorstep.ingest import inbox
from doorstep.ingest.inputs import Incoming
from doorstep.ingest.order_rows import LOAD_SEVERAL, Order, order_of
from doorstep.ingest.sql import EVENTS, WEBHOOKS, among
from doorstep.ingest.statements import Statements
from doorstep.models.prepared import Prepared
from doorstep.models.together import Step

_WEBHOOKS = Prepared(lambda dialect: select(WEBHOOKS.c.id).where(among(dialect, WEBHOOKS.c.id)))
_EVENTS = Prepared(lambda dialect: select(EVENTS.c.id).where(among(dialect, EVENTS.c.id)))
_FACTS = Prepared(
    lambda dialect: select(EVENTS.c.order_ref, EVENTS.c.fact_key).where(among(dialect, EVENTS.c.order_ref))
)


@dataclass(slots=True)
class Known:
    """`orders` as their rows are, each with its facts; `missing` orders and `new` events were looked for and are not
    there; `webhooks` are there."""

    orders: dict[str, Order] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    new: set[str] = field(default_factory=set)
    webhooks: set[str] = field(default_factory=set)

    def forget(self) -> None:
        """Rows were changed otherwise than through what stands here."""
        self.orders.clear()
        self.missing.clear()
        self.new.clear()


def look_up(statements: Statements, group: Iterable[Incoming]) -> Known:
    """One trip for all of them. Orders are locked in one order everywhere, so that two groups wait for each other
    less often."""
    webhooks, events, orders = set(), set(), set()
    for one in group:
        webhooks.add(one.webhook_id)
        events |= {inbox.event_id(one.at.id, event.external_id) for event in one.reading.events}
        orders |= {event.order_ref for event in one.reading.events if event.order_ref}
        orders |= {seen.ref for seen in one.reading.orders}
    steps = [
        Step(statement, [{"several": sorted(wanted)}])
        for statement, wanted in (
            (_WEBHOOKS, webhooks),
            (LOAD_SEVERAL, orders),
            (_FACTS, orders),
            (_EVENTS, events),
        )
    ]
    statements.run(steps)
    there, rows, facts, told = (step.rows for step in steps)
    known = Known(webhooks={row.id for row in there}, new=events - {row.id for row in told})
    for row in rows:
        known.orders[row.id] = order = order_of(row)
        order.facts = set()
    for row in facts:
        if row.order_ref in known.orders:
            known.orders[row.order_ref].facts.add(row.fact_key)  # type: ignore[union-attr]  # made above
    known.missing = orders - set(known.orders)
    return known
