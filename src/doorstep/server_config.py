"""The configuration files of the embedded Temporal server and its web UI, written by us, all on loopback.

JSON is valid YAML, so the standard library writes them. Settings that are ours, with what breaks without them:
- where histories are kept, and how: `server_stores`.
- `history.timerProcessorMaxTimeShift: 20ms`: with the default of 1 s every skipped timer costs a real second.
- `history.timerProcessorMaxPollRPS`: a shard looks for due timers 20 times a second by default, and on SQLite there is
  one shard: with 48 busy journeys timers of 0.3 s came 4 to 12 s late.
- time skipping is off unless asked for: it is for tests, and a journey in use must not be able to lose its days.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from doorstep import processes
from doorstep.server_stores import SQLITE_PRAGMAS, Stores

LOOPBACK = processes.LOOPBACK


@dataclass(frozen=True)
class Ports:
    """The loopback ports of one embedded server. gRPC and membership per service."""

    frontend: int
    frontend_membership: int
    http: int
    history: int
    history_membership: int
    matching: int
    matching_membership: int
    worker: int
    worker_membership: int
    ui: int

    @classmethod
    def pick(cls, *, frontend: int | None = None, ui: int | None = None) -> Ports:
        """Free ports; `frontend` and `ui` as given (whoever gives them has looked)."""
        names = [item.name for item in fields(cls)]
        free = dict(zip(names, processes.free_ports(len(names)), strict=True))
        given = {name: port for name, port in (("frontend", frontend), ("ui", ui)) if port}
        return cls(**{**free, **given})


def dynamic_config(*, time_skipping: bool) -> dict[str, Any]:
    """The server's dynamic configuration, as `{key: value}`."""
    values: dict[str, Any] = {
        "history.timerProcessorMaxTimeShift": "20ms",
        "history.timerProcessorMaxPollRPS": 1_000,
        # one machine, one user: what limits it is the disk, not a quota that is answered with errors
        "frontend.namespaceRPS": 20_000,
        "frontend.namespaceRPS.visibility": 1_000,
        "frontend.persistenceMaxQPS": 20_000,
        "history.persistenceMaxQPS": 20_000,
        "matching.persistenceMaxQPS": 20_000,
        # a journey that cannot go on is marked as stuck at its second failed task; five would be a minute later
        "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": 2,
        # a namespace that was just registered, or given a longer retention, is usable at once
        "system.namespaceCacheRefreshInterval": "500ms",
    }
    if time_skipping:
        values["frontend.WorkflowTimeSkippingEnabled"] = True
    return values


def write_server_config(folder: Path, ports: Ports, *, stores: Stores, time_skipping: bool) -> Path:
    """Writes `server.yaml` and `dynamic.yaml` into `folder`; returns the former's path."""
    folder.mkdir(parents=True, exist_ok=True)
    dynamic = folder / "dynamic.yaml"
    values = dynamic_config(time_skipping=time_skipping)
    _write(dynamic, {key: [{"value": value, "constraints": {}}] for key, value in values.items()})
    config = {
        "log": {"stdout": True, "level": "warn"},
        "persistence": {
            "defaultStore": "default",
            "visibilityStore": "visibility",
            "numHistoryShards": stores.shards,
            "datastores": dict(stores.datastores()),
        },
        "global": {"membership": {"maxJoinDuration": "30s", "broadcastAddress": LOOPBACK}},
        "services": {
            "frontend": _service(ports.frontend, ports.frontend_membership, httpPort=ports.http),
            "history": _service(ports.history, ports.history_membership),
            "matching": _service(ports.matching, ports.matching_membership),
            "worker": _service(ports.worker, ports.worker_membership),
        },
        "clusterMetadata": {
            "enableGlobalNamespace": False,
            "failoverVersionIncrement": 10,
            "masterClusterName": "active",
            "currentClusterName": "active",
            "clusterInformation": {
                "active": {
                    "enabled": True,
                    "initialFailoverVersion": 1,
                    "rpcName": "frontend",
                    "rpcAddress": f"{LOOPBACK}:{ports.frontend}",
                    "httpAddress": f"{LOOPBACK}:{ports.http}",
                }
            },
        },
        "dcRedirectionPolicy": {"policy": "noop"},
        "archival": {"history": {"state": "disabled"}, "visibility": {"state": "disabled"}},
        "dynamicConfigClient": {"filepath": str(dynamic), "pollInterval": "10s"},
    }
    return _write(folder / "server.yaml", config)


def write_ui_config(folder: Path, ports: Ports, *, namespace: str, codec: str = "") -> Path:
    """Writes the web UI's `doorstep.yaml` into a folder of its own; returns that folder. `codec`: where sealed
    payloads are opened for it; it sends the cookie that `/codec` gives."""
    config: dict[str, Any] = {
        "temporalGrpcAddress": f"{LOOPBACK}:{ports.frontend}",
        "host": LOOPBACK,
        "port": ports.ui,
        "enableUi": True,
        "defaultNamespace": namespace,
        "disableNewsFetch": True,  # nothing here calls out unasked
        "hideLogs": True,
        "cors": {"allowOrigins": [f"http://{LOOPBACK}:{ports.ui}"]},
    }
    if codec:
        config["codec"] = {"endpoint": codec, "passAccessToken": False, "includeCredentials": True}
    own = folder / "ui"
    own.mkdir(parents=True, exist_ok=True)
    _write(own / "doorstep.yaml", config)
    return own


def server_command(binary: Path, config: Path) -> list[str]:
    """The official server. No authorizer: it listens on loopback only."""
    return [str(binary), "--config-file", str(config), "--allow-no-auth", "start"]


def ui_command(binary: Path, folder: Path) -> list[str]:
    """The official web UI."""
    return [str(binary), "--root", str(folder.parent), "--config", folder.name, "--env", "doorstep", "start"]


def cli_command(
    binary: Path, ports: Ports, *, database: Path, namespace: str, time_skipping: bool, ui: bool
) -> list[str]:
    """The same server (and UI) out of the `temporal` CLI, settings as flags."""
    dynamic = dynamic_config(time_skipping=time_skipping)
    values = (f"{key}={json.dumps(value)}" for key, value in dynamic.items())
    return [
        *(str(binary), "server", "start-dev", "--ip", LOOPBACK, "--port", str(ports.frontend)),
        *(("--ui-port", str(ports.ui)) if ui else ("--headless",)),
        *("--db-filename", str(database), "--namespace", namespace, "--log-level", "warn"),
        *(
            part
            for name, set_to in SQLITE_PRAGMAS.items()
            for part in ("--sqlite-pragma", f"{name}={set_to}")
        ),
        *(part for value in values for part in ("--dynamic-config-value", value)),
    ]


def _service(port: int, membership: int, **more: Any) -> dict[str, Any]:
    return {"rpc": {"grpcPort": port, "membershipPort": membership, "bindOnIP": LOOPBACK, **more}}


def _write(path: Path, content: dict[str, Any]) -> Path:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=2))
    partial.replace(path)
    return path
