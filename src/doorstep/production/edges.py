"""What others reach of us, and whom we reach: the public address, every connection, every provider."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
from sqlalchemy import select

from doorstep.channels import configured, credentials
from doorstep.errors import ProviderError
from doorstep.models.base import Database
from doorstep.models.stores import ConnectionRow
from doorstep.models.tables import table
from doorstep.production.findings import Finding, Level
from doorstep.settings import Settings

SECONDS = 8.0
MOST = 50
"""Connections that are tried."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def webhooks(settings: Settings) -> list[Finding]:
    """The public address answers, and every enabled connection has a secret and refuses what is not signed."""
    base = settings.links_url
    findings = [_public(base)]
    try:
        answer = httpx.get(f"{base}/healthz", timeout=SECONDS)
    except httpx.HTTPError as error:
        mend = "Start `doorstep api`; see DNS, TLS and the proxy in front of it."
        return [
            *findings,
            Finding("api", Level.FAIL, f"{base} does not answer ({type(error).__name__})", mend),
        ]
    if not answer.is_success or answer.headers.get("content-type", "") != "application/json":
        mend = "The proxy must pass every path on to the API."
        return [*findings, Finding("api", Level.FAIL, f"{base}/healthz answers {answer.status_code}", mend)]
    findings.append(Finding("api", Level.OK, f"{base} answers"))
    connections = _connections(settings)
    if not connections:
        findings.append(Finding("webhooks", Level.WARN, "no store is connected", "Add a connection."))
    return [*findings, *(_refuses(settings, base, id_) for id_ in connections)]


def _public(base: str) -> Finding:
    name, parts = "public address", urlsplit(base)
    if (parts.hostname or "") in _LOOPBACK:
        mend = "Set DOORSTEP_PUBLIC_URL to where customers and providers reach the API."
        return Finding(name, Level.FAIL, f"links in messages would lead to {base}", mend)
    if parts.scheme != "https":
        return Finding(
            name,
            Level.WARN,
            f"{base} is not encrypted",
            "Put TLS in front, and https in DOORSTEP_PUBLIC_URL.",
        )
    return Finding(name, Level.OK, base)


def _connections(settings: Settings) -> list[str]:
    rows = table(ConnectionRow)
    opened = Database.of(settings, pool_size=1)
    try:
        with opened.reading() as connection:
            asked = select(rows.c.id).where(rows.c.disabled_at.is_(None)).order_by(rows.c.id).limit(MOST)
            return list(connection.execute(asked).scalars())
    finally:
        opened.dispose()


def _refuses(settings: Settings, base: str, id_: str) -> Finding:
    name = f"webhooks {id_}"
    if not settings.connection_secrets(id_):
        mend = "Set DOORSTEP_CONNECTION_SECRET_<ID>, or add it to the secrets file."
        return Finding(name, Level.FAIL, "has no secret here: everything it is sent is refused", mend)
    try:
        answer = httpx.post(f"{base}/webhooks/{id_}", content=b"{}", timeout=SECONDS)
    except httpx.HTTPError as error:
        return Finding(name, Level.FAIL, f"cannot be reached ({type(error).__name__})", "See the proxy.")
    if answer.status_code == 401:
        return Finding(name, Level.OK, "reached; what is not signed is refused")
    if answer.status_code == 429:
        return Finding(name, Level.WARN, "answers 429 just now", "Ask again in a minute.")
    mend = "The proxy must pass /webhooks/ on as it came, body and headers."
    return Finding(name, Level.FAIL, f"an unsigned webhook gets {answer.status_code}, not 401", mend)


def providers(settings: Settings) -> list[Finding]:
    """Whether each channel's provider takes our credentials, by a call that sends nothing. Raises `SetupError` for
    credentials that are half there."""
    return [_provider(settings, serving) for serving in configured.serving(settings)]


def _provider(settings: Settings, serving: configured.Serving) -> Finding:
    name = f"provider of {serving.channel.value}"
    if serving.missing:
        mend = f"Set {serving.missing} (or {serving.missing}_FILE) to send it."
        return Finding(name, Level.WARN, serving.sentence, mend)
    try:
        return Finding(name, Level.OK, credentials.check(settings, serving))
    except ProviderError as error:
        return Finding(name, Level.FAIL, error.what, error.mend)
