"""How values cross into Temporal: JSON by pydantic, sealed when a codec key is set, the same for client and worker,
made in this one place."""

from __future__ import annotations

import dataclasses

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes

from doorstep.codec import Codec, key_ring
from doorstep.settings import Settings, load_settings


def data_converter(settings: Settings | None = None) -> DataConverter:
    """The converter of every client; without `settings` that of the environment. A client and a worker with
    different keys cannot read each other. Failures' messages and stack traces are sealed like payloads.

    The codec is always there, so that a payload sealed elsewhere says which key is missing. Raises `SetupError` for
    keys that cannot be read.
    """
    ring = key_ring(settings or load_settings())
    sealed = dataclasses.replace(pydantic_data_converter, payload_codec=Codec(ring))
    if ring.newest is None:
        return sealed
    return dataclasses.replace(sealed, failure_converter_class=DefaultFailureConverterWithEncodedAttributes)
