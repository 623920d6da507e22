"""API keys: drawn, shown once, kept as a hash, compared in constant time, revoked for good.

A key reads `dsk_<id>_<secret>`. The id finds the row; the secret holds 160 bits from the operating system, so
one round of SHA-256 is enough (a slow hash protects guessable secrets, and would cost every request).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlmodel import Session, col

from doorstep.errors import BadInput, NotFound, nearest
from doorstep.models.access import ApiKeyRow, AuditRow
from doorstep.models.base import Database
from doorstep.models.prepared import prepared
from doorstep.models.stores import StoreRow
from doorstep.models.tables import table

PREFIX = "dsk"
_NO_SECRET = hashlib.sha256(b"").hexdigest()
_BY_ID = prepared(select(table(ApiKeyRow)).where(col(ApiKeyRow.id) == bindparam("key")))


class Scope(StrEnum):
    """What a key may do. `admin` includes the others."""

    STORE = "store"
    SUPPORT = "support"
    METRICS = "metrics"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who holds a valid key. `store_id` None: every store."""

    key_id: str
    name: str
    scopes: frozenset[Scope]
    store_id: str | None

    @property
    def actor(self) -> str:
        """How the audit log names them."""
        return f"key:{self.key_id}"

    def may(self, scope: Scope) -> bool:
        """Whether the key has that scope; an admin key has all."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


def recognise(database: Database, key: str) -> Caller | None:
    """The holder of that key; None for one that is malformed, unknown, wrong or revoked.

    An unknown id costs the same hash and comparison as a known one, so timing tells nothing about ids.
    """
    prefix, _, rest = key.partition("_")
    key_id, _, secret = rest.partition("_")
    row = None
    if prefix == PREFIX and key_id.isalnum() and len(key_id) <= 40:
        with database.reading() as connection:
            row = _BY_ID.first(connection, {"key": key_id})
    right = hmac.compare_digest(_hashed(secret), row.secret_hash if row is not None else _NO_SECRET)
    if row is None or not right or not secret or row.revoked_at is not None:
        return None
    return _caller(row)


def _caller(row: Any) -> Caller:
    return Caller(
        key_id=row.id,
        name=row.name,
        scopes=frozenset(Scope(scope) for scope in row.scopes if scope in Scope),
        store_id=row.store_id,
    )


def holder(database: Database, key_id: str) -> Caller | None:
    """The holder of the key of that id, without its secret: for whoever has proven it before. None once revoked."""
    with database.reading() as connection:
        row = _BY_ID.first(connection, {"key": key_id})
    return None if row is None or row.revoked_at is not None else _caller(row)


def create(
    database: Database,
    *,
    name: str,
    scopes: Iterable[str],
    now: datetime,
    store_id: str | None = None,
    actor: str = "cli",
) -> tuple[ApiKeyRow, str]:
    """Makes a key; answers its row and, this once, the key itself. Raises `BadInput` for an unknown scope or store.

    `store_id` None: for every store. `now` is aware UTC.
    """
    with database.write() as session:
        return _created(session, name, tuple(scopes), now, store_id, actor)


def ensure_first_admin_key(database: Database, now: datetime) -> str | None:
    """The first admin key, made if no valid one exists; None when there is one. Two at once make one."""
    with database.write() as session:
        held = session.execute(
            select(col(ApiKeyRow.scopes)).where(col(ApiKeyRow.revoked_at).is_(None))
        ).scalars()
        if any(Scope.ADMIN in scopes for scopes in held):
            return None
        return _created(session, "first admin key", (Scope.ADMIN,), now, None, "setup")[1]


def list_keys(database: Database) -> list[ApiKeyRow]:
    """Every key, oldest first, revoked ones too. Secrets are not there to be shown."""
    with database.read() as session:
        order = (col(ApiKeyRow.created_at), col(ApiKeyRow.id))
        return list(session.execute(select(ApiKeyRow).order_by(*order)).scalars())


def revoke(database: Database, key_id: str, *, now: datetime, actor: str = "cli") -> ApiKeyRow:
    """Ends a key at once and for good; again changes nothing. Raises `NotFound` offering the nearest id."""
    key_id = key_id.removeprefix(f"{PREFIX}_").partition("_")[0]
    with database.write() as session:
        ended = session.execute(
            update(ApiKeyRow)
            .where(col(ApiKeyRow.id) == key_id, col(ApiKeyRow.revoked_at).is_(None))
            .values(revoked_at=now)
        )
        row = session.get(ApiKeyRow, key_id)
        if row is None:
            known = session.execute(select(col(ApiKeyRow.id))).scalars()
            raise NotFound(
                f"There is no key '{key_id}'.{nearest(key_id, known)}",
                mend="`doorstep keys list` shows them.",
            )
        if ended.rowcount:  # type: ignore[attr-defined] # an UPDATE answers a CursorResult
            session.add(AuditRow(at=now, actor=actor, action="key.revoked", subject=f"key:{key_id}"))
        session.flush()
        session.expunge(row)
        return row


def _created(
    session: Session, name: str, scopes: tuple[str, ...], now: datetime, store_id: str | None, actor: str
) -> tuple[ApiKeyRow, str]:
    _check(session, name, scopes, store_id)
    key_id, secret = _drawn(5), _drawn(20)
    row = ApiKeyRow(
        id=key_id,
        name=name.strip(),
        scopes=sorted(set(scopes)),
        store_id=store_id,
        secret_hash=_hashed(secret),
        created_at=now,
    )
    session.add(row)
    detail = {"scopes": sorted(set(scopes)), "store": store_id}
    session.add(AuditRow(at=now, actor=actor, action="key.created", subject=f"key:{key_id}", detail=detail))
    session.flush()
    session.expunge(row)
    return row, f"{PREFIX}_{key_id}_{secret}"


def _check(session: Session, name: str, scopes: tuple[str, ...], store_id: str | None) -> None:
    known = [scope.value for scope in Scope]
    if not name.strip():
        raise BadInput("A key needs a name.", mend="Say who or what will use it.")
    if not scopes:
        raise BadInput("A key needs a scope.", mend=f"One or more of: {', '.join(known)}.")
    for scope in scopes:
        if scope not in known:
            raise BadInput(
                f"There is no scope '{scope}'.{nearest(scope, known)}", mend=f"One of: {', '.join(known)}."
            )
    if store_id is None:
        return
    if not session.execute(
        select(func.count()).select_from(StoreRow).where(col(StoreRow.id) == store_id)
    ).scalar():
        stores = list(session.execute(select(col(StoreRow.id))).scalars())
        raise BadInput(
            f"There is no store '{store_id}'.{nearest(store_id, stores)}",
            mend="Leave the store out for a key to every store.",
        )


def _drawn(size: int) -> str:
    return base64.b32encode(secrets.token_bytes(size)).decode().lower().rstrip("=")


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
