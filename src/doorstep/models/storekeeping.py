"""Making and changing a store: every word is checked before anything is written.

Zones, languages and countries by `domain.codes`; currencies (ISO 4217) by CLDR, as Babel ships it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from babel.core import get_global
from sqlalchemy import func, select, update
from sqlmodel import Session, col

from doorstep.domain import codes
from doorstep.domain.moments import is_zone
from doorstep.errors import BadInput, Conflict, NotFound, SetupError, nearest
from doorstep.models.access import AuditRow
from doorstep.models.people import PersonRow
from doorstep.models.stores import StoreRow
from doorstep.policies.reading import KEYS as POLICY_KEYS
from doorstep.policies.reading import policy_of
from doorstep.templates.brand import Brand

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_BRAND_KEYS = tuple(f.name for f in fields(Brand) if f.name not in ("social", "phrases"))


def add_store(
    session: Session, store_id: str, given: Mapping[str, Any], *, actor: str, at: datetime
) -> StoreRow:
    """A new store. `given`: columns of `StoreRow` by name; the others take their default. Raises `BadInput` naming
    what does not fit, and `Conflict` for an id that is taken."""
    if not _ID.fullmatch(store_id):
        raise BadInput(f"'{store_id}' is no id.", mend="Use lower-case letters, digits and dashes.")
    if session.get(StoreRow, store_id) is not None:
        raise Conflict(
            f"There is a store '{store_id}' already.", mend=f"`doorstep stores set {store_id}` changes it."
        )
    row = StoreRow(id=store_id, created_at=at, **_checked(given))
    session.add(row)
    session.flush()
    _audit(session, row, "store.created", given, actor, at)
    return row


def change_store(
    session: Session,
    store_id: str,
    given: Mapping[str, Any],
    *,
    actor: str,
    at: datetime,
    defaults: Collection[str] = (),
) -> tuple[StoreRow, dict[str, Any]]:
    """The store with `given` in place of what it had, and what changed: name → (before, after). Keys of `policy` and
    `brand` that are not given stay; `defaults` names keys of the policy that go back to their default. Persons whose
    zone is the store's follow it, so that quiet hours are right at once; days that a journey waits for stay.

    Raises `NotFound` offering the nearest id, and `BadInput`.
    """
    row = find_store(session, store_id, lock=True)
    for key in defaults:
        if key not in POLICY_KEYS:
            raise BadInput(
                f"A store's policy has no key '{key}'.{nearest(key, POLICY_KEYS)}",
                mend=f"It has {', '.join(POLICY_KEYS)}.",
            )
    wanted = dict(given)
    kept = {key: value for key, value in row.policy.items() if key not in defaults}
    wanted["policy"] = {**kept, **given.get("policy", {})}
    wanted["brand"] = {**row.brand, **given.get("brand", {})}
    changed = {
        name: (getattr(row, name), value)
        for name, value in _checked(wanted).items()
        if value != getattr(row, name)
    }
    for name, (_, after) in changed.items():
        setattr(row, name, after)
    if not changed:
        return row, {}
    session.flush()
    if "zone" in changed:
        follows = (col(PersonRow.store_id) == store_id, col(PersonRow.zone_source) == "store")
        session.execute(update(PersonRow).where(*follows).values(zone=row.zone))
    _audit(session, row, "store.changed", changed, actor, at)
    return row, changed


def find_store(session: Session, store_id: str, *, lock: bool = False) -> StoreRow:
    """The store of that id. Raises `NotFound` offering the nearest."""
    row = session.get(StoreRow, store_id, with_for_update=lock or None)
    if row is None:
        known = [store.id for store in stores(session)]
        raise NotFound(
            f"There is no store '{store_id}'.{nearest(store_id, known)}",
            mend=f"Known: {', '.join(known)}." if known else "`doorstep stores add` makes one.",
        )
    return row


def stores(session: Session) -> list[StoreRow]:
    """Every store by its id."""
    return list(session.execute(select(StoreRow).order_by(col(StoreRow.id))).scalars())


def persons_in(session: Session, store_id: str) -> int:
    """How many persons the store knows."""
    query = select(func.count()).select_from(PersonRow).where(col(PersonRow.store_id) == store_id)
    return int(session.execute(query).scalar_one())


def _audit(
    session: Session, row: StoreRow, action: str, changed: Collection[str], actor: str, at: datetime
) -> None:
    session.add(
        AuditRow(
            at=at, actor=actor, action=action, subject=f"store:{row.id}", detail={"changed": sorted(changed)}
        )
    )
    session.flush()


# --- each word ------------------------------------------------------------------------------------


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _READ[name](value) for name, value in given.items()}


def _name(value: str) -> str:
    name = " ".join(value.split())
    if not name or len(name) > 100 or not name.isprintable():
        raise BadInput("A store needs a name of 1 to 100 characters.", mend="Give the one customers know.")
    return name


def _zone(value: str) -> str:
    if not is_zone(value) or ("/" not in value and value != "UTC"):
        raise codes.no_zone(value)
    return value


def _currency(value: str) -> str:
    known, code = get_global("all_currencies"), value.upper()
    if code not in known:
        raise BadInput(
            f"'{value}' is no currency.{nearest(code, known)}",
            mend="Give its three letters (ISO 4217), such as EUR.",
        )
    return code


def _policy(value: Mapping[str, Any]) -> dict[str, Any]:
    policy_of(value)
    return dict(value)


def _brand(value: Mapping[str, Any]) -> dict[str, Any]:
    for key, said in value.items():
        if key not in _BRAND_KEYS:
            raise BadInput(
                f"A store's brand has no key '{key}'.{nearest(key, _BRAND_KEYS)}",
                mend=f"`{key}` belongs into the brand.toml of its package."
                if isinstance(said, Mapping)
                else "",
            )
        if not isinstance(said, str):
            raise BadInput(f"The brand's '{key}' is no text.", mend=f'Write {key} = "…".')
    try:
        Brand(**value)
    except SetupError as error:
        raise BadInput(error.what, mend=error.mend) from error
    return dict(value)


_READ: dict[str, Any] = {
    "name": _name,
    "zone": _zone,
    "locale": codes.locale_tag,
    "country": codes.country_code,
    "currency": _currency,
    "policy": _policy,
    "brand": _brand,
}
