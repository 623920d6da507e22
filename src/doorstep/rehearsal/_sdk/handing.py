"""How values cross between a workflow and its activities: as payloads, through JSON, as on a server; but for those of
which somebody vouches that JSON gives them back as they were. Those are handed over, and written only for who reads
the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, get_args, get_origin

from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.converter import DataConverter, PayloadConverter

from doorstep.converter import Payloads

Vouched = Callable[[Any], Any]
"""A value as it comes out of its payload: itself where nobody can change it, else a copy. `NotImplemented`: only its
payload can tell."""


class Handed:
    """A value that is handed over as it is."""

    __slots__ = ("_converter", "copied", "value")

    def __init__(self, value: Any, converter: PayloadConverter, copied: Vouched | None = None) -> None:
        """`copied`: makes a copy of what could be changed, for each who takes it: whoever carries a workflow out once
        more, and an activity that is tried again, find it as it was."""
        self.value, self._converter, self.copied = value, converter, copied

    @property
    def message(self) -> Payload:
        """As it would have crossed."""
        return self._converter.to_payloads([self.value])[0]


Crossing = Payload | Handed


def given(values: Sequence[Any], converter: PayloadConverter, vouched: Vouched | None) -> Sequence[Crossing]:
    """Values on their way."""
    if vouched is not None and len(values) == 1:
        value = vouched(values[0])
        if value is not NotImplemented:
            return (Handed(value, converter, None if value is values[0] else vouched),)
    return converter.to_payloads(values)


def taken(
    crossing: Sequence[Crossing], types: list[Any] | None, converter: PayloadConverter
) -> Sequence[Any]:
    """Values that have arrived, as these types (None: as their JSON says)."""
    if len(crossing) == 1 and (value := as_it_is(crossing[0], types)) is not NotImplemented:
        return (value,)
    return converter.from_payloads([payload(one) for one in crossing], types)


def as_it_is(crossing: Crossing, types: list[Any] | None) -> Any:
    """The value that was handed over, if it is of the one type that is asked for; else `NotImplemented`."""
    if isinstance(crossing, Handed):
        value, type_ = crossing.value, types[0] if types else None
        if _fits(value, type_) if value is not None else type_ is not RawValue:
            return value if crossing.copied is None else crossing.copied(value)
    return NotImplemented


def _fits(value: Any, type_: Any) -> bool:
    """Whether it is of the kind that is declared; of a tuple or a list, what is in it too: JSON would make mappings of
    values where nothing is said of them."""
    kind = value.__class__
    if kind is not tuple and kind is not list:
        return type_ is kind
    try:
        each = _each(kind, type_)
    except TypeError:  # an annotation that cannot be hashed
        return False
    return each is not None and {*map(type, value)} <= {each}


@lru_cache(maxsize=256)
def _each(kind: type[Any], type_: Any) -> type[Any] | None:
    """`int` of `tuple[int, ...]` and of `list[int]`; None of what is no such tuple or list."""
    parts = get_args(type_) if get_origin(type_) is kind else ()
    if parts[1:] != ((Ellipsis,) if kind is tuple else ()) or not parts:
        return None
    return parts[0] if isinstance(parts[0], type) else None


def payload(crossing: Crossing) -> Payload:
    """What crosses, written."""
    return crossing.message if isinstance(crossing, Handed) else crossing


_OURS = Payloads()


def payloads(converter: DataConverter) -> PayloadConverter:
    """A converter's way with payloads. Ours without what the SDK puts around it, which asks each type whether it has
    a 'transfer type' to be encoded as: none of ours has."""
    return _OURS if converter.payload_converter_class is Payloads else converter.payload_converter


def decoded(
    converter: DataConverter, given: Sequence[Crossing], types: Sequence[Any] | None
) -> Sequence[Any]:
    """What crossed as values of these types (None: as their JSON says)."""
    hints = list(types) if types is not None and len(types) == len(given) else None
    return taken(given, hints, payloads(converter))
