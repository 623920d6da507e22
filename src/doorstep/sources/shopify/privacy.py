"""The three privacy topics that every Shopify app must answer.

Relied on (https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance): `customers/redact` and
`customers/data_request` name the customer under `customer`; `shop/redact` comes 48 hours after an app is removed and
names the shop only. An answer is owed within 30 days. No body carries a time: it happens as it is heard. The topic is
not signed, so each body must show by itself that it is what the topic says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from doorstep.domain.ids import digest
from doorstep.errors import Unreadable
from doorstep.sources import person as contact
from doorstep.sources.draft import Draft
from doorstep.sources.sightings import PersonSighting
from doorstep.sources.values import instant, mapping, number_id, text

_LOOK = "Look at the stored webhook."


def read_redact(body: Mapping[str, Any], draft: Draft) -> None:
    """`customers/redact`: the person is to be forgotten. Raises `Unreadable`."""
    if not text(body.get("shop_domain")) or "line_items" in body or "data_request" in body:
        raise Unreadable("This is no request for erasure.", mend=_LOOK)
    _about(body, draft, "customer.erased")


def read_data_request(body: Mapping[str, Any], draft: Draft) -> None:
    """`customers/data_request`: the person wants a copy of everything. Raises `Unreadable`."""
    if not text(body.get("shop_domain")) or "line_items" in body or "orders_to_redact" in body:
        raise Unreadable("This is no request for a person's data.", mend=_LOOK)
    _about(body, draft, "customer.data_requested")


def read_shop_redact(body: Mapping[str, Any], draft: Draft) -> None:
    """`shop/redact`: everybody whom this shop told us of is to be forgotten. Raises `Unreadable`."""
    shop = text(body.get("shop_domain")).lower()
    if not shop or set(body) & {"customer", "line_items", "orders_to_redact", "id"}:
        raise Unreadable("This is no request to forget a shop.", mend=_LOOK)
    if draft.context.shop_domain and shop != draft.context.shop_domain.lower():
        raise Unreadable("The request names another shop than this connection's.", mend=_LOOK)
    draft.shop_left = _at(body, draft)


def _about(body: Mapping[str, Any], draft: Draft, type_: str) -> None:
    person = _person(body, draft)
    key = f"{type_}:{digest(person.external_id) if person.external_id else draft.delivery}"
    if type_ == "customer.data_requested":  # asked again, it is another request
        key = f"{type_}:{draft.delivery}"
    draft.event(type_, key, _at(body, draft), person=person)


def _person(body: Mapping[str, Any], draft: Draft) -> PersonSighting:
    told = mapping(body.get("customer"))
    person = contact.person(
        external_id=number_id(told.get("id")),
        email=contact.email(told.get("email")),
        phone=contact.phone(told.get("phone"), draft.context.country),
    )
    if not person.identified:
        raise Unreadable("The request names no customer.", mend=_LOOK)
    return person


def _at(body: Mapping[str, Any], draft: Draft) -> datetime:
    return instant(body.get("triggered_at")) or draft.context.received_at
