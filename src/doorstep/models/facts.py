"""What the gate reads of a person, in as few statements as it takes: this is the hot path of every touch.

The statements are made once, here, with bound parameters: building one costs more than running it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.engine import Connection

from doorstep.domain.customers import (
    Consent,
    CountedTouch,
    Facts,
    StorePolicy,
    Suppression,
    SuppressionCause,
    WaitingTouch,
)
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.orders import OrderState
from doorstep.domain.outcomes import SkipReason, TouchState
from doorstep.domain.touches import LedgerRow, TouchRequest
from doorstep.domain.values import replace
from doorstep.errors import NotFound
from doorstep.models.addresses import CHANNEL_OF, IDENTITY_OF, address_hash
from doorstep.models.codec_json import order_state
from doorstep.models.journeys import JourneyRow
from doorstep.models.ledger import LedgerRowModel
from doorstep.models.orders import OrderRow
from doorstep.models.people import ConsentRow, IdentityRow, PersonRow, SuppressionRow
from doorstep.models.prepared import prepared
from doorstep.models.stores import StoreRow
from doorstep.models.tables import as_found, table
from doorstep.policies.reading import policy_of
from doorstep.touch.ledger import as_counted, as_waiting

_persons, _stores, _orders = table(PersonRow), table(StoreRow), table(OrderRow)
_journeys, _ledger = table(JourneyRow), table(LedgerRowModel)
_consents, _identities, _suppressions = table(ConsentRow), table(IdentityRow), table(SuppressionRow)

#: on PostgreSQL the lock of the person; on SQLite the transaction holds the whole database's already
LOCK = prepared(
    select(_persons.c.id).where(_persons.c.id == bindparam("person")).with_for_update(key_share=True)
)
"""A person's lock: rows that refer to the person may be added meanwhile, theirs may not be changed."""

STANDING = prepared(
    select(
        _persons.c.zone,
        _persons.c.erased_at,
        _stores.c.policy,
        _orders.c.state,
        _journeys.c.exited_at,
    )
    .select_from(
        _persons.join(_stores, _stores.c.id == bindparam("store"))
        .outerjoin(_orders, _orders.c.id == bindparam("order"))
        .outerjoin(_journeys, _journeys.c.id == bindparam("journey"))
    )
    .where(_persons.c.id == bindparam("person"), as_found(_persons.c.store_id) == bindparam("store"))
)

ADDRESSES = prepared(
    select(_identities.c.kind, _identities.c.value)
    .where(
        _identities.c.person_id == bindparam("person"),
        or_(*(_identities.c.kind == kind for kind in CHANNEL_OF)),
    )
    .order_by(_identities.c.seen_at, _identities.c.id)
)

CONSENTS = prepared(
    select(
        _consents.c.channel, _consents.c.purpose, _consents.c.granted, _consents.c.at, _consents.c.source
    ).where(_consents.c.person_id == bindparam("person"), _consents.c.purpose == bindparam("purpose"))
)

SUPPRESSIONS = prepared(
    select(
        _suppressions.c.channel, _suppressions.c.cause, _suppressions.c.since, _suppressions.c.heard_at
    ).where(
        as_found(_suppressions.c.store_id) == bindparam("store"),
        or_(*(_suppressions.c.address_hash == bindparam(f"hash_{channel}") for channel in IDENTITY_OF)),
        _suppressions.c.lifted_at.is_(None),
    )
)

#: every touch that may fill a cap or wait for a slot; `touch.as_counted` and `as_waiting` have the last word
RIVALS = prepared(
    select(
        _ledger.c.key,
        _ledger.c.state,
        _ledger.c.reason,
        _ledger.c.priority,
        _ledger.c.due_at,
        _ledger.c.expires_at,
        _ledger.c.decided_at,
        _ledger.c.reserved_until,
        _ledger.c.sending_at,
        _ledger.c.shadow,
    )
    .where(
        _ledger.c.person_id == bindparam("person"),
        _ledger.c.purpose == Purpose.MARKETING.value,
        _ledger.c.key != bindparam("key"),
        or_(
            _ledger.c.counted_at > bindparam("since"),
            and_(
                _ledger.c.state == TouchState.DEFERRED.value,
                _ledger.c.due_at <= bindparam("at"),
                _ledger.c.expires_at > bindparam("at"),
            ),
        ),
    )
    .order_by(_ledger.c.key)
)

OTHER_ORDERS = prepared(
    select(_orders.c.state).where(
        _orders.c.person_id == bindparam("person"), _orders.c.id != bindparam("order")
    )
)


