"""A person is erased while a provider's call is out: what comes back settles the touch and brings nothing of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from doorstep.activities.ports import build_ports
from doorstep.domain.messages import Channel, Message, Receipt
from doorstep.domain.outcomes import OutcomeKind
from doorstep.ingest.forgetting import forget_person
from doorstep.models.base import Database
from doorstep.models.ledger import LedgerRowModel, OutboxMessage
from doorstep.models.tables import table
from doorstep.ports import Ports
from doorstep.settings import Settings
from doorstep.touch import perform, reported
from senders import FakeSender
from shop import NOON, PERSON, SECRET, STORE, a_request, open_shop

_LEDGER, _OUTBOX = table(LedgerRowModel), table(OutboxMessage)


def erase(database: Database) -> None:
    with database.writing() as conn:
        forget_person(conn, PERSON, actor="test", at=NOON, secret=lambda: SECRET)


def test_the_providers_own_id_is_not_kept_and_the_touch_is_sent_once(
    ports: Ports, database: Database
) -> None:
    """Accepted, and final for every later attempt and report; the provider's log knows the address by that id."""
    sender = FakeSender(lambda _: erase(database))
    ports = replace(ports, senders={Channel.EMAIL: sender})
    request = a_request()
    for _ in range(2):
        assert perform(ports, request, NOON).kind is OutcomeKind.SENT
        told = Receipt(provider="fake", provider_message_id="their-id")
        reported(ports.store, store_id=STORE, person_ref=PERSON, key=request.key, receipt=told, at=NOON)
    assert len(sender.sent) == 1
    with database.reading() as conn:
        row = conn.execute(select(_LEDGER)).one()
    assert (row.state, row.provider, row.provider_message_id) == ("accepted", sender.name, "")


def test_the_outbox_notes_a_message_without_its_words(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    """It shows that one went, as every message; to whom and what is gone."""
    open_shop(database)
    ports = build_ports(Settings(data_dir=tmp_path, database_url=database_url), database)
    inner = ports.senders[Channel.EMAIL]

    class Late(FakeSender):
        def send(self, message: Message) -> Receipt:
            erase(database)
            return inner.send(message)

    assert (
        perform(replace(ports, senders={Channel.EMAIL: Late()}), a_request(), NOON).kind is OutcomeKind.SENT
    )
    with database.reading() as conn:
        row = conn.execute(select(_OUTBOX)).one()
        ledger = conn.execute(select(_LEDGER)).one()
    assert (row.to_address, row.subject, row.html, row.text, row.headers) == ("", "", "", "", {})
    assert (row.key, ledger.provider_message_id) == (ledger.key, "")
