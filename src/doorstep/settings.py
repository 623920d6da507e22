"""Settings, read from `DOORSTEP_*` variables at the edges only (CLI, worker, API), then passed on as a value.

Everything has a default that works on one machine. A wrong value is a `SetupError` that names the variable,
what was given and what is allowed; an unknown `DOORSTEP_` variable is a warning that names the nearest known one.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from doorstep.errors import SecretsUnreadable, SetupError, nearest
from doorstep.private_reading import read_private, read_secrets
from doorstep.private_writing import write_private
from doorstep.setting_kinds import (
    ADDRESS,
    BYTES,
    COUNT,
    DATABASE,
    DAYS,
    FORMAT,
    HOST,
    LEVEL,
    MAILBOX,
    NAME,
    NICENESS,
    ORIGINS,
    PACE,
    PACKAGES,
    PATH,
    PORT,
    RATE,
    SECONDS,
    URL,
    YES_OR_NO,
    Kind,
)

PREFIX = "DOORSTEP_"
SECRET_PREFIX = "DOORSTEP_CONNECTION_SECRET_"  # noqa: S105 - a variable's name, not a secret
RUNNING_FILE = "running.json"
DEFAULT_TEMPORAL_PORT = 7233
DEFAULT_NAMESPACE = "default"
DEFAULT_UI_PORT = 8233

# Read elsewhere, before or beside these settings.
OTHER_KNOWN = (
    *("DOORSTEP_CACHE", "DOORSTEP_PYTHON", "DOORSTEP_TEMPORAL_CLI"),
    *("DOORSTEP_SECRET_KEY", "DOORSTEP_CODEC_KEYS"),
)


def _setting(default: Any, kind: Kind) -> Any:
    return field(
        default=default, metadata={"kind": kind}, repr=kind is not DATABASE
    )  # it may hold a password


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One deployment's settings. Instants are elsewhere; these are names, places and limits."""

    data_dir: Path = _setting(Path(".doorstep"), PATH)  # where everything of an embedded installation lives
    database_url: str = _setting("", DATABASE)  # empty in the constructor: a SQLite file in data_dir
    database_pool: int = _setting(20, COUNT)  # connections a process keeps; up to twice as many in a rush
    database_statement_seconds: float = _setting(15.0, SECONDS)  # PostgreSQL ends what takes longer; 0: never
    database_lock_seconds: float = _setting(10.0, SECONDS)  # … and what waits longer for a lock
    database_idle_seconds: float = _setting(
        30.0, SECONDS
    )  # … and a transaction that does nothing for so long
    database_connect_seconds: float = _setting(5.0, SECONDS)  # for a new connection to the database
    database_wait_seconds: float = _setting(10.0, SECONDS)  # for a free one, when all are in use
    temporal_address: str | None = _setting(None, ADDRESS)  # None: the embedded server that `up` starts
    temporal_namespace: str = _setting(DEFAULT_NAMESPACE, NAME)
    temporal_port: int = _setting(DEFAULT_TEMPORAL_PORT, PORT)  # of the embedded server, if it is free
    ui_port: int = _setting(DEFAULT_UI_PORT, PORT)  # of its web UI, if it is free
    task_queue: str = _setting("doorstep", NAME)
    host: str = _setting("127.0.0.1", HOST)
    port: int = _setting(8080, PORT)
    public_url: str | None = _setting(
        None, URL
    )  # where customers and providers reach the API; None: base_url
    mail_from: str | None = _setting(None, MAILBOX)  # sender of mail; None: the store's own support address
    sendgrid_url: str = _setting("https://api.sendgrid.com", URL)  # EU: https://api.eu.sendgrid.com
    twilio_url: str = _setting("https://api.twilio.com", URL)
    email_per_second: float = _setting(0.0, PACE)  # all workers together; 0: as fast as it comes
    sms_per_second: float = _setting(0.0, PACE)
    store_packages: tuple[str, ...] = _setting(
        (), PACKAGES
    )  # imported at start: journeys, templates, routing
    secret_file: Path | None = _setting(None, PATH)  # the installation's own key; None: data_dir/secret.key
    secrets_file: Path | None = _setting(None, PATH)  # connection id → secrets; None: data_dir/secrets.json
    codec_keys_file: Path | None = _setting(None, PATH)  # keys that seal payloads; None: data_dir/codec.keys
    settle_seconds: float = _setting(2.0, SECONDS)  # how long a journey lets events gather before it acts
    metrics_open: bool = _setting(False, YES_OR_NO)  # whether /metrics needs no key from this machine
    worker_metrics: str | None = _setting(None, ADDRESS)  # where a worker answers /metrics; None: nowhere
    outbox_open: bool = _setting(False, YES_OR_NO)  # whether /outbox needs no key from this machine
    max_body_bytes: int = _setting(1024 * 1024, BYTES)  # of one webhook; larger is answered 413
    log_level: str = _setting("INFO", LEVEL)
    log_format: str = _setting("auto", FORMAT)  # auto: pretty on a terminal, JSON elsewhere
    worker_concurrency: int = _setting(20, COUNT)  # activities at once in one worker
    worker_niceness: int = _setting(0, NICENESS)  # how far a worker stands back for others on its machine
    worker_cache: int = _setting(
        1000, COUNT
    )  # journeys a worker keeps in memory; the rest replay when they wake
    ui_origins: tuple[str, ...] = _setting((), ORIGINS)  # Temporal UIs whose pages may ask the codec server
    rate_keys: int = _setting(6_000, RATE)  # requests a minute of one API key
    rate_wrong: int = _setting(30, RATE)  # wrong keys or signatures a minute from one address
    rate_webhooks: int = _setting(120_000, RATE)  # signed webhooks a minute of one connection
    rate_pages: int = _setting(120, RATE)  # a minute with one customer's link
    keep_raw_days: int = _setting(120, DAYS)  # webhooks' bodies; longer if an open journey may need them
    keep_outbox_days: int = _setting(120, DAYS)  # messages in the local outbox
    keep_events_days: int = _setting(180, DAYS)  # delivered events; never shorter than the bodies
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        data = self.data_dir.expanduser().absolute()
        object.__setattr__(self, "data_dir", data)
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{data / 'doorstep.db'}")
        if self.secret_file is None:
            object.__setattr__(self, "secret_file", data / "secret.key")
        if self.secrets_file is None:
            object.__setattr__(self, "secrets_file", data / "secrets.json")
        if self.codec_keys_file is None:
            object.__setattr__(self, "codec_keys_file", data / "codec.keys")

    @property
    def base_url(self) -> str:
        """Where the API answers, as seen from this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def links_url(self) -> str:
        """Where customers and providers reach the API: the base of links in messages and of callbacks."""
        return (self.public_url or self.base_url).rstrip("/")

    def provider_secret(self, name: str) -> str:
        """A provider's secret under its vendor's own name (`SENDGRID_API_KEY`): that variable, or else the file
        that `<name>_FILE` names; empty when neither is set. Raises `SecretsUnreadable`, too when it is not there."""
        if given := os.environ.get(name, "").strip():
            return given
        file = os.environ.get(f"{name}_FILE", "").strip()
        if not file:
            return ""
        kept = read_private(Path(file))
        if kept is None:
            raise SecretsUnreadable(f"{name}_FILE names {file}, which is not there.", mend="Mend the path.")
        return kept.strip()

    def temporal_target(self) -> str:
        """`host:port` of the Temporal server to use: the named one, else the embedded one that runs or would run."""
        if self.temporal_address:
            return self.temporal_address
        try:
            running = json.loads((self.data_dir / RUNNING_FILE).read_text())
            return str(running["temporal"])
        except (OSError, ValueError, KeyError, TypeError):
            return f"127.0.0.1:{self.temporal_port}"

    def connection_secrets(self, connection: str) -> tuple[str, ...]:
        """The webhook secrets of one connection, newest first; empty when none are configured.

        `DOORSTEP_CONNECTION_SECRET_<ID>` (id in upper case, other characters as `_`; several separated by commas)
        goes before the file. Read anew on every call, so that a rotated secret needs no restart. Raises
        `SecretsUnreadable` for a file that cannot be used."""
        if given := os.environ.get(self.secret_variable(connection)):
            return tuple(part.strip() for part in given.split(",") if part.strip())
        kept = self._secrets().get(connection, ())
        return (kept,) if isinstance(kept, str) else tuple(str(secret) for secret in kept)

    @staticmethod
    def secret_variable(connection: str) -> str:
        """The variable that may hold a connection's secrets."""
        return SECRET_PREFIX + re.sub(r"[^A-Z0-9]", "_", connection.upper())

    def keep_connection_secret(self, connection: str, secret: str) -> None:
        """Adds a secret in front of a connection's others in `secrets_file`, readable by its owner only. Raises
        `SetupError` where that cannot be read or written."""
        held = self._secrets()
        others = [other for other in self.connection_secrets(connection) if other != secret]
        held[connection] = [secret, *others]
        assert self.secrets_file is not None
        try:
            write_private(self.secrets_file, json.dumps(held, indent=1, sort_keys=True))
        except OSError as error:  # mounted to be read only, as docker-compose.yml has it
            mend = f"Write the secret there yourself, or set {self.secret_variable(connection)}."
            raise SetupError(
                f"{self.secrets_file} cannot be written: {error.strerror}.", mend=mend
            ) from error

    def secret_key(self) -> bytes:
        """This installation's own key (keyed hashes, signed links): `DOORSTEP_SECRET_KEY`, else made once in a file.
        Raises `SecretsUnreadable`."""
        if given := os.environ.get("DOORSTEP_SECRET_KEY"):
            return given.encode()
        assert self.secret_file is not None
        kept = read_private(self.secret_file)
        if kept is None:
            write_private(self.secret_file, secrets.token_hex(32), keep_existing=True)
            kept = read_private(self.secret_file)  # the first writer's, which may be another process
        assert kept is not None
        return kept.strip().encode()

    def codec_keys(self) -> str:
        """The keys that seal payloads in Temporal, as `codec.read_keys` takes them: `DOORSTEP_CODEC_KEYS`, then
        those of `codec_keys_file`; empty when none is set. Read anew on every call. Raises `SecretsUnreadable`."""
        assert self.codec_keys_file is not None
        kept = read_private(self.codec_keys_file) or ""
        return "\n".join(part for part in (os.environ.get("DOORSTEP_CODEC_KEYS", ""), kept) if part)

    def check_files(self) -> None:
        """Reads every file of secrets that is there, so that one that cannot be read is said at the start and not with
        the first webhook. Raises `SecretsUnreadable`."""
        self._secrets()
        self.codec_keys()
        if not os.environ.get("DOORSTEP_SECRET_KEY") and self.secret_file is not None:
            read_private(self.secret_file)

    def _secrets(self) -> dict[str, Any]:
        assert self.secrets_file is not None
        return read_secrets(self.secrets_file)


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Reads `DOORSTEP_*`; `overrides` (already of the right type) go before them. Raises SetupError."""
    env = os.environ if environ is None else environ
    kinds = {item.name: item.metadata["kind"] for item in fields(Settings) if "kind" in item.metadata}
    values: dict[str, Any] = {}
    for name, kind in kinds.items():
        variable = PREFIX + name.upper()
        given = env.get(variable, "").strip()
        if not given or name in overrides:
            continue
        try:
            values[name] = kind.parse(given)
        except ValueError as error:
            # a database's URL may hold its password
            told = f"'{given.partition(':')[0][:20]}:…'" if kind is DATABASE else repr(given)
            raise SetupError(f"{variable} is {told}.", mend=f"Allowed: {kind.allowed}.") from (
                None if kind is DATABASE else error
            )
    return Settings(**{**values, **overrides}, warnings=_unknown(env, kinds))


def _unknown(env: Mapping[str, str], kinds: Mapping[str, Kind]) -> tuple[str, ...]:
    known = {PREFIX + name.upper() for name in kinds} | set(OTHER_KNOWN)
    strange = sorted(
        name
        for name in env
        if name.startswith(PREFIX) and name not in known and not name.startswith(SECRET_PREFIX)
    )
    return tuple(
        f"{name} is set but is no setting of Doorstep's; ignored.{nearest(name, known)}" for name in strange
    )
