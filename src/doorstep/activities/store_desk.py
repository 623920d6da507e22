"""What senders ask of a store: who its mail is from, and where its messages are reported."""

from __future__ import annotations

import time

from doorstep.channels.base import Identity
from doorstep.models.base import Database
from doorstep.models.stores import speaking
from doorstep.templates.brand import Brand

#: seconds for which what a store says of itself is believed: a hundred touches a second do not ask a hundred times
KNOWN_SECONDS = 10.0


class StoreDesk:
    """Answers from the store's row, laid over the deployment's brand."""

    def __init__(self, database: Database, brand: Brand, *, mail_from: str | None, links_url: str) -> None:
        self._database, self._brand = database, brand
        self._mail_from, self._links_url = mail_from, links_url
        self._known: dict[str, tuple[float, Identity, str]] = {}

    def identity(self, store_id: str) -> Identity:
        """Its name; sent as `DOORSTEP_MAIL_FROM`, else as its support address, where replies always go."""
        return self._of(store_id)[1]

    def callback(self, store_id: str) -> str:
        """The store's connection of source `twilio` as a public URL; empty without one."""
        return self._of(store_id)[2]

    def _of(self, store_id: str) -> tuple[float, Identity, str]:
        held = self._known.get(store_id)
        if held is None or time.monotonic() - held[0] > KNOWN_SECONDS:
            with self._database.read() as session:
                store, listening = speaking(session, store_id, "twilio")
            brand = self._brand.over(store.brand if store is not None else {})
            identity = Identity(
                name=store.name if store is not None else brand.name,
                mailbox=self._mail_from or brand.support_email,
                reply_to=brand.support_email,
            )
            url = f"{self._links_url}/webhooks/{listening}" if listening else ""
            held = self._known[store_id] = (time.monotonic(), identity, url)
        return held
