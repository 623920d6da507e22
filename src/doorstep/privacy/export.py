"""Everything we hold of one person, as JSON: the answer to "what do you know about me?"."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from doorstep.domain.customers import UNDATED
from doorstep.models.addresses import CHANNEL_OF, address_hash
from doorstep.models.inbox import InboxEventRow
from doorstep.models.people import PersonRow, SuppressionRow
from doorstep.models.tables import table
from doorstep.privacy.holdings import HOLDINGS
from doorstep.privacy.whose import Whose, whose

FORMAT = "doorstep-person-export/1"
_persons, _events, _suppressions = table(PersonRow), table(InboxEventRow), table(SuppressionRow)


def export(conn: Connection, person_id: str, *, at: datetime, secret: Callable[[], bytes]) -> dict[str, Any]:
    """Table → rows, every column: instants as ISO 8601 UTC (null where nobody said when), raw webhooks as the text they
    came as, what is no text in base64. `at` is aware UTC. Personal data: for the person, and for no log. An unknown
    person holds nothing."""
    store = conn.execute(select(_persons.c.store_id).where(_persons.c.id == person_id)).scalar() or ""
    theirs = whose(conn, store, person_id)
    told: dict[str, list[dict[str, Any]]] = {}
    for holding in HOLDINGS:
        query = select(holding.table).where(holding.theirs(theirs)).order_by(*holding.table.primary_key)
        told[holding.table.name] = [_shown(row._mapping) for row in conn.execute(query).all()]
    for webhook in told["inbox_webhooks"]:
        if _tells_of_others(conn, webhook, theirs):
            webhook["body"], webhook["left_out"] = None, "a batch that tells of other people too"
    told["suppressions"] = _never_written_to(conn, theirs, secret())
    return {
        "format": FORMAT,
        "person": person_id,
        "store": store,
        "exported_at": at.isoformat(),
        "not_in_tables": "Temporal's histories name journeys and references only: no name, address or number.",
        "holdings": told,
    }


def _shown(row: Any) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return None if value == UNDATED else value.isoformat()
        case bytes() | memoryview():
            return _readable(bytes(value))
        case _:
            return value


def _readable(value: bytes) -> str:
    """Text as it came; what is none (a packed history) in base64."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def _tells_of_others(conn: Connection, webhook: dict[str, Any], theirs: Whose) -> bool:
    """Whether its bytes are a batch of which some events are not theirs (or are none that we know)."""
    try:
        body = json.loads(webhook["body"] or "null")
    except ValueError:
        return False
    batch = body.get("events") if isinstance(body, dict) else body
    if not isinstance(batch, list) or len(batch) < 2:
        return False
    query = select(_events.c.person_id, _events.c.order_ref).where(_events.c.webhook_id == webhook["id"])
    mine = [
        row.person_id == theirs.person_id or row.order_ref in theirs.orders
        for row in conn.execute(query).all()
    ]
    return len(mine) < len(batch) or not all(mine)


def _never_written_to(conn: Connection, theirs: Whose, secret: bytes) -> list[dict[str, Any]]:
    hashes = {
        address_hash(secret, CHANNEL_OF[kind], value)
        for kind, value in theirs.identities
        if kind in CHANNEL_OF
    }
    query = (
        select(_suppressions)
        .where(_suppressions.c.store_id == theirs.store_id, _suppressions.c.address_hash.in_(hashes))
        .order_by(_suppressions.c.id)
    )
    return [_shown(row._mapping) for row in conn.execute(query).all()]
