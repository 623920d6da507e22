"""How values cross between a workflow and its activities: as payloads, through JSON, as on a server; but for those of
which somebody vouches that JSON gives them back as they were. Those are handed over, and written only for who reads
the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, PayloadConverter

from doorstep.converter import Payloads

Vouched = Callable[[Any], bool]
"""Whether a value comes out of its payload as it went in."""


class Handed:
    """A value that is handed over as it is."""

    __slots__ = ("_converter", "value")

    def __init__(self, value: Any, converter: PayloadConverter) -> None:
        self.value, self._converter = value, converter

    @property
    def message(self) -> Payload:
        """As it would have crossed."""
        return self._converter.to_payloads([self.value])[0]


Crossing = Payload | Handed


def given(values: Sequence[Any], converter: PayloadConverter, vouched: Vouched | None) -> Sequence[Crossing]:
    """Values on their way."""
    if vouched is not None and len(values) == 1 and vouched(values[0]):
        return (Handed(values[0], converter),)
    return converter.to_payloads(values)


def taken(
    crossing: Sequence[Crossing], types: list[Any] | None, converter: PayloadConverter
) -> Sequence[Any]:
    """Values that have arrived, as these types (None: as their JSON says)."""
    if len(crossing) == 1 and isinstance(held := crossing[0], Handed):
        value = held.value
        if value is None or (types and types[0] is value.__class__):
            return (value,)
    return converter.from_payloads([payload(one) for one in crossing], types)


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