class FactsReader:
    """Loads facts. Holds the installation's secret and the parsed policies, nothing of any person."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._policies: dict[str, tuple[Mapping[str, Any], StorePolicy]] = {}

    def facts(
        self,
        connection: Connection,
        request: TouchRequest,
        at: datetime,
        addresses: Mapping[Channel, str],
    ) -> Facts:
        """Everything the gate reads for that touch, within the caller's transaction; what only marketing
        needs is read for marketing only. Raises `NotFound` for a person the store does not know."""
        standing = STANDING.first(
            connection,
            {
                "person": request.person_ref,
                "store": request.store_id,
                "order": request.order_ref,
                "journey": request.journey_id,
            },
        )
        if standing is None:
            raise NotFound(f"Store '{request.store_id}' has no person '{request.person_ref}'.")
        policy = self.policy(request.store_id, standing.policy)
        order = order_state(standing.state)
        if standing.erased_at is not None and order.erased_at is None:
            order = replace(order, erased_at=standing.erased_at)
        marketing = request.purpose is Purpose.MARKETING
        counted, waiting = _rivals(connection, request, at, policy) if marketing else ((), ())
        return Facts(
            person_ref=request.person_ref,
            zone=standing.zone,
            reachable=frozenset(addresses),
            consents=_consents_of(connection, request),
            suppressions=self.suppressions(connection, request.store_id, addresses),
            order=order,
            exited_at=standing.exited_at,
            owned_products=_owned(connection, request, order) if request.offered else frozenset(),
            counted=counted,
            waiting=waiting,
            policy=policy,
        )

    def policy(self, store_id: str, raw: Mapping[str, Any]) -> StorePolicy:
        """The parsed policy of a store; parsed again only when the column changed."""
        held = self._policies.get(store_id)
        if held is None or held[0] != raw:
            held = (raw, policy_of(raw))
            self._policies[store_id] = held
        return held[1]

    def suppressions(
        self,
        connection: Connection,
        store_id: str,
        addresses: Mapping[Channel, str],
        known_by: datetime | None = None,
    ) -> tuple[Suppression, ...]:
        """Which of the addresses are on the store's never-send list. `known_by`: as far as was heard by then; what was
        told once more later is of when it was first heard."""
        if not addresses:
            return ()
        hashes = {
            f"hash_{channel}": address_hash(self._secret, channel, addresses[channel])
            if channel in addresses
            else ""
            for channel in IDENTITY_OF
        }
        rows = SUPPRESSIONS.all(connection, {"store": store_id, **hashes})
        return tuple(
            Suppression(
                channel=Channel(row.channel),
                cause=SuppressionCause(row.cause),
                since=row.since if known_by is None else min(row.since, row.heard_at or row.since),
            )
            for row in rows
            if known_by is None or (row.heard_at or row.since) <= known_by
        )


def addresses_of(connection: Connection, person_ref: str) -> dict[Channel, str]:
    """Where the person is reached now, by channel: the address seen last (personal data)."""
    rows = ADDRESSES.all(connection, {"person": person_ref})
    return {CHANNEL_OF[kind]: value for kind, value in rows}


def _consents_of(connection: Connection, request: TouchRequest) -> tuple[Consent, ...]:
    """The last word per channel for the touch's purpose; of two at one instant the withdrawal."""
    rows = CONSENTS.all(connection, {"person": request.person_ref, "purpose": request.purpose.value})
    last: dict[str, Any] = {}
    for row in rows:
        held = last.get(row.channel)
        if held is None or (row.at, not row.granted) > (held.at, not held.granted):
            last[row.channel] = row
    return tuple(
        Consent(
            channel=Channel(row.channel),
            purpose=Purpose(row.purpose),
            granted=row.granted,
            at=row.at,
            source=row.source,
        )
        for _, row in sorted(last.items())
    )


def _rivals(
    connection: Connection, request: TouchRequest, at: datetime, policy: StorePolicy
) -> tuple[tuple[CountedTouch, ...], tuple[WaitingTouch, ...]]:
    widest = max((cap.window for cap in policy.caps), default=timedelta())
    rows = RIVALS.all(
        connection, {"person": request.person_ref, "key": request.key, "since": at - widest, "at": at}
    )
    known = [_rival(row, request) for row in rows]
    counted = [as_counted(row, at) for row in known]
    waiting = [as_waiting(row, at) for row in known]
    return tuple(c for c in counted if c is not None), tuple(w for w in waiting if w is not None)


def _rival(row: Any, asking: TouchRequest) -> LedgerRow:
    """As much of another touch's row as ranks and counts it; the request's JSON is not read for that."""
    request = replace(
        asking,
        key=row.key,
        priority=row.priority,
        due_at=row.due_at,
        expires_at=row.expires_at,
    )
    return LedgerRow(
        request=request,
        state=TouchState(row.state),
        reason=SkipReason(row.reason) if row.reason else None,
        decided_at=row.decided_at,
        reserved_until=row.reserved_until,
        sending_at=row.sending_at,
        shadow=row.shadow,
    )


def _owned(connection: Connection, request: TouchRequest, order: OrderState) -> frozenset[str]:
    rows = OTHER_ORDERS.all(connection, {"person": request.person_ref, "order": request.order_ref})
    return owned_products([order, *(order_state(row.state) for row in rows)])


def owned_products(orders: list[OrderState]) -> frozenset[str]:
    """The products of which the person keeps a piece; nothing of a cancelled order."""
    return frozenset(
        line.product_ref for order in orders if order.cancelled_at is None for line in order.kept_lines
    )
