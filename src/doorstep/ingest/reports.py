"""What providers say became of our messages, in the transaction that stores their webhook.

Each event counts once by the provider's own id of it. The touch is accepted if it was not yet (any word about a
message proves that it was taken), a dead address or a complaint goes on the never-send list, and a person who
unsubscribed there has withdrawn here, to be heard by all their open journeys. All of it gives the same in any order
and multiplicity. Of somebody who was erased meanwhile a report settles the touch, and what it quotes is not kept.

A provider's account serves the whole installation: a report counts for the touch it names, whichever store's connection
hears it. One that names no touch of ours (another installation's, another program's mail) still tells of the address.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from doorstep.domain.messages import Receipt
from doorstep.domain.reports import ENGAGEMENT, ReportKind, engagement
from doorstep.ingest import inbox
from doorstep.ingest.consents import tell_word
from doorstep.ingest.delivery import Delivery
from doorstep.ingest.person_rows import BY_ID, FIND
from doorstep.models.addresses import IDENTITY_OF
from doorstep.models.facts import LOCK, FactsReader
from doorstep.models.inbox import InboxStatus
from doorstep.models.ledger import LedgerRowModel, MessageEventRow
from doorstep.models.prepared import prepared
from doorstep.models.store import SqlTx, suppress
from doorstep.models.tables import table
from doorstep.sources.heard import ReportSighting
from doorstep.touch import reported_in
from doorstep.workflows import registry

_EVENTS, _LEDGER = table(MessageEventRow), table(LedgerRowModel)
_WHOSE = prepared(
    select(_LEDGER.c.store_id, _LEDGER.c.person_id).where(_LEDGER.c.key == bindparam("touch_key"))
)

_ABOUT = prepared(
    select(_LEDGER.c.journey_id, _LEDGER.c.order_ref, _LEDGER.c.step, _LEDGER.c.request).where(
        _LEDGER.c.key == bindparam("touch_key")
    )
)


@dataclass(frozen=True, slots=True)
class _Known:
    """A report, and whose touch it is about: of another's message the connection's store, and nobody."""

    report: ReportSighting
    store_id: str
    person_id: str
    ours: bool


def keep_reports(delivery: Delivery, seen: Iterable[ReportSighting]) -> None:
    """Person by person, in one order everywhere: two batches side by side never wait for each other's locks."""
    known = sorted(
        (_known(delivery, report) for report in seen), key=lambda k: (k.person_id, k.report.at, k.report.id)
    )
    locked, gone = "", False
    for one in known:
        if one.person_id != locked:
            locked, gone = one.person_id, False
            if locked:
                lock(delivery, locked)
                gone = _erased(delivery, locked)
        delivery.of_the_erased |= gone
        _keep(delivery, one, gone)


def lock(delivery: Delivery, person_id: str) -> None:
    """As every touch does: an opt-out that is committed before a touch is `sending` wins."""
    if delivery.dialect.name != "sqlite":
        delivery.first(LOCK, person=person_id)


def person_at(delivery: Delivery, store_id: str, kind: str, address: str) -> str:
    """Whose address it is in that store; empty when nobody's. On PostgreSQL it locks the person."""
    found = delivery.first(FIND, store=store_id, of_kind=kind, of_value=address)
    return "" if found is None else str(found.person_id)


def _known(delivery: Delivery, report: ReportSighting) -> _Known:
    whose = delivery.first(_WHOSE, touch_key=report.touch) if report.touch else None
    if whose is not None:
        return _Known(report, str(whose.store_id), str(whose.person_id), ours=True)
    store = delivery.at.store_id
    return _Known(report, store, _owner(delivery, store, report), ours=False)


def _keep(delivery: Delivery, known: _Known, erased: bool) -> None:
    report = known.report
    if known.ours:
        if not delivery.insert_new(_EVENTS, _row(delivery, report)):
            return
        delivery.events += 1
        _accept(delivery, known, "" if erased else report.message_id)
        if report.kind in ENGAGEMENT and not erased and not report.data.get("machine"):
            _tell_journey(delivery, known)
    if report.suppress is not None and report.address:
        if delivery.secret is None:
            delivery.problems.append("An address is not on the never-send list: no secret is at hand.")
        else:
            place = (known.store_id, report.channel, report.address, report.suppress)
            suppress(delivery.conn, delivery.secret(), *place, report.at, heard_at=delivery.heard_at)
    if report.kind is ReportKind.UNSUBSCRIBED:
        leaves = _owner(delivery, known.store_id, report) if erased else known.person_id
        if leaves:
            name = f"{report.provider}:{report.id}"
            tell_word(
                delivery, leaves, report.channel, name, report.at, granted=False, store_id=known.store_id
            )


def _tell_journey(delivery: Delivery, known: _Known) -> None:
    """That somebody reads us is told to a journey that asked for it: the first of its kind per message."""
    report = known.report
    about = delivery.first(_ABOUT, touch_key=report.touch)
    if about is None or not registry.hears(about.request["journey_type"], ENGAGEMENT[report.kind]):
        return
    name = f"{report.kind}:{report.touch}"
    envelope = engagement(
        report.kind,
        id=inbox.event_id(delivery.at.id, name),
        touch=report.touch,
        step=about.step,
        channel=report.channel.value,
        at=report.at,
        received_at=delivery.received_at,
        connection=delivery.at.id,
        order_ref=about.order_ref,
        person_ref=known.person_id,
    )
    place = inbox.Place(
        status=InboxStatus.PENDING,
        order_ref=about.order_ref,
        person_id=known.person_id,
        store_id=known.store_id,
    )
    if inbox.store(delivery, envelope, name, place):
        delivery.journeys.add(about.journey_id)


def _owner(delivery: Delivery, store_id: str, report: ReportSighting) -> str:
    """Who has the address by now: a message from before an erasure may be what they leave the list by."""
    if not report.address:
        return ""
    return person_at(delivery, store_id, IDENTITY_OF[report.channel], report.address)


def _accept(delivery: Delivery, known: _Known, message_id: str) -> None:
    """`message_id` empty for an erased person: the provider's log knows their address by it."""
    report = known.report
    tx = SqlTx(
        delivery.conn, FactsReader(b""), b"", known.person_id
    )  # ledger rows only: no address is hashed
    receipt = Receipt(provider=report.provider, provider_message_id=message_id)
    reported_in(tx, report.touch, receipt, report.at, report.channel)


def _row(delivery: Delivery, report: ReportSighting) -> dict[str, Any]:
    return {
        "id": report.id,
        "key": report.touch,
        "type": report.kind.value,
        "at": report.at,
        "received_at": delivery.received_at,
        "provider": report.provider,
        "data": dict(report.data),
    }


def _erased(delivery: Delivery, person_id: str) -> bool:
    row = delivery.first(BY_ID, person=person_id)
    return row is None or row.erased_at is not None
