"""Where a person's clock stands: the IANA zone from what is known of them, the surest word first.

Stated (by the person or the store's account page) → address → phone → the store's own zone. The address is
enough where its country has one zone, or its province is in `zone_tables`; a phone number where all numbers
of its prefix share a zone. Country data: `zone.tab` of the pinned `tzdata` package (1970-to-now, by country).
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

import phonenumbers
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from doorstep.domain.moments import zone as zone_info
from doorstep.errors import BadInput
from doorstep.sources.zone_tables import MAJORITY, PROVINCES


@lru_cache(maxsize=1)
def _countries() -> dict[str, tuple[str, ...]]:
    """ISO country → its zones, from zone.tab: `code <tab> coordinates <tab> zone [<tab> comment]`."""
    found: dict[str, tuple[str, ...]] = {}
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    for row in table.splitlines():
        if row and not row.startswith("#"):
            code, _, name = row.split("\t")[:3]
            found[code] = (*found.get(code, ()), name)
    return found


def known(name: str) -> str | None:
    """The name, if it is a zone (`Area/City` or UTC)."""
    if "/" not in name and name != "UTC":
        return None  # `EST`, `Factory`, `localtime`: not where anybody lives
    try:
        zone_info(name)
    except BadInput:
        return None
    return name


def from_address(country: str, province: str = "") -> str | None:
    """The zone of an ISO 3166 country and province (`KY`, `US-KY`); None where that does not settle it."""
    country = country.upper()
    province = province.upper().removeprefix(f"{country}-").replace(" ", "")
    provinces = PROVINCES.get(country, {})
    if province in provinces:
        return provinces[province]
    if country in MAJORITY:
        return MAJORITY[country]
    zones = _countries().get(country, ())
    return zones[0] if len(zones) == 1 else None


@lru_cache(maxsize=4096)
def from_phone(e164: str) -> str | None:
    """The zone of a number in E.164 where it is the only one possible. A mobile number moves with its owner:
    that is why an address goes before it."""
    try:
        zones = time_zones_for_number(phonenumbers.parse(e164))
    except phonenumbers.NumberParseException:
        return None
    return known(zones[0]) if len(zones) == 1 and zones[0] != UNKNOWN_TIMEZONE else None


def derive(
    *, stated: str | None = None, country: str = "", province: str = "", phone: str | None = None
) -> tuple[str | None, str]:
    """(zone, what it was derived from: `stated`, `address`, `phone`), or (None, "") when nothing says: the
    caller keeps what it knew, else takes the store's."""
    if stated and (zone := known(stated)):
        return zone, "stated"
    if country and (zone := from_address(country, province)):
        return zone, "address"
    if phone and (zone := from_phone(phone)):
        return zone, "phone"
    return None, ""


def derive_or_store(
    store_zone: str,
    *,
    stated: str | None = None,
    country: str = "",
    province: str = "",
    phone: str | None = None,
) -> str:
    """As `derive`, with the store's zone as the last word."""
    return derive(stated=stated, country=country, province=province, phone=phone)[0] or store_zone
