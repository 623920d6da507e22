"""Reading values out of JSON that somebody else wrote. Nothing here raises but `load_json`: what is not there
or not of its kind is None or empty, and the caller says whether that is a problem."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NoReturn

from babel.numbers import get_currency_precision

from doorstep.errors import NotJson

_MAX_INT = 2**63 - 1  # what a database column holds
MAX_ID = 128
"""Characters of an id."""
YEARS = range(2000, 2100)
"""In which an instant lies: a mistyped year would outrank every later event."""
MOST_MINOR = 10**14
"""Of an amount."""
_ID = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._:/#=-]{{0,{MAX_ID - 1}}}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9][\w./:-]{0,47}", re.ASCII)
_UNSAFE = re.compile("[\x00\ud800-\udfff]")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def load_json(body: bytes) -> Any:
    """The body as JSON; numbers with a fraction come as exact `Decimal`. Raises `NotJson`."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError, InvalidOperation):
        # The parser's own message quotes the body: it is dropped, `from None` too.
        raise NotJson("The body is not JSON.", mend="Send UTF-8 JSON.") from None


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; whatever else stands in it is left out."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def text(value: Any, limit: int = 500) -> str:
    """Text without surrounding blanks, cut at `limit`; empty if it is none. NUL and lone surrogates (JSON may
    escape both) go: no database takes them."""
    return _UNSAFE.sub("", value).strip()[:limit] if isinstance(value, str) else ""


def number_id(value: Any) -> str | None:
    """A numeric id as exact text, from an integer or its digits. A number with a fraction or exponent has lost
    digits on its way and is no id."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value) if 0 < value <= _MAX_INT else None
    digits = text(value, 40)
    return digits if digits.isascii() and digits.isdigit() and len(digits) <= 19 else None


def opaque_id(value: Any) -> str | None:
    """An id as text: letters, digits and `._:/#=-`, at most 128; numbers are taken too. No `@`, no blanks: an
    address used as an id would carry personal data everywhere."""
    if isinstance(value, int):
        return number_id(value)
    found = value if isinstance(value, str) else ""
    return found if _ID.fullmatch(found) else None


def word(value: Any) -> str:
    """A vendor's word fit for a problem's text or a log line: whatever is not short and plain is not shown."""
    found = value if isinstance(value, str) else ""
    return found if _WORD.fullmatch(found) else "(not a plain word)"


def count(value: Any) -> int | None:
    """A quantity from 0 to a million."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= 1_000_000 else None


def amount(value: Any) -> int | None:
    """An amount in minor units from 0 to `MOST_MINOR`."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value <= MOST_MINOR else None


def truth(value: Any) -> bool:
    """Only a real `true` is true."""
    return value is True


def instant(value: Any) -> datetime | None:
    """An ISO 8601 instant with an offset, in UTC (digits past microseconds are cut). None without an offset,
    or outside `YEARS`."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None or at.year not in YEARS:
            return None
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def stamp(at: datetime) -> str:
    """An instant as it goes into fact keys and `data`: UTC, ISO 8601 with `Z`; microseconds only if any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def currency(value: Any) -> str:
    """An ISO 4217 code in capitals, or empty. That it exists is not checked (Shopify's samples use XXX)."""
    code = text(value, 8).upper()
    return code if len(code) == 3 and code.isascii() and code.isalpha() else ""


@lru_cache(maxsize=256)
def digits_of(code: str) -> int:
    """Digits after the point of a currency (JPY 0, KWD 3), from CLDR, as messages print it; 2 if unknown."""
    return int(get_currency_precision(code))


def minor(value: Any, code: str) -> int | None:
    """An amount such as "199.00", 199 or 199.5 in minor units, half up; None if it is none, or has no
    currency. Never through a float."""
    if isinstance(value, bool) or not code:
        return None
    if not isinstance(value, str | int | Decimal) or (isinstance(value, str) and len(value) > 32):
        return None
    try:
        amount = Decimal(value)
        # Bounded before it is scaled: `1e999999` is a valid Decimal and a gigabyte of digits.
        if not amount.is_finite() or abs(amount) > Decimal("1e12"):
            return None
        return int(amount.scaleb(digits_of(code)).to_integral_value(rounding=ROUND_HALF_UP))
    except InvalidOperation:
        return None


def plain(value: Any) -> Any:
    """JSON values without `Decimal`: whole ones become int, others float. Raises `ValueError` for a number no
    float holds, and for integers no database does."""
    match value:
        case str():  # first, as the most of them are
            return _UNSAFE.sub("", value)
        case Decimal():
            if not value.is_finite() or abs(value) > Decimal("1e15"):
                raise ValueError("a number out of range")
            return int(value) if value == value.to_integral_value() else float(value)
        case bool():
            return value
        case int() if abs(value) > _MAX_INT:
            raise ValueError("a number out of range")
        case float() if not math.isfinite(value):
            raise ValueError("a number out of range")
        case list() | tuple():
            return [plain(v) for v in value]
        case dict():
            return {_UNSAFE.sub("", str(k)): plain(v) for k, v in value.items()}
    return value


def first[T](candidates: Iterable[T | None]) -> T | None:
    """The first that is there (and not empty)."""
    return next((c for c in candidates if c), None)


def web_url(value: Any) -> str:
    """An `http(s)` address without blanks or control characters, or empty. It goes into messages as a link:
    `javascript:` and its kind do not."""
    found = text(value, 2000)
    if not found.lower().startswith(("https://", "http://")):
        return ""
    return "" if any(c.isspace() or ord(c) < 32 or c in '"<>' for c in found) else found
