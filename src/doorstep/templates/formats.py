"""Filters: money, days and plurals in the reader's conventions; addresses made safe.

Words and numbers agree. A text is formatted in *its own* language with the conventions of the reader's
country: an English text to `de_DE` says "Tuesday, 12 May" and "1.234,50 €", never "Dienstag" mid-sentence;
a German variant of the template says "Dienstag, 12. Mai". Source: CLDR, as shipped with Babel.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import DateTimePattern, match_skeleton, parse_pattern
from babel.numbers import format_currency, get_currency_precision
from jinja2 import Undefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from doorstep.domain.moments import zone
from doorstep.errors import TemplateError

_CURRENCY = re.compile(r"[A-Z]{3}")
_NAME_IS_NO_NAME = re.compile(r"[:/@<>{}\[\]\\$€£%\d]|www\.|\.\w{2,}|\n|\r")


@lru_cache(maxsize=512)
def formatting_locale(tag: str, language: str) -> Locale:
    """The locale that writes `language` by the customs of the country in `tag` (`de`, `en-GB`, `pt_BR`).
    An unreadable tag or a pair CLDR does not know falls back to international English, or the language."""
    try:
        reader = Locale.parse(tag.replace("-", "_"))
        territory = reader.territory or _likely_territory(reader.language)
    except (ValueError, UnknownLocaleError):
        reader, territory = None, None
    if reader is not None and reader.language == language and reader.territory:
        return reader
    for candidate in (f"{language}_{territory or ''}", _neutral(language)):
        try:
            return Locale.parse(candidate)
        except (ValueError, UnknownLocaleError):
            continue
    return Locale.parse("en_001")


def language_of(tag: str) -> str:
    """The language of a locale's tag: `de` of `de-AT` and of `DE_de`."""
    return tag.replace("_", "-").split("-", 1)[0].lower()


def _neutral(language: str) -> str:
    return "en_001" if language == "en" else language


def _likely_territory(language: str) -> str | None:
    likely: str | None = get_global("likely_subtags").get(language)
    return likely.rsplit("_", 1)[-1] if likely and "_" in likely else None


def money(minor: Any, currency: Any, locale: Locale) -> str:
    """`1050` of `EUR` as `€10.50`. `TemplateError` when it is no whole number of minor units of a currency."""
    if isinstance(minor, bool) or not isinstance(minor, int):
        raise TemplateError("An amount of money is not a whole number of minor units.")
    if not isinstance(currency, str) or not is_currency(currency):
        raise TemplateError("A currency is not three capital letters (ISO 4217).")
    return _money(minor, currency, locale)


def is_currency(code: str) -> bool:
    """Whether an amount can be written in it: three capital letters (ISO 4217)."""
    return _CURRENCY.fullmatch(code) is not None


@lru_cache(maxsize=16384)
def _money(minor: int, currency: str, locale: Locale) -> str:
    digits = get_currency_precision(currency)
    return str(format_currency(Decimal(minor).scaleb(-digits), currency, locale=locale))


