"""Shopify-shaped webhooks of an invented store, and signed-API events of the same: the tests' own data, used
where the recorded payloads (others' data, never copied here) are absent or too few."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

from doorstep.sources.base import Reading, SourceContext
from doorstep.sources.shopify import Shopify
from doorstep.sources.signed import Signed

RECEIVED = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CONTEXT = SourceContext(connection_id="con_1", store_id="sto_1", received_at=RECEIVED)
ORDER = "5900000000000000123"  # above 2^53: a float would lose its last digits


def line(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{number}",
        "product_id": 7000 + number,
        "title": f"Teapot {number}",
        "sku": f"TEA-{number}",
        "quantity": 2,
        "current_quantity": 2,
        "price": "19.90",
        "requires_shipping": True,
    } | more


def order(**more: Any) -> dict[str, Any]:
    return {
        "id": int(ORDER),
        "admin_graphql_api_id": f"gid://shopify/Order/{ORDER}",
        "name": "#1001",
        "currency": "EUR",
        "total_price": "79.60",
        "created_at": "2026-03-01T10:00:00+01:00",
        "processed_at": "2026-03-01T10:00:00+01:00",
        "updated_at": "2026-03-01T10:00:05+01:00",
        "cancelled_at": None,
        "cancel_reason": None,
        "email": "Ada@Example.com",
        "phone": None,
        "customer_locale": "de",
        "buyer_accepts_marketing": False,
        "customer": {
            "id": 4711,
            "admin_graphql_api_id": "gid://shopify/Customer/4711",
            "email": "ada@example.com",
            "first_name": "Ada",
            "last_name": "Muster",
            "email_marketing_consent": {
                "state": "subscribed",
                "consent_updated_at": "2026-02-01T08:00:00Z",
            },
            "sms_marketing_consent": None,
        },
        "shipping_address": {
            "first_name": "Ada",
            "last_name": "Muster",
            "address1": "Musterweg 1",
            "city": "Berlin",
            "zip": "10115",
            "country_code": "DE",
            "province_code": None,
            "phone": "030 901820",
        },
        "line_items": [line(1), line(2)],
        "fulfillments": [],
        "refunds": [],
    } | more


def fulfilment(number: int = 31, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Fulfillment/{number}",
        "order_id": int(ORDER),
        "status": "success",
        "shipment_status": None,
        "created_at": "2026-03-02T09:00:00+01:00",
        "updated_at": "2026-03-02T09:00:01+01:00",
        "tracking_company": "DHL",
        "tracking_number": "00340000000000000001",
        "tracking_url": "https://carrier.example/00340000000000000001",
        "line_items": [line(1), line(2)],
    } | more


def scan(status: str, at: str = "2026-03-02T18:00:00+01:00", **more: Any) -> dict[str, Any]:
    return {
        "id": 900,
        "fulfillment_id": 31,
        "order_id": int(ORDER),
        "status": status,
        "happened_at": at,
        "estimated_delivery_at": None,
    } | more


def refund(**more: Any) -> dict[str, Any]:
    return {
        "id": 55,
        "admin_graphql_api_id": "gid://shopify/Refund/55",
        "order_id": int(ORDER),
        "created_at": "2026-03-05T09:00:00+01:00",
        "processed_at": "2026-03-05T09:00:00+01:00",
        "refund_line_items": [
            {
                "id": 1,
                "line_item_id": 1,
                "quantity": 1,
                "subtotal": 16.72,
                "total_tax": 3.18,
                "line_item": line(1),
            }
        ],
        "transactions": [{"kind": "refund", "status": "success", "amount": "19.90", "currency": "EUR"}],
    } | more


def read(
    topic: str, body: Any, webhook: str = "wh-1", context: SourceContext = CONTEXT, **headers: str
) -> Reading:
    """As the endpoint would: the body as bytes under its headers."""
    told = {"X-Shopify-Topic": topic, "X-Shopify-Webhook-Id": webhook, **headers}
    return Shopify().read(told, json.dumps(body).encode(), context)


SIGNED_ORDER: dict[str, Any] = {
    "type": "order.placed",
    "id": "evt-placed",
    "occurred_at": "2026-03-01T09:00:00Z",
    "order": ORDER,
    "person": {"id": "4711", "email": "Ada@Example.com", "first_name": "Ada"},
    "data": {
        "number": "#1001",
        "currency": "EUR",
        "total_minor": 7960,
        "locale": "de",
        "lines": [
            {"id": "1", "product": "7001", "title": "Teapot 1", "quantity": 2, "price_minor": 1990},
            {"id": "2", "product": "7002", "title": "Teapot 2", "quantity": 2, "price_minor": 1990},
        ],
        "shipping_address": {"city": "Berlin", "zip": "10115", "country": "DE"},
        "consents": [{"channel": "email", "granted": True, "at": "2026-02-01T08:00:00Z"}],
    },
}


def signed_event(type_: str = "review.submitted", **more: Any) -> dict[str, Any]:
    return {
        "type": type_,
        "id": "evt-1",
        "occurred_at": "2026-03-02T11:00:00Z",
        "order": ORDER,
        "data": {"rating": 5},
    } | more


def read_signed(body: Any, webhook: str = "msg_1", context: SourceContext = CONTEXT) -> Reading:
    headers = {"webhook-id": webhook, "webhook-timestamp": str(int(RECEIVED.timestamp()))}
    return Signed().read(headers, json.dumps(copy.deepcopy(body)).encode(), context)
