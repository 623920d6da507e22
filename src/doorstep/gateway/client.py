"""A client of the deployment's Temporal namespace: on this machine, in a cluster, or in Temporal Cloud.

The SDK's own environment configuration says how to reach a cluster (https://docs.temporal.io/develop/environment-
configuration): `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS`,
`TEMPORAL_TLS_SERVER_CA_CERT_PATH`, `TEMPORAL_TLS_CLIENT_CERT_PATH`, `…_KEY_PATH`, `TEMPORAL_TLS_SERVER_NAME`.
"""

from __future__ import annotations

from typing import Any

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime
from temporalio.service import GrpcCompression

from doorstep.converter import data_converter
from doorstep.errors import SetupError, Unavailable
from doorstep.settings import DEFAULT_NAMESPACE, Settings
from doorstep.telemetry import tracing

HOW = "See TEMPORAL_TLS_…, TEMPORAL_API_KEY and docs/operating.md."
_THIS_MACHINE = ("127.0.0.1:", "localhost:", "[::1]:")


async def connect(settings: Settings, *, lazy: bool = False, runtime: Runtime | None = None) -> Client:
    """A client as the settings say, else the SDK's variables. `lazy`: connects with the first call, so it succeeds
    with no server there. `runtime`: the SDK's, where its metrics are told. Raises `Unavailable`, and `SetupError` for
    certificates or codec keys that cannot be read."""
    config = connect_config(settings)
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


def connect_config(settings: Settings) -> dict[str, Any]:
    """What `Client.connect` is told; our own settings go before the SDK's. Where neither names an address it is the
    server of `doorstep up`, which knows no TLS and no key: variables of the shell that are meant for another cluster
    are left out. A server on this machine is spoken to without compression: the SDK packs every call by default, which
    took a tenth of our processor time and 4 % of the server's, and spared no network. Raises `SetupError`."""
    config = _told(settings)
    if str(config["target_host"]).startswith(_THIS_MACHINE):
        config["grpc_compression"] = GrpcCompression.NONE
    return config


def _told(settings: Settings) -> dict[str, Any]:
    try:
        config: dict[str, Any] = dict(ClientConfig.load_client_connect_config(disable_file=True))
    except (OSError, ValueError, RuntimeError) as error:
        raise SetupError(f"Temporal's TLS settings cannot be used: {error}.", mend=HOW) from error
    if not settings.temporal_address and not config.get("target_host"):
        return {"target_host": settings.temporal_target(), "namespace": settings.temporal_namespace}
    if settings.temporal_address:
        config["target_host"] = settings.temporal_address
    if settings.temporal_namespace != DEFAULT_NAMESPACE or not config.get("namespace"):
        config["namespace"] = settings.temporal_namespace
    return config