def instant(value: Any) -> datetime:
    """An aware instant from itself or from ISO 8601 text with an offset."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise TemplateError("A moment is not an instant with an offset.")
    return at


@lru_cache(maxsize=256)
def _weekday_pattern(locale: Locale) -> DateTimePattern:
    skeletons = locale.datetime_skeletons
    name = next((s for s in ("MMMMEEEEd", "MMMEEEEd", "MMMMEd", "MMMEd") if s in skeletons), None)
    name = name or match_skeleton("MMMEd", skeletons)
    pattern = str(skeletons[name].pattern) if name else "EEEE, d MMMM"
    return parse_pattern(re.sub(r"(?<!M)MMM(?!M)", "MMMM", re.sub(r"[Ec]+", "EEEE", pattern)))


@lru_cache(maxsize=4096)
def _day(local: date, locale: Locale) -> str:
    return _formatted(_weekday_pattern(locale), local, locale)


def day(value: datetime | str, zone_name: str, locale: Locale) -> str:
    """The local date in words, without a year: `Tuesday, May 12`."""
    return _day(instant(value).astimezone(zone(zone_name)).date(), locale)


@lru_cache(maxsize=4096)
def _full_date(local: date, locale: Locale) -> str:
    return _formatted(locale.date_formats["long"], local, locale)


def full_date(value: datetime | str, zone_name: str, locale: Locale) -> str:
    """The local date with its year: `12 May 2026`."""
    return _full_date(instant(value).astimezone(zone(zone_name)).date(), locale)


def clock(value: datetime | str, zone_name: str, locale: Locale) -> str:
    """The local time of day: `14:30`."""
    return _formatted(locale.time_formats["short"], instant(value).astimezone(zone(zone_name)), locale)


def _formatted(pattern: DateTimePattern, at: date | datetime, locale: Locale) -> str:
    return str(pattern.apply(at, locale))


def plural(count: int, locale: Locale, one: str, other: str, **forms: str) -> str:
    """The form of the locale's plural rule for `count`; further categories (`few=`, `many=`) by name."""
    return {"one": one, "other": other, **forms}.get(locale.plural_form(count), other)


def there(value: Any) -> None:
    """Raises for what is not in the content, with its name: nothing may take it for what is empty."""
    if isinstance(value, Undefined):
        str(value)  # a strict undefined raises here


def spoken(name: Any) -> str:
    """A first name fit for a greeting, else `""`. People are greeted by what is typed into a checkout form:
    an address or a prize put there would make us the carrier of someone's advertisement."""
    if not isinstance(name, str):
        there(name)
        return ""
    name = " ".join(name.split())
    return "" if len(name) > 40 or _NAME_IS_NO_NAME.search(name) else name


def href(url: Any) -> str:
    """The address if a mail program may open it, else `""`: no `javascript:`, nothing with spaces or quotes."""
    if not isinstance(url, str):
        there(url)
        return ""
    return url if re.fullmatch(r"(?:https?://|mailto:)[^\s\"'<>`\\]+", url) else ""


def short(title: str) -> str:
    """A product's title as one would say it: without what stands behind a comma, dash, bar or bracket."""
    there(title)
    said = re.split(r",\s|\s[-–—|/(]", title, maxsplit=1)[0].strip()
    return said if len(said) > 3 else title


def names_any(category: str, words: list[str]) -> bool:
    """Whether a shop's category contains one of the words."""
    said = category.lower()
    return any(word in said for word in words)


def with_query(url: str, **values: Any) -> str:
    """The address with query parameters added; values are plain words and numbers of our own."""
    added = "&".join(f"{name}={value}" for name, value in values.items())
    base, hash_, fragment = url.partition("#")
    return f"{base}{'&' if '?' in base else '?'}{added}{hash_}{fragment}"


def _localized(function: Callable[..., str], *, zoned: bool) -> Callable[..., str]:
    """The function as a filter that takes zone and locale from what is being rendered."""

    @pass_context
    def filter_(context: Context, value: Any, *args: Any, **kwargs: Any) -> str:
        there(value)
        local = context["local"]
        if zoned:
            return function(value, local.zone, local.locale, *args, **kwargs)
        return function(value, *args, local.locale, **kwargs)

    return filter_


def _plural_filter(context: Context, count: int, one: str, other: str, **forms: str) -> str:
    there(count)
    return plural(count, context["local"].locale, one, other, **forms)


def _oneline(value: Any) -> Any:
    """Whitespace collapsed, markup kept as markup."""
    text = " ".join(value.split())
    return Markup(text) if isinstance(value, Markup) else text  # noqa: S704 - it was markup before


FILTERS: dict[str, Callable[..., Any]] = {
    "money": _localized(money, zoned=False),
    "day": _localized(day, zoned=True),
    "date": _localized(full_date, zoned=True),
    "clock": _localized(clock, zoned=True),
    "plural": pass_context(_plural_filter),
    "spoken": spoken,
    "href": href,
    "short": short,
    "names_any": names_any,
    "with_query": with_query,
    "oneline": _oneline,
}
