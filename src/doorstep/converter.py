"""How values cross into Temporal: JSON by pydantic, sealed when a codec key is set, the same for client and worker,
made in this one place."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from types import NoneType
from typing import Any, ClassVar, Self

from google.protobuf.message import Message
from pydantic import TypeAdapter
from pydantic_core import to_json
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter, pydantic_data_converter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
    SerializationContext,
)

from doorstep.codec import Codec, key_ring
from doorstep.settings import Settings, load_settings

_JSON, _NULL = b"json/plain", b"binary/null"
_EMPTY, _NOTHING = Payload(metadata={"encoding": _JSON}), Payload(metadata={"encoding": _NULL})
_adapter_of = functools.lru_cache(maxsize=256)(TypeAdapter)


@functools.lru_cache(maxsize=256)
def _reader_of(hint: type | None) -> Callable[[bytes], Any]:
    adapter: TypeAdapter[Any] = _adapter_of(Any if hint is None else hint)
    return adapter.validator.validate_json


@functools.lru_cache(maxsize=256)
def _is_json(cls: type) -> bool:
    """Whether values of that class are none of those that the SDK encodes in another way."""
    return not issubclass(cls, NoneType | bytes | RawValue | Message)


class _Json(PydanticJSONPlainPayloadConverter):
    """The SDK's, with one cache of type adapters per process. Made per workflow run, it built the adapter of the
    journey's input, some milliseconds, for every journey."""

    def __init__(self) -> None:
        super().__init__()
        self._type_adapter = _adapter_of

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        try:
            read = _reader_of(type_hint)
        except TypeError:  # a hint that cannot be hashed
            return super().from_payload(payload, type_hint)
        return read(payload.data)

    def to_payload(self, value: Any) -> Payload:
        made = Payload()
        made.CopyFrom(_EMPTY)
        made.data = to_json(value)
        return made


_json = _Json()
_PARTS = tuple(
    _json if isinstance(part, JSONPlainPayloadConverter) else part
    for part in DefaultPayloadConverter.default_encoding_payload_converters
)


class Payloads(CompositePayloadConverter):
    """As the SDK's pydantic converter: JSON by pydantic, everything else as ever. What is JSON is known by its type
    and by its encoding, without asking each converter in turn.

    The SDK makes two for each activation of a workflow, and more for its payloads. None of the parts keeps anything
    of a run, so all share them."""

    _shared: ClassVar = {part.encoding.encode(): part for part in _PARTS}

    def __init__(self) -> None:
        self.converters = self._shared

    def with_context(self, context: SerializationContext) -> Self:
        """Itself: no part asks whose payload it is."""
        return self

    def to_payloads(self, values: Sequence[Any]) -> list[Payload]:
        """As the SDK's."""
        if len(values) == 1:
            value = values[0]
            if value is None:
                nothing = Payload()
                nothing.CopyFrom(_NOTHING)
                return [nothing]
            if _is_json(value.__class__):
                return [_json.to_payload(value)]
        return super().to_payloads(values)

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """As the SDK's."""
        if len(payloads) == 1 and (not type_hints or len(type_hints) == 1):
            payload, hint = payloads[0], type_hints[0] if type_hints else None
            encoding = payload.metadata.get("encoding")
            if hint is RawValue:
                return [RawValue(payload)]
            if encoding == _JSON:
                return [_json.from_payload(payload, hint)]
            if encoding == _NULL and not payload.data:
                return [None]
        return super().from_payloads(payloads, type_hints)


#: values that never leave the process (a rehearsal's): neither sealed nor dependent on settings
IN_PROCESS = dataclasses.replace(pydantic_data_converter, payload_converter_class=Payloads)


def data_converter(settings: Settings | None = None) -> DataConverter:
    """The converter of every client; without `settings` that of the environment. A client and a worker with
    different keys cannot read each other. Failures' messages and stack traces are sealed like payloads.

    The codec is always there, so that a payload sealed elsewhere says which key is missing. Raises `SetupError` for
    keys that cannot be read.
    """
    ring = key_ring(settings or load_settings())
    sealed = dataclasses.replace(IN_PROCESS, payload_codec=Codec(ring))
    if ring.newest is None:
        return sealed
    return dataclasses.replace(sealed, failure_converter_class=DefaultFailureConverterWithEncodedAttributes)
