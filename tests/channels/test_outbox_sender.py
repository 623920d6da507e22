"""The local stand-in behaves like a provider: it accepts, it never deduplicates, and it can be asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from channels.posting import NOW, message
from doorstep.channels.outbox import OutboxSender
from doorstep.domain.messages import Channel
from doorstep.errors import ProviderAmbiguous, ProviderRefused
from doorstep.models import Database, ids
from doorstep.models.ledger import OutboxMessage


def rows(database: Database) -> list[OutboxMessage]:
    with database.read() as session:
        return list(session.exec(select(OutboxMessage)).all())


def test_what_was_sent_is_kept_whole(outbox: OutboxSender, database: Database) -> None:
    """Every part of the message can be read back, times aware."""
    sent = message("cross-sell-7")
    receipt = outbox.send(sent)
    (row,) = rows(database)
    assert (row.id, receipt.provider) == (receipt.provider_message_id, "outbox")
    assert (row.key, row.to_address, row.template) == (sent.key, sent.to, "cross-sell-7")
    assert (row.subject, row.html, row.text) == (
        sent.rendered.subject,
        sent.rendered.html,
        sent.rendered.text,
    )
    assert (row.digest, row.template_digest) == (sent.rendered.digest, sent.rendered.template_digest)
    assert row.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert row.sent_at == NOW
    assert row.sent_at.tzinfo is not None


def test_a_double_send_shows(outbox: OutboxSender, database: Database) -> None:
    """The same key twice is two messages: hiding it would hide the very fault the ledger must prevent."""
    first = outbox.send(message())
    second = outbox.send(message())
    assert first.provider_message_id != second.provider_message_id
    assert len(rows(database)) == 2
    found = outbox.lookup(message().key)
    assert found is not None
    assert found.detail["accepted"] == 2


def test_it_reports_what_it_accepted_unless_told_not_to(outbox: OutboxSender, database: Database) -> None:
    """`lookup` knows accepted keys and no others; a silent outbox knows none, and R decides."""
    sent = outbox.send(message(channel=Channel.SMS))
    assert outbox.lookup(message().key) == outbox.lookup("jny_a:shipped")
    assert outbox.lookup("jny_a:shipped").provider_message_id == sent.provider_message_id  # type: ignore[union-attr] # sent
    assert outbox.lookup("jny_a:other") is None
    silent = OutboxSender(database, OutboxMessage, ids.draw, reports=False)
    assert silent.lookup("jny_a:shipped") is None
    assert silent.reconcile == timedelta(seconds=30)


class Failing:
    """A database that breaks before or after the row is written."""

    def __init__(self, inner: Database, *, at_commit: bool, raw: bool = False) -> None:
        """`raw`: the error is the driver's own, not SQLAlchemy's, as of a lock that never came."""
        self.inner = inner
        self.at_commit, self.raw = at_commit, raw
        self.read = inner.read

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        if not self.at_commit and self.raw:
            raise sqlite3.OperationalError("database is locked: lena@mail.example")
        if not self.at_commit:
            raise OperationalError("INSERT lena@mail.example", {}, Exception("database is locked"))
        with self.inner.writing() as connection:
            yield connection
        if self.raw:
            raise sqlite3.OperationalError("disk I/O error at lena@mail.example")
        raise OperationalError("COMMIT", {}, Exception("disk I/O error"))


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize(("at_commit", "error"), [(False, ProviderRefused), (True, ProviderAmbiguous)])
def test_a_failure_says_what_is_known_of_acceptance(
    database: Database, at_commit: bool, error: type[Exception], raw: bool
) -> None:
    """Not written is proof of not accepted; a commit without an answer is proof of nothing. Neither quotes data."""
    sender = OutboxSender(Failing(database, at_commit=at_commit, raw=raw), OutboxMessage, ids.draw)
    with pytest.raises(error) as caught:
        sender.send(message())
    assert "lena" not in str(caught.value)
    assert len(rows(database)) == int(at_commit)
