"""Money in the events of the signed API. What cannot be read of it is left out and noted: what it belongs to is news
that must not wait for its sum to be mended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorstep.errors import Unreadable
from doorstep.sources.draft import Draft
from doorstep.sources.values import MOST_MINOR, amount, currency

AMOUNTS = frozenset({("order.refunded", "amount_minor"), ("order.placed", "total_minor")})
#: a store's own events may mean something else by these words; an order without a currency is refused whole
CURRENCIES = frozenset({("order.refunded", "currency")})


def read_money(type_: str, said: Mapping[str, Any], draft: Draft, path: str) -> dict[str, Any]:
    """The `data` of an event as it goes on, with its currencies in capitals and without the money that cannot be read,
    each of which is noted."""
    data = dict(said)
    for name, value in said.items():
        if wrong := no_money(type_, name, value):
            draft.problem(f"{path}.data.{name}: {wrong}; left out.")
            del data[name]
        elif (type_, name) in CURRENCIES and value:
            data[name] = currency(value)
    return data


def is_money(type_: str, name: str) -> bool:
    """Whether that member of a type's `data` is an amount or a currency."""
    return (type_, name) in AMOUNTS or (type_, name) in CURRENCIES


def no_money(type_: str, name: str, value: Any) -> str:
    """Why that member of a type's `data` is no amount or no currency; empty where it is one, or means no money. An
    amount of nothing and an empty currency say that nothing was told."""
    if (type_, name) in AMOUNTS and isinstance(value, int) and amount(value) is None:
        return "out of range" if value > 0 else "no amount in minor units"
    if (type_, name) in CURRENCIES and isinstance(value, str) and value and not currency(value):
        return "no currency"
    return ""


def check_money(type_: str, name: str, value: Any) -> None:
    """That a member of a type's `data` which is money can be read as such. Raises `Unreadable`."""
    if wrong := no_money(type_, name, value):
        asked = (
            "three letters (ISO 4217), such as EUR"
            if (type_, name) in CURRENCIES
            else f"a whole number from 0 to {MOST_MINOR}"
        )
        raise Unreadable(f"'{type_}': data.{name} is {wrong}.", mend=f"Send {asked}.")
