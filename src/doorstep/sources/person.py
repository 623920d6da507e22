"""A person's contact data in one spelling each."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import phonenumbers

from doorstep.domain.values import replace
from doorstep.sources import zones
from doorstep.sources.sightings import Address, PersonSighting
from doorstep.sources.values import text

#: form only, not existence: one @, a dotted domain, no blanks or brackets (headers are built from it later)
_EMAIL = re.compile(
    r"[^@\s<>\"(),;:\\\[\]\x00-\x1f\x7f]{1,64}@[^@\s<>\"(),;:\\\[\]\x00-\x1f\x7f.]+(\.[^@\s<>\"(),;:\\\[\].\x00-\x1f\x7f]+)+"
)
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}", re.ASCII)


def email(value: Any) -> str | None:
    """An address in lower case, or None if it cannot be one. Lower-casing the local part is wrong by the
    letter of RFC 5321 and right in practice: nobody's two customers differ by it."""
    found = text(value, 320).lower()
    return found if len(found) <= 254 and _EMAIL.fullmatch(found) else None


def phone(value: Any, country: str = "") -> str | None:
    """A number in E.164, or None. `country` (ISO) reads national ones; without it only `+…` is understood.

    Shopify's sample number is "555-555-SHIP": read as letters on keys it would be +1 555 555 7447, which no
    carrier has; `is_valid_number` refuses it. Letters are refused outright all the same, since a vanity number
    that *is* valid (1-800-FLOWERS) is a shop's, not a customer's.
    """
    found = text(value, 40)
    if not found or any(c.isalpha() for c in found):
        return None
    return _e164(found, country.upper())


@lru_cache(maxsize=4096)  # an order's webhooks repeat its numbers
def _e164(found: str, country: str) -> str | None:
    try:
        number = phonenumbers.parse(found, country or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def country_code(value: Any) -> str:
    """An ISO 3166-1 alpha-2 code in capitals, or empty."""
    code = text(value, 8).upper()
    return code if len(code) == 2 and code.isascii() and code.isalpha() else ""


def locale(value: Any) -> str:
    """A language tag as given, or empty."""
    found = text(value, 35)
    return found if _LOCALE.fullmatch(found) else ""


def person(
    *,
    external_id: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    first_name: str = "",
    last_name: str = "",
    locale: str = "",
    stated_zone: str | None = None,
    address: Address | None = None,
) -> PersonSighting:
    """A sighting with its zone derived. All values already normalised by the functions above."""
    where = address or Address()
    zone, derived_from = zones.derive(
        stated=stated_zone, country=where.country, province=where.province, phone=phone
    )
    return PersonSighting(
        external_id=external_id,
        email=email,
        phone=phone,
        first_name=first_name,
        last_name=last_name,
        locale=locale,
        zone=zone,
        zone_from=derived_from,
    )


def at_address(sighting: PersonSighting, address: Address) -> PersonSighting:
    """The same person, whose zone an address now settles better than a phone number did."""
    zone, derived_from = zones.derive(country=address.country, province=address.province)
    return replace(sighting, zone=zone, zone_from=derived_from) if zone else sighting
