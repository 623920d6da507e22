"""Money in the events of the signed API. What cannot be read of it is left out and noted: what it belongs to is news
that must not wait for its sum to be mended."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from doorstep.errors import Unreadable
from doorstep.sources.draft import Draft
from doorstep.sources.values import MOST_MINOR, amount, currency, plain

AMOUNTS = frozenset({("order.refunded", "amount_minor"), ("order.placed", "total_minor")})
#: a store's own events may mean something else by these words; an order without a currency is refused whole
CURRENCIES = frozenset({("order.refunded", "currency")})


def within_reach(type_: str, data: Any) -> Any:
    """An event's `data` whose amounts can be kept: a number too great for that would refuse it whole, and stands as the
    least that is no amount."""
    if not isinstance(data, dict):
        return data
    return {name: _in_reach(v) if (type_, name) in AMOUNTS else v for name, v in data.items()}


def _in_reach(value: Any) -> Any:
    if not isinstance(value, int | Decimal):
        return value
    try:
        return plain(value)
    except ValueError:
        return MOST_MINOR + 1 if value > 0 else -1


def read_money(type_: str, said: Mapping[str, Any], draft: Draft, path: str) -> dict[str, Any]:
    """The `data` of an event as it goes on, with its currencies in capitals and without the money that was not told
    (null) or cannot be read, which is noted. A sum in what is no currency goes too: it is not in the order's."""
    wrong = {name: why for name, value in said.items() if (why := no_money(type_, name, value))}
    if any((type_, name) in CURRENCIES for name in wrong):
        sums = (name for name, value in said.items() if (type_, name) in AMOUNTS and value)
        wrong = {**dict.fromkeys(sums, "in no currency"), **wrong}
    for name, why in wrong.items():
        draft.problem(f"{path}.data.{name}: {why}; left out.")
    told = {
        name: v for name, v in said.items() if name not in wrong and not (v is None and is_money(type_, name))
    }
    return {name: currency(v) if (type_, name) in CURRENCIES else v for name, v in told.items()}


def is_money(type_: str, name: str) -> bool:
    """Whether that member of a type's `data` is an amount or a currency."""
    return (type_, name) in AMOUNTS or (type_, name) in CURRENCIES


def no_money(type_: str, name: str, value: Any) -> str:
    """Why that member of a type's `data` is no amount or no currency; empty where it is one, or means no money. Null,
    an amount of nothing and an empty currency say that nothing was told."""
    if value is None:
        return ""
    if (type_, name) in AMOUNTS and amount(_whole(value)) is None:
        too_much = isinstance(value, int | float) and value > MOST_MINOR
        return "out of range" if too_much else "no amount in minor units"
    if (type_, name) in CURRENCIES and value != "" and not currency(value):
        return "no currency"
    return ""


def _whole(value: Any) -> Any:
    """`5` for `5.0`, as the fields of events read it; a number in a text is none."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def check_money(type_: str, name: str, value: Any) -> None:
    """That a member of a type's `data` which is money can be read as such. Raises `Unreadable`."""
    if wrong := no_money(type_, name, value):
        asked = (
            "three letters (ISO 4217), such as EUR"
            if (type_, name) in CURRENCIES
            else f"a whole number from 0 to {MOST_MINOR}"
        )
        raise Unreadable(f"'{type_}': data.{name} is {wrong}.", mend=f"Send {asked}.")


def line_price(value: Any, draft: Draft, path: str) -> int:
    """Of one piece of a line, in minor units: less than nothing for what is taken off (a voucher, a discount). What is
    no such number is 0, as not told, and noted."""
    if isinstance(value, int) and value < 0 and amount(-value) is not None:
        return value
    return noted_amount(value, draft, path) or 0


def noted_amount(value: Any, draft: Draft, path: str) -> int | None:
    """The amount; None for what is none (less than nothing, a text), which is noted where anything was told."""
    found = amount(value)
    if found is None and value is not None:
        draft.problem(f"{path}: no amount in minor units; left out.")
    return found
