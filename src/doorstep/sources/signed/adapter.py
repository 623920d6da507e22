"""Standard Webhooks 1.0 (https://www.standardwebhooks.com, spec/standard-webhooks.md), incoming.

The body is one event, or `{"events": [...]}` with up to `MAX_EVENTS` of them, each kept or refused by itself.
`sources/schema.py` publishes the exact shape; `signed/events.py` says what each part means.

Signatures are made by the `standardwebhooks` library (1.1). Its own `verify` is not used, because it reads the
machine's clock, raises bare `ValueError` for a signature entry without a comma and for a body that is not UTF-8,
and takes one secret; what it signs is compared here instead.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from doorstep.errors import SetupError, SignatureInvalid, Unreadable
from doorstep.sources.base import Headers, Reading, SourceContext, digest_id, header
from doorstep.sources.draft import Draft
from doorstep.sources.signed.events import read_event
from doorstep.sources.values import load_json, opaque_id

TOLERANCE = timedelta(minutes=5)
"""How far a signed timestamp may be from our clock, both ways (the specification's recommendation)."""
MAX_EVENTS = 1000
_SECONDS = re.compile(r"[1-9][0-9]{0,10}", re.ASCII)
_MAX_SIGNATURES = 32


def secret_from(key: bytes) -> str:
    """A `whsec_…` secret of these 24–64 random bytes. Raises `SetupError` for another length."""
    if not 24 <= len(key) <= 64:
        raise SetupError(
            "A webhook secret has 24 to 64 bytes.", mend="Draw 32 with `secrets.token_bytes(32)`."
        )
    return f"whsec_{base64.b64encode(key).decode()}"


def signed_headers(secret: str, webhook_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers that sign a UTF-8 body. `at` is aware."""
    at = at.astimezone(UTC).replace(microsecond=0)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(webhook_id, at, body.decode()),
    }


class Signed:
    """The `Source` of our own event API."""

    name = "signed"

    def verify(self, headers: Headers, body: bytes, secrets: Sequence[str], received_at: datetime) -> None:
        """Raises `SignatureInvalid`: a header missing, the timestamp more than `TOLERANCE` from `received_at`,
        or no `v1` signature that one of the secrets made. `v1a` (ed25519) is not accepted."""
        webhook_id = header(headers, "webhook-id")
        signatures = header(headers, "webhook-signature")
        at = _timestamp(headers)
        if not webhook_id or not signatures or at is None:
            raise SignatureInvalid(
                "webhook-id, webhook-timestamp or webhook-signature is missing or malformed.",
                mend="Sign as Standard Webhooks 1.0 says.",
            )
        if abs(received_at - at) > TOLERANCE:
            raise SignatureInvalid(
                f"webhook-timestamp is more than {TOLERANCE.seconds // 60} minutes from our clock.",
                mend="Sign each attempt anew, and check the sender's clock.",
            )
        if not _fits(webhook_id, at, signatures, body, secrets):
            raise SignatureInvalid(
                "No signature in webhook-signature fits the body.",
                mend="Sign `id.timestamp.body` over the raw bytes with the connection's whsec_ secret.",
            )

    def delivery_id(self, headers: Headers, body: bytes) -> str:
        given = header(headers, "webhook-id")
        return opaque_id(given) or digest_id("webhook-id", given.encode("utf-8", "replace") or body)

    def topic(self, headers: Headers) -> str:
        """Empty: the types stand in the body."""
        return ""

    def read(self, headers: Headers, body: bytes, context: SourceContext) -> Reading:
        """Raises `NotJson`, or `Unreadable` when it is neither an event nor a batch. An event that cannot be
        read is a problem of the reading; the others of its batch go on."""
        told = load_json(body)
        draft = Draft(context=context, delivery=self.delivery_id(headers, body))
        default_at = _timestamp(headers) or context.received_at
        batch = _batch(told)
        by_id: dict[str, Any] = {}
        for n, one in enumerate(batch):
            path = f"events[{n}]" if "events" in told else "event"
            if not isinstance(one, dict):
                draft.problem(f"{path}: no JSON object.")
                continue
            given = opaque_id(one.get("id"))
            if given is not None and given in by_id:
                if by_id[given] != one:
                    draft.problem(f"{path}.id: another event of this batch has it.")
                continue
            if given is not None:
                by_id[given] = one
            read_event(one, draft, default_at, path)
        return draft.reading()


def _batch(told: Any) -> list[Any]:
    if not isinstance(told, dict):
        raise Unreadable(
            "The body is no JSON object.", mend='Send one event, or {"events": [...]} with several.'
        )
    if "events" not in told:
        return [told]
    events = told["events"]
    if not isinstance(events, list) or not events:
        raise Unreadable("'events' is no list of events.", mend="Send at least one.")
    if len(events) > MAX_EVENTS:
        raise Unreadable(f"A batch holds at most {MAX_EVENTS} events.", mend="Send them in several.")
    return events


def _timestamp(headers: Headers) -> datetime | None:
    seconds = header(headers, "webhook-timestamp")
    return datetime.fromtimestamp(int(seconds), UTC) if _SECONDS.fullmatch(seconds) else None


def _fits(webhook_id: str, at: datetime, signatures: str, body: bytes, secrets: Sequence[str]) -> bool:
    given = [s.encode("utf-8", "replace") for s in signatures.split()[:_MAX_SIGNATURES]]
    fits = False
    for secret in secrets:
        try:
            expected = Webhook(secret).sign(webhook_id, at, body.decode()).encode()
        except (ValueError, EmptyWebhookSecretError, RuntimeError):
            continue  # a secret that is no base64, or a body that is no text: signed by nobody
        for signature in given:
            fits |= hmac.compare_digest(expected, signature)
    return fits
