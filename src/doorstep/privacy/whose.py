"""What belongs to one person: the references under which tables hold them, and the words that tell who they are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from doorstep.models.care import TicketRow
from doorstep.models.journeys import JourneyRow
from doorstep.models.ledger import LedgerRowModel
from doorstep.models.orders import OrderRow, ShipmentRow
from doorstep.models.people import IdentityRow, PersonRow
from doorstep.models.tables import table

_persons, _identities, _orders = table(PersonRow), table(IdentityRow), table(OrderRow)
_journeys, _touches, _parcels = table(JourneyRow), table(LedgerRowModel), table(ShipmentRow)
_tickets = table(TicketRow)
Identity = tuple[str, str]
"""(kind, value)"""
#: parts of an address that tell who somebody is; a city or a country alone does not
_TELLING = ("name", "company", "address1", "address2", "zip", "phone")
_SHORTEST_WORD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """One person's references. `words` is personal data: no text or log shows it."""

    person_id: str
    store_id: str
    orders: tuple[str, ...] = ()
    external_orders: tuple[str, ...] = ()
    journeys: tuple[str, ...] = ()
    touches: tuple[str, ...] = ()
    parcels: tuple[str, ...] = ()
    tickets: tuple[str, ...] = ()
    identities: frozenset[Identity] = field(default=frozenset(), repr=False)
    full_name: tuple[str, ...] = field(default=(), repr=False)
    """First and last name, when both are known: only together do they name somebody."""
    words: frozenset[str] = field(default=frozenset(), repr=False)

    def values(self, *kinds: str) -> list[str]:
        """The identities of these kinds; a customer id without its connection."""
        return sorted(value if kind != "customer" else value.partition(":")[2]
                      for kind, value in self.identities if kind in kinds)  # fmt: skip

    def scrubbed(self, value: Any) -> Any:
        """JSON without the texts that hold one of the person's words; everything else as it is."""
        if not self.words:
            return value
        pattern = re.compile(
            "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in sorted(self.words)), re.IGNORECASE
        )
        return _without(value, pattern)


def whose(conn: Connection, store_id: str, person_id: str, named: Iterable[Identity] = ()) -> Whose:
    """Everything that is this person's now. `person_id` empty: nobody we know; `named`: identities a request told
    besides."""
    person = conn.execute(select(_persons).where(_persons.c.id == person_id)).first()
    orders = conn.execute(select(_orders).where(_orders.c.person_id == person_id)).all() if person_id else []
    refs = [row.id for row in orders]
    held = conn.execute(
        select(_identities.c.kind, _identities.c.value).where(_identities.c.person_id == person_id)
    )
    identities = frozenset((row.kind, row.value) for row in held) | frozenset(named)
    journeys = _column(conn, _journeys.c.id, _journeys.c.person_id == person_id)
    names = tuple(n for n in (person.first_name, person.last_name) if n) if person is not None else ()
    return Whose(
        person_id=person_id,
        store_id=store_id,
        orders=tuple(refs),
        external_orders=tuple(row.external_id for row in orders),
        journeys=tuple(sorted({*journeys, *(row.journey_id for row in orders)})),
        touches=_column(conn, _touches.c.key, _touches.c.person_id == person_id),
        parcels=_column(conn, _parcels.c.ref, _parcels.c.order_ref.in_(refs)),
        tickets=_column(conn, _tickets.c.ref, _tickets.c.person_id == person_id),
        identities=identities,
        full_name=names if len(names) == 2 else (),
        words=_words(identities, names, [row.address for row in orders]),
    )


def _column(conn: Connection, column: Any, where: Any) -> tuple[str, ...]:
    return tuple(conn.execute(select(column).where(where).order_by(column)).scalars())


def _words(identities: Iterable[Identity], names: Iterable[str], addresses: Iterable[Any]) -> frozenset[str]:
    told = {value if kind != "customer" else value.partition(":")[2] for kind, value in identities}
    told |= set(names)
    told |= {str(address.get(part) or "") for address in addresses for part in _TELLING}
    return frozenset(word.strip() for word in told if len(word.strip()) >= _SHORTEST_WORD)


def _without(value: Any, pattern: re.Pattern[str]) -> Any:
    match value:
        case str():
            return "" if pattern.search(value) else value
        case dict():
            return {key: _without(inner, pattern) for key, inner in value.items()}
        case list():
            return [_without(inner, pattern) for inner in value]
        case _:
            return value
