"""How values cross into Temporal: JSON by pydantic, sealed when a codec key is set, the same for client and worker,
made in this one place."""

from __future__ import annotations

import dataclasses
import functools

from pydantic import TypeAdapter
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter, pydantic_data_converter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)

from doorstep.codec import Codec, key_ring
from doorstep.settings import Settings, load_settings

_adapter_of = functools.lru_cache(maxsize=256)(TypeAdapter)


class _Json(PydanticJSONPlainPayloadConverter):
    """The SDK's, with one cache of type adapters per process. The SDK makes a converter per workflow run, and so
    built the adapter of the journey's input, some milliseconds, for every journey."""

    def __init__(self) -> None:
        super().__init__()
        self._type_adapter = _adapter_of


class Payloads(CompositePayloadConverter):
    """As the SDK's pydantic converter: JSON by pydantic, everything else as ever."""

    def __init__(self) -> None:
        json = _Json()
        others = DefaultPayloadConverter.default_encoding_payload_converters
        super().__init__(*(json if isinstance(c, JSONPlainPayloadConverter) else c for c in others))


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
