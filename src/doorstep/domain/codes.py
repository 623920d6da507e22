"""Codes that a person writes: of a zone, of a language and its customs, of a country. What comes from outside is not
asked here: an order from a place that we do not know is an order.

Zones by the pinned `tzdata`; languages and countries (ISO 3166) by CLDR, as Babel ships it.
"""

from __future__ import annotations

import zoneinfo
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.localedata import locale_identifiers

from doorstep.domain.moments import is_zone
from doorstep.errors import BadInput, nearest

_NO_COUNTRY = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})
"""Two letters that CLDR knows and nobody lives in."""
_SPOKEN = (
    "en",
    "de",
    "fr",
    "es",
    "it",
    "nl",
    "pl",
    "pt",
    "da",
    "sv",
    "nb",
    "fi",
    "cs",
    "hu",
    "ro",
    "tr",
    "ja",
)
"""Languages in which a country or a language is known by its name."""
_A_CODE = 3
"""The longest that is meant for a code; what is longer is a name."""


def zone_name(value: str) -> str:
    """The name itself, of a zone that there is. Raises `BadInput` offering the nearest."""
    if is_zone(value):
        return value
    raise no_zone(value)


def no_zone(value: str) -> BadInput:
    """The refusal of what is no zone, with the nearest that is."""
    near = nearest(value, zoneinfo.available_timezones() - {value})
    return BadInput(f"'{value}' is no time zone.{near}", mend="Give an IANA name such as Europe/Berlin.")


@lru_cache(maxsize=1024)
def locale_tag(value: str) -> str:
    """`de-DE` of `de_DE`. Raises `BadInput` offering the nearest."""
    try:
        Locale.parse(value.replace("-", "_"))
    except (ValueError, UnknownLocaleError) as error:
        named = _named("languages", value)
        near = nearest(value.replace("-", "_"), locale_identifiers()).replace("_", "-")
        near = f" Did you mean '{named}'?" if named else near
        raise BadInput(f"'{value}' is no locale.{near}", mend="Give one such as de-DE or en.") from error
    return value.replace("_", "-")


@lru_cache(maxsize=1024)
def country_code(value: str) -> str:
    """The two capital letters of a country's code. Raises `BadInput` that says the code of what is a country's name."""
    countries, code = _countries(), value.upper()
    if code in countries.values():
        return code
    raise BadInput(
        f"'{value}' is no country.{_nearest_country(value)}",
        mend="Give its two letters (ISO 3166), such as DE.",
    )


def _nearest_country(value: str) -> str:
    """By its English name, by another code of it (`USA`), or by how either is written."""
    countries, code = _countries(), value.upper()
    plain = {name.casefold(): known for name, known in countries.items()}
    others = {other: known[0] for other, known in get_global("territory_aliases").items() if len(known) == 1}
    if close := plain.get(value.casefold()) or others.get(code) or _named("territories", value):
        return f" Did you mean '{close}'?"
    if len(value) <= _A_CODE:
        return nearest(code, countries.values())
    name = nearest(value.casefold(), plain).partition("'")[2].rpartition("'")[0]
    return f" Did you mean '{plain[name]}'?" if name else ""


def _named(what: str, value: str) -> str:
    """The code of a country or a language by its name, in whatever language it was written; empty for no name. Only
    what is refused is looked up: each language is read from a file."""
    for spoken in _SPOKEN:
        for code, name in getattr(Locale(spoken), what).items():
            if name.casefold() == value.casefold() and len(code) <= _A_CODE and code.isalpha():
                return str(code)
    return ""


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    named = Locale("en").territories
    return {name: code for code, name in named.items() if len(code) == 2 and code not in _NO_COUNTRY}
