"""Shopify: its signature, its headers, its topics.

Relied on (https://shopify.dev/docs/apps/build/webhooks): base64 HMAC-SHA256 of the raw body with the app's client
secret; for up to an hour after a rotation the old secret still signs. `X-Shopify-Webhook-Id` is the same on
retries. No order of delivery is promised. Newer deliveries name headers without `X-` (`Shopify-Topic`), and may
bring both. Only the body is signed, the headers are not: the topic says how to read a body, and what ends something
(a cancellation, an erasure) needs the body to say so too.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from doorstep.errors import SignatureInvalid, Unreadable
from doorstep.sources.base import Headers, Reading, SourceContext, digest_id, header
from doorstep.sources.draft import Draft
from doorstep.sources.shopify.fulfilments import read_fulfilment, read_fulfilment_event
from doorstep.sources.shopify.orders import read_order
from doorstep.sources.shopify.privacy import read_data_request, read_redact, read_shop_redact
from doorstep.sources.shopify.refunds import read_refund
from doorstep.sources.shopify.words import exact_id, mend_rounded
from doorstep.sources.sightings import ProductSighting
from doorstep.sources.values import (
    currency,
    items,
    load_json,
    mapping,
    minor,
    number_id,
    opaque_id,
    text,
    word,
)

ORDER_TOPICS = frozenset(
    f"orders/{what}"
    for what in ("create", "updated", "edited", "paid", "fulfilled", "partially_fulfilled", "cancelled")
)
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com", re.ASCII)


def signature(secret: str, body: bytes) -> str:
    """The value of `X-Shopify-Hmac-Sha256` for these bytes."""
    key = secret.encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()


def _header(headers: Headers, name: str) -> str:
    return header(headers, f"X-Shopify-{name}", f"Shopify-{name}")


class Shopify:
    """The `Source` of a Shopify store."""

    name = "shopify"

    def verify(self, headers: Headers, body: bytes, secrets: Sequence[str], received_at: datetime) -> None:
        """Raises `SignatureInvalid`. There is no signed timestamp: a replayed body is stopped by the ids and
        fact keys it repeats."""
        given = _header(headers, "Hmac-Sha256").encode("utf-8", "replace")
        fits = False
        for secret in secrets:
            if secret:  # an empty key would let anybody sign
                fits |= hmac.compare_digest(signature(secret, body).encode(), given)
        if not fits:
            raise SignatureInvalid(
                "The webhook's X-Shopify-Hmac-Sha256 is missing or does not fit its body.",
                mend="Check that the connection holds the app's client secret, and that no proxy rewrites bodies.",
            )

    def delivery_id(self, headers: Headers, body: bytes) -> str:
        return opaque_id(_header(headers, "Webhook-Id")) or digest_id(self.topic(headers), body)

    def topic(self, headers: Headers) -> str:
        return _header(headers, "Topic").lower()[:128]

    def read(self, headers: Headers, body: bytes, context: SourceContext) -> Reading:
        """Raises `NotJson` or `Unreadable`."""
        told = load_json(body)
        if not isinstance(told, dict):
            raise Unreadable("The webhook's body is no JSON object.", mend="Look at the stored webhook.")
        topic = self.topic(headers)
        draft = Draft(context=context, delivery=self.delivery_id(headers, body))
        told = mapping(told.get("fulfillment")) or told  # REST answers wrap it, webhooks do not
        if topic in ORDER_TOPICS:
            order = mend_rounded(exact_id(told, "Order"), _header(headers, "Order-Id"))
            read_order(told, topic, order, draft, _header(headers, "Test").lower() == "true")
        elif topic in _PARTS:
            order = mend_rounded(number_id(told.get("order_id")), _header(headers, "Order-Id"))
            if order is None:
                raise Unreadable(f"'{topic}' names no order.", mend="Look at the stored webhook.")
            _PARTS[topic](told, order, draft)
        elif topic in ("products/create", "products/update"):
            _product(told, draft.context.shop_domain or _header(headers, "Shop-Domain"), draft)
        elif topic in _PRIVACY:
            _PRIVACY[topic](told, draft)
        elif not topic:
            draft.problem("The webhook has no X-Shopify-Topic header.")
        else:
            return Reading(
                ignored=f"Doorstep makes nothing of the topic '{word(topic)}'; the webhook is kept."
            )
        return draft.reading()


_PARTS = {
    "fulfillments/create": read_fulfilment,
    "fulfillments/update": read_fulfilment,
    "fulfillment_events/create": read_fulfilment_event,
    "refunds/create": read_refund,
}
_PRIVACY = {
    "customers/redact": read_redact,
    "customers/data_request": read_data_request,
    "shop/redact": read_shop_redact,
}


def _product(body: Mapping[str, Any], shop: str, draft: Draft) -> None:
    ref = exact_id(body, "Product")
    if ref is None:
        raise Unreadable("The product has no id.", mend="Look at the stored webhook.")
    code = currency(
        draft.context.currency
    )  # a product's price is in the shop's currency, which it does not name
    variants = items(body.get("variants"))
    handle = text(body.get("handle"), 255)
    plain = re.fullmatch(r"[\w-]+", handle) and _SHOP.fullmatch(shop)
    image = text(mapping(body.get("image")).get("src"), 2000)
    draft.products[ref] = ProductSighting(
        ref=ref,
        title=text(body.get("title")) or None,
        category=text(body.get("product_type")) or None,
        url=f"https://{shop}/products/{handle}" if plain else None,
        image_url=image if image.startswith("https://") else None,
        price_minor=minor(variants[0].get("price"), code) if variants else None,
        currency=code or None,
    )
