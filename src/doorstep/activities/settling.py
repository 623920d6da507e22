"""Beside the activities: what dead attempts left in the ledger, and no journey will ask about again, is closed."""

from __future__ import annotations

import asyncio
from datetime import datetime

import structlog

from doorstep.models.base import Database
from doorstep.models.leftovers import leftovers
from doorstep.ports import Ports
from doorstep.touch import settle
from doorstep.touch.ledger import is_ambiguous
from doorstep.touch.recovery import reconcile
from doorstep.touch.timing import RESERVATION

log = structlog.get_logger(__name__)

BATCH = 64


async def settle_leftovers(ports: Ports, database: Database, at: datetime, most: int = BATCH) -> int:
    """One round; answers how many rows it closed itself. Two rounds side by side settle each row once: `settle`
    looks again under the person's lock, and what the other was first with is not counted twice. What a live attempt
    may still hold (`RESERVATION`), and what a provider may still report (R), is left for later."""
    closed = 0
    for row in await asyncio.to_thread(leftovers, database, at - RESERVATION, most):
        if is_ambiguous(row) and row.sending_at is not None and at < row.sending_at + reconcile(ports, row):
            continue
        try:
            closed += await asyncio.to_thread(settle, ports, row, at) is not None
        except Exception as error:  # noqa: BLE001 - one row must not keep the others
            log.warning("a touch could not be settled", touch=row.request.key, error=type(error).__name__)
    return closed
