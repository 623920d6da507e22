"""The tables. Importing this package registers all of them with `SQLModel.metadata`."""

from __future__ import annotations

from doorstep.models import (
    access,
    archive,
    care,
    inbox,
    journeys,
    ledger,
    orders,
    people,
    privacy,
    stores,
    workers,
)
from doorstep.models.base import Database

__all__ = [
    "Database",
    "access",
    "archive",
    "care",
    "inbox",
    "journeys",
    "ledger",
    "orders",
    "people",
    "privacy",
    "stores",
    "workers",
]
