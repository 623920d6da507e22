"""The local stand-in for every provider: what it accepts can be opened in the browser (`/outbox`) and read by
a test. It behaves like the real thing, honestly: nothing is deduplicated, so a double send shows as two.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, insert
from sqlmodel import Session, col, select

from doorstep.domain.messages import Message, Receipt
from doorstep.errors import ProviderAmbiguous, ProviderRefused, Unavailable

RECONCILE = timedelta(seconds=30)
_WORDLESS = {"to_address": "", "subject": "", "html": "", "text": "", "headers": {}}


class Transactions(Protocol):
    """What the outbox needs of the database; `doorstep.models.Database` is one."""

    def read(self) -> AbstractContextManager[Session]: ...

    def writing(self) -> AbstractContextManager[Connection]: ...


class DrawId(Protocol):
    def __call__(self, prefix: str, /) -> str: ...


Forgotten = Callable[[Connection, str], bool]
"""Whether the person of an order was erased, within the transaction of that connection."""


class OutboxSender:
    """Implements `ports.Sender` for every channel. `row` is the table (`models.ledger.OutboxMessage`) and
    `draw` makes ids (`models.ids.draw`): passed in, because channels and tables do not know each other."""

    name = "outbox"

    def __init__(
        self,
        database: Transactions,
        row: type[Any],
        draw: DrawId,
        *,
        forgotten: Forgotten | None = None,
        reports: bool = True,
        reconcile: timedelta = RECONCILE,
        timeout: timedelta = timedelta(seconds=10),
    ) -> None:
        """`forgotten`: whether the person of an order was erased; a message that was under way then is noted without
        its words and address. `reports=False`: `lookup` never knows anything, as with a provider that cannot be
        asked; then an ambiguous send is settled by `reconcile` alone."""
        self._database = database
        self._row = row
        self._insert = insert(row)
        self._draw = draw
        self._forgotten = forgotten
        self._reports = reports
        self.reconcile = reconcile
        self.timeout = timeout

    def send(self, message: Message) -> Receipt:
        """Accept the message: one new row, in a transaction of its own. Raises `ProviderRefused` when the row
        could not be written, `ProviderAmbiguous` when the commit did not answer."""
        rendered = message.rendered
        values: dict[str, Any] = {
            "id": self._draw("msg"),
            "store_id": message.store_id,
            "key": message.key,
            "fence": message.fence,
            "journey_id": message.journey_id,
            "order_ref": message.order_ref,
            "channel": rendered.channel.value,
            "purpose": message.purpose.value,
            "to_address": message.to,
            "subject": rendered.subject,
            "html": rendered.html,
            "text": rendered.text,
            "headers": dict(message.headers),
            "template": rendered.template,
            "template_digest": rendered.template_digest,
            "digest": rendered.digest,
            "sent_at": message.at,
        }
        written = False
        try:
            with self._database.writing() as connection:
                if self._forgotten is not None and self._forgotten(connection, message.order_ref):
                    values |= _WORDLESS
                connection.execute(self._insert, values)  # by the ORM a send took more than twice as long
                written = True
        except Unavailable as error:  # the write lock never came: nothing was written
            raise ProviderRefused("The outbox could not take the message (busy).") from error
        except Exception as error:  # noqa: BLE001 — the driver's own as well, as our statements raise them
            # The cause's text quotes the row, which is personal data: only its kind is told.
            kind = type(error).__name__
            if written:
                raise ProviderAmbiguous(f"The outbox did not confirm the message ({kind}).") from None
            raise ProviderRefused(f"The outbox could not take the message ({kind}).") from None
        return Receipt(provider=self.name, provider_message_id=values["id"])

    def lookup(self, key: str) -> Receipt | None:
        """The first message accepted under our key; `detail.accepted` counts all of them."""
        if not self._reports:
            return None
        row = self._row
        with self._database.read() as session:
            ids = session.exec(
                select(row.id)
                .where(col(row.key) == key)
                .order_by(col(row.sent_at), col(row.fence), col(row.id))
            ).all()
        if not ids:
            return None
        return Receipt(provider=self.name, provider_message_id=ids[0], detail={"accepted": len(ids)})
