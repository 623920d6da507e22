"""Orders as rows: the statements of `orders`, compiled once, and one order as ingest holds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from doorstep.domain.orders import OrderState
from doorstep.ingest.inputs import LONG_AGO
from doorstep.ingest.person_rows import Person
from doorstep.ingest.sql import ORDERS, among, setting
from doorstep.models.codec_json import order_state
from doorstep.models.prepared import Prepared, prepared
from doorstep.sources.sightings import OrderSighting

_LOADED = select(
    ORDERS.c.id,
    ORDERS.c.external_id,
    ORDERS.c.journey_id,
    ORDERS.c.parent_ref,
    ORDERS.c.person_id,
    ORDERS.c.number,
    ORDERS.c.whole,
    ORDERS.c.placed_at,
    ORDERS.c.updated_at,
    ORDERS.c.state,
)
_THIS = ORDERS.c.id == bindparam("ref")
LOAD = prepared(_LOADED.where(_THIS).with_for_update(key_share=True))
LOAD_SEVERAL = Prepared(
    lambda dialect: (
        _LOADED.where(among(dialect, ORDERS.c.id)).order_by(ORDERS.c.id).with_for_update(key_share=True)
    )
)
_SHOWN = (
    *("number", "person_id", "journey_id", "parent_ref", "connection_id", "currency", "total_minor"),
    *("placed_at", "whole", "test", "status_url", "address", "updated_at"),
)
SAVE = setting(ORDERS, _THIS, *_SHOWN)
SAVE_STATE = setting(ORDERS, _THIS, "state")
SAVE_NUMBER = setting(ORDERS, _THIS, "number")
CHILDREN = prepared(select(ORDERS.c.id, ORDERS.c.state).where(ORDERS.c.parent_ref == bindparam("ref")))


@dataclass(slots=True, kw_only=True)
class Order:
    """One order of this webhook. `arrived`: it became whole just now. `waited`: it was known before that,
    through its events only. `version` is the `updated_at` of the sighting that the row shows."""

    ref: str
    external_id: str
    journey_id: str
    parent_ref: str | None = None
    person_id: str | None = None
    number: str = ""
    whole: bool = False
    placed_at: datetime | None = None
    version: datetime = LONG_AGO
    state: OrderState = field(default_factory=OrderState)
    fresh: bool = False
    """Its row was made by this webhook."""
    arrived: bool = False
    waited: bool = False
    touched: bool = False
    person: Person | None = None
    sighting: OrderSighting | None = None
    stale: bool = False
    """This webhook shows an older version than the row's."""
    facts: set[str] | None = None
    """Fact keys already in the inbox for it; None until asked for."""

    def again(self) -> Order:
        """As the next webhook of the same transaction would read it."""
        return Order(
            ref=self.ref,
            external_id=self.external_id,
            journey_id=self.journey_id,
            parent_ref=self.parent_ref,
            person_id=self.person_id,
            number=self.number,
            whole=self.whole,
            placed_at=self.placed_at,
            version=self.version,
            state=self.state,
            facts=self.facts,
        )

    @property
    def erased(self) -> bool:
        """Its person is: nothing personal is written back."""
        return self.state.erased_at is not None


def order_of(row: Any) -> Order:
    """The order that a row of `LOAD` shows."""
    return Order(
        ref=row.id,
        external_id=row.external_id,
        journey_id=row.journey_id,
        parent_ref=row.parent_ref,
        person_id=row.person_id,
        number=row.number,
        whole=row.whole,
        placed_at=row.placed_at,
        version=row.updated_at,
        state=order_state(row.state),
    )
