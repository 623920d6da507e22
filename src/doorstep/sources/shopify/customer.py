"""Who ordered, where it goes, and what they agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from doorstep.domain.messages import Channel
from doorstep.sources import person as contact
from doorstep.sources.draft import Draft
from doorstep.sources.shopify.words import CONSENT_STATES, exact_id
from doorstep.sources.sightings import Address, ConsentSighting, PersonSighting
from doorstep.sources.values import first, instant, mapping, text, truth, word


def address(value: Any, country: str = "") -> Address:
    """A Shopify address. `country_code` and `province_code` are codes, `country` and `province` names."""
    found = mapping(value)
    code = contact.country_code(found.get("country_code"))
    return Address(
        name=text(found.get("name"))
        or f"{text(found.get('first_name'))} {text(found.get('last_name'))}".strip(),
        company=text(found.get("company")),
        address1=text(found.get("address1")),
        address2=text(found.get("address2")),
        city=text(found.get("city")),
        zip=text(found.get("zip"), 32),
        province=text(found.get("province_code"), 16).upper(),
        country=code,
        phone=contact.phone(found.get("phone"), code or country),
    )


def person_of(order: Mapping[str, Any], store_country: str) -> PersonSighting:
    """Who placed the order. The order's own contact goes before the account's (they differ in Shopify's
    samples: jon@ wrote on the order, john@ is the account's). The billing address' number goes before the
    shipping address': a present is shipped to somebody else."""
    customer = mapping(order.get("customer"))
    shipping = address(order.get("shipping_address"), store_country)
    billing = address(order.get("billing_address"), store_country)
    home = address(customer.get("default_address"), store_country)
    country = shipping.country or billing.country or home.country or store_country
    named = first(
        (m.get("first_name") or m.get("last_name")) and m
        for m in (customer, mapping(order.get("billing_address")), mapping(order.get("shipping_address")))
    )
    named = mapping(named)
    return contact.person(
        external_id=exact_id(customer, "Customer"),
        email=first(
            contact.email(v) for v in (order.get("email"), order.get("contact_email"), customer.get("email"))
        ),
        phone=first(
            (
                contact.phone(order.get("phone"), country),
                contact.phone(customer.get("phone"), country),
                billing.phone,
                home.phone,
                shipping.phone,
            )
        ),
        first_name=text(named.get("first_name")),
        last_name=text(named.get("last_name")),
        locale=contact.locale(order.get("customer_locale")),
        address=next((a for a in (shipping, home, billing) if a.country), None),
    )


def consents(order: Mapping[str, Any], person: PersonSighting, draft: Draft, placed_at: datetime) -> None:
    """What the customer agreed to, with when. `buyer_accepts_marketing` (deprecated) counts only where the body
    has no `email_marketing_consent` at all; the two contradict each other in Shopify's own samples."""
    if not person.identified:
        return
    customer = mapping(order.get("customer"))
    for channel, key in (
        (Channel.EMAIL, "email_marketing_consent"),
        (Channel.SMS, "sms_marketing_consent"),
    ):
        told = mapping(customer.get(key))
        state = told.get("state")
        if state is None:
            continue
        if not isinstance(state, str) or state not in CONSENT_STATES:
            draft.problem(f"customer.{key}.state: '{word(state)}' is no state that Doorstep knows.")
            continue
        granted = CONSENT_STATES[state]
        if granted is not None:
            at = instant(told.get("consent_updated_at"))
            _note(draft, person, channel, granted, at or placed_at, standing=at is None)
    if "email_marketing_consent" not in customer and truth(order.get("buyer_accepts_marketing")):
        _note(draft, person, Channel.EMAIL, True, placed_at, standing=True)


def _note(
    draft: Draft, person: PersonSighting, channel: Channel, granted: bool, at: datetime, *, standing: bool
) -> None:
    draft.consents.append(
        ConsentSighting(
            person=person, channel=channel, granted=granted, at=at, source="shopify", standing=standing
        )
    )
