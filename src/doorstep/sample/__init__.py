"""A small store to look at: made once, and told about through the real webhook endpoint with real signatures."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from doorstep.domain import ids
from doorstep.errors import Unavailable
from doorstep.models.base import Database
from doorstep.models.stores import ConnectionRow, StoreRow
from doorstep.sample import shop
from doorstep.sample.bodies import Delivery
from doorstep.sample.stories import catalogue, stories
from doorstep.settings import Settings
from doorstep.sources.shopify.adapter import signature
from doorstep.sources.signed.adapter import secret_from, signed_headers

__all__ = ["SampleOrder", "SampleReport", "load"]

SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOrder:
    """One order of the sample."""

    number: str
    stage: str
    order_ref: str
    journey_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleReport:
    """What was loaded. `new` webhooks of `sent`: none on a second run."""

    store: str
    connections: tuple[str, ...]
    orders: tuple[SampleOrder, ...]
    sent: int
    new: int


def load(settings: Settings, base_url: str, *, now: datetime | None = None) -> SampleReport:
    """Makes the store and its secrets where they are missing and sends its webhooks to `base_url`. Run again it
    changes nothing: every webhook has the id it had, and dates hang on when the store was made.

    `now` (aware; the wall clock unless given) is what the signatures' times are. Raises `Unavailable` when the
    endpoint refuses a webhook, `httpx.HTTPError` when it cannot be reached.
    """
    at = (now or datetime.now(UTC)).astimezone(UTC)
    told = stories(_furnish(settings, at))
    keys = {name: _secret(settings, name) for name in (shop.SHOPIFY, shop.OWN)}
    deliveries = [catalogue(), *(delivery for _, webhooks in told for delivery in webhooks)]
    with httpx.Client(base_url=base_url, timeout=SECONDS, trust_env=False) as client:
        new = sum(_send(client, delivery, keys[delivery.connection], at) for delivery in deliveries)
    refs = [(order, ids.order_ref(shop.STORE, str(order.id))) for order, _ in told]
    return SampleReport(
        store=shop.STORE,
        connections=(shop.SHOPIFY, shop.OWN),
        orders=tuple(
            SampleOrder(number=o.number, stage=o.stage, order_ref=ref, journey_id=ids.journey_id(ref))
            for o, ref in refs
        ),
        sent=len(deliveries),
        new=new,
    )


def _furnish(settings: Settings, at: datetime) -> datetime:
    """The store and its connections; answers when the store was made."""
    database = Database.of(settings, pool_size=1)
    try:
        with database.write() as session:
            store = session.get(StoreRow, shop.STORE)
            if store is None:
                store = StoreRow(
                    id=shop.STORE,
                    name=shop.NAME,
                    zone=shop.ZONE,
                    locale=shop.LOCALE,
                    country=shop.COUNTRY,
                    currency=shop.CURRENCY,
                    brand=shop.BRAND,
                    created_at=at,
                )
                session.add(store)
                session.flush()
            for name, source in ((shop.SHOPIFY, "shopify"), (shop.OWN, "signed")):
                if session.get(ConnectionRow, name) is None:
                    session.add(ConnectionRow(id=name, store_id=shop.STORE, source=source, created_at=at))
            session.flush()
            return store.created_at
    finally:
        database.dispose()


def _secret(settings: Settings, connection: str) -> str:
    """The connection's secret, drawn if there is none."""
    held = settings.connection_secrets(connection)
    if held:
        return held[0]
    drawn = (
        f"shpss_{secrets.token_hex(16)}"
        if connection == shop.SHOPIFY
        else secret_from(secrets.token_bytes(32))
    )
    settings.keep_connection_secret(connection, drawn)
    return drawn


def _send(client: httpx.Client, delivery: Delivery, secret: str, at: datetime) -> bool:
    """Sends one webhook; whether it was new. Raises `Unavailable` unless it was taken whole."""
    body = json.dumps(delivery.body).encode()
    if delivery.connection == shop.SHOPIFY:
        headers = {
            "X-Shopify-Topic": delivery.topic,
            "X-Shopify-Webhook-Id": delivery.id,
            "X-Shopify-Shop-Domain": "fern-and-fable.myshopify.com",
            "X-Shopify-Hmac-Sha256": signature(secret, body),
        }
    else:
        headers = signed_headers(secret, delivery.id, at, body)
    answer = client.post(
        f"/webhooks/{delivery.connection}",
        content=body,
        headers={**headers, "Content-Type": "application/json"},
    )
    status = answer.json().get("status") if answer.is_success else None
    if status not in ("accepted", "duplicate"):
        raise Unavailable(
            f"The sample's webhook {delivery.id} was answered {answer.status_code} ({status}).",
            mend="See the API's log; load it again.",
        )
    return bool(status == "accepted")
