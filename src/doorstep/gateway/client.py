"""A client of the deployment's Temporal namespace."""

from __future__ import annotations

from typing import Any

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime

from doorstep.converter import data_converter
from doorstep.errors import Unavailable
from doorstep.settings import Settings
from doorstep.telemetry import tracing


async def connect(settings: Settings, *, lazy: bool = False, runtime: Runtime | None = None) -> Client:
    """Address, TLS and API key come from the settings, else from the SDK's own `TEMPORAL_*` variables. `lazy`:
    connects with the first call, so it succeeds with no server there. `runtime`: the SDK's, where its metrics are
    told. Raises `Unavailable`, and `SetupError` for codec keys that cannot be read."""
    config: dict[str, Any] = dict(ClientConfig.load_client_connect_config(disable_file=True))
    if settings.temporal_address or not config.get("target_host"):
        config["target_host"] = settings.temporal_target()
    config["namespace"] = config.get("namespace") or settings.temporal_namespace
    try:
        return await Client.connect(
            data_converter=data_converter(settings),
            lazy=lazy,
            runtime=runtime,
            interceptors=tracing.interceptors(),
            **config,
        )
    except (RuntimeError, OSError) as error:
        raise Unavailable(
            "Temporal cannot be reached.", mend="`doorstep doctor` says what is missing."
        ) from error
