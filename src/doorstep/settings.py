"""Settings, read from `DOORSTEP_*` variables at the edges only (CLI, worker, API), then passed on as a value.

Everything has a default that works on one machine. A wrong value is a `SetupError` that names the variable,
what was given and what is allowed; an unknown `DOORSTEP_` variable is a warning that names the nearest known one.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from doorstep.errors import SetupError, nearest

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


@dataclass(frozen=True)
class Kind:
    """How one setting is read: `parse` raises ValueError on what is not `allowed`."""

    parse: Callable[[str], Any]
    allowed: str


def _between(low: float, high: float, number: Callable[[str], Any]) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        value = number(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return parse


def _matching(pattern: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(text)
        return text

    return parse


def _packages(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    if not all(all(piece.isidentifier() for piece in name.split(".")) for name in names):
        raise ValueError(text)
    return names


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


PORT = Kind(_between(1, 65535, int), "a port from 1 to 65535")
ADDRESS = Kind(_matching(r"[^\s/:]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}"), "host:port, without a scheme")
DATABASE = Kind(_matching(r"(sqlite|postgresql(\+psycopg)?)://\S+"), "sqlite:///path or postgresql://…")
NAME = Kind(_matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"), "letters, digits, dots, dashes; at most 100")
URL = Kind(
    _matching(r"https://[^\s?#@]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?(/[^\s?#@]*)?"),
    "https://…, or http:// on this machine",
)
MAILBOX = Kind(_matching(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+"), "an email address")
HOST = Kind(_matching(r"[A-Za-z0-9.:-]+"), "an address or host name to listen on")
PATH = Kind(_path, "a path")
LEVEL = Kind(
    lambda text: _matching("DEBUG|INFO|WARNING|ERROR")(text.upper()), "DEBUG, INFO, WARNING or ERROR"
)
YES_OR_NO = Kind(lambda text: _matching("[01]")(text) == "1", "1 or 0")
FORMAT = Kind(_matching("auto|json|pretty"), "auto, json or pretty")
SECONDS = Kind(_between(0.0, 3600.0, float), "seconds, from 0 to 3600")
BYTES = Kind(_between(1024, 64 * 1024 * 1024, int), "bytes, from 1024 to 67108864")
DAYS = Kind(_between(1, 36_500, int), "whole days, from 1 to 36500")
COUNT = Kind(_between(1, 10_000, int), "a whole number from 1 to 10000")
ORIGINS = Kind(
    lambda text: tuple(_matching(r"https?://[^/\s]+")(part.strip()) for part in text.split(",")),
    "origins like https://temporal.example, separated by commas",
)
RATE = Kind(_between(0, 10_000_000, int), "so many a minute, up to 10000000; 0 for no limit")
PACE = Kind(
    _between(0, 10_000, float), "so many messages a second, up to 10000 (0.5: one in two); 0 for no limit"
)
PACKAGES = Kind(_packages, "importable package names, separated by commas")


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
        that `<name>_FILE` names; empty when neither is set. Raises `SetupError` for a file that cannot be read."""
        if given := os.environ.get(name, "").strip():
            return given
        file = os.environ.get(f"{name}_FILE", "").strip()
        if not file:
            return ""
        try:
            return Path(file).read_text().strip()
        except (OSError, ValueError) as error:
            raise SetupError(
                f"{name}_FILE names {file}, which cannot be read ({type(error).__name__}).",
                mend="Mend the path or its permissions.",
            ) from error

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
        goes before the file. Read anew on every call, so that a rotated secret needs no restart.
        """
        if given := os.environ.get(self.secret_variable(connection)):
            return tuple(part.strip() for part in given.split(",") if part.strip())
        kept = self._secrets().get(connection, ())
        return (kept,) if isinstance(kept, str) else tuple(str(secret) for secret in kept)

    @staticmethod
    def secret_variable(connection: str) -> str:
        """The variable that may hold a connection's secrets."""
        return SECRET_PREFIX + re.sub(r"[^A-Z0-9]", "_", connection.upper())

    def keep_connection_secret(self, connection: str, secret: str) -> None:
        """Adds a secret in front of a connection's others in `secrets_file`, readable by its owner only."""
        held = self._secrets()
        others = [other for other in self.connection_secrets(connection) if other != secret]
        held[connection] = [secret, *others]
        assert self.secrets_file is not None
        write_private(self.secrets_file, json.dumps(held, indent=1, sort_keys=True))

    def secret_key(self) -> bytes:
        """This installation's own key (keyed hashes, signed links): `DOORSTEP_SECRET_KEY`, else made once in a file."""
        if given := os.environ.get("DOORSTEP_SECRET_KEY"):
            return given.encode()
        assert self.secret_file is not None
        if not self.secret_file.exists():
            write_private(self.secret_file, secrets.token_hex(32), keep_existing=True)
        return self.secret_file.read_text().strip().encode()

    def codec_keys(self) -> str:
        """The keys that seal payloads in Temporal, as `codec.read_keys` takes them: `DOORSTEP_CODEC_KEYS`, then
        those of `codec_keys_file`; empty when none is set. Read anew on every call."""
        assert self.codec_keys_file is not None
        try:
            kept = self.codec_keys_file.read_text()
        except FileNotFoundError:
            kept = ""
        return "\n".join(part for part in (os.environ.get("DOORSTEP_CODEC_KEYS", ""), kept) if part)

    def _secrets(self) -> dict[str, Any]:
        assert self.secrets_file is not None
        try:
            held = json.loads(self.secrets_file.read_text())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise SetupError(
                f"{self.secrets_file} is not JSON: {error}.", mend="Mend or remove it."
            ) from error
        if not isinstance(held, dict):
            raise SetupError(
                f"{self.secrets_file} does not map connections to secrets.",
                mend='Like {"shop": ["whsec_…"]}.',
            )
        return held


def write_private(path: Path, text: str, *, keep_existing: bool = False) -> None:
    """Writes a file that only its owner can read, whole or not at all. `keep_existing`: the first writer wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    if not keep_existing:
        partial.replace(path)
        return
    try:
        os.link(partial, path)  # fails when another process was first, and then its key is the key
    except FileExistsError:
        pass
    finally:
        partial.unlink()


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
