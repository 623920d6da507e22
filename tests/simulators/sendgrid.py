"""SendGrid on loopback: `POST /v3/mail/send` as its reference describes it, and its signed Event Webhook."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from simulators.loopback import Answer, Asked, Loopback

RESERVED = frozenset(
    {"to", "from", "cc", "bcc", "subject", "reply-to", "content-type", "received", "dkim-signature"}
)
"""Headers that the API refuses (some of them)."""


@dataclass(frozen=True)
class Mail:
    """A message that was accepted."""

    id: str
    to: str
    body: Mapping[str, Any]

    @property
    def touch(self) -> str:
        return str(self.body["personalizations"][0].get("custom_args", {}).get("doorstep_touch", "")) or str(
            self.body.get("custom_args", {}).get("doorstep_touch", "")
        )

    @property
    def headers(self) -> dict[str, str]:
        return {**self.body.get("headers", {}), **self.body["personalizations"][0].get("headers", {})}

    def content(self, kind: str) -> str:
        return next((str(c["value"]) for c in self.body["content"] if c["type"] == kind), "")


class SendGrid(Loopback):
    """One account: its API key, the key its webhooks are signed with, and what it accepted."""

    def __init__(self, api_key: str = "SG.simulated", port: int = 0) -> None:
        super().__init__(port)
        self.api_key = api_key
        self.scopes = ["mail.send", "sender_verification_eligible"]
        self.accepted: list[Mail] = []
        self._private = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        """As the console shows it: base64 of the DER, one line."""
        der = self._private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode()

    # --- the API ----------------------------------------------------------------------------------

    def serve(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {self.api_key}":
            return problem(401, "The provided authorization grant is invalid, expired, or revoked", None)
        if (asked.method, asked.path) == ("GET", "/v3/scopes"):
            return Answer(200, {"scopes": list(self.scopes)}, {"Content-Type": "application/json"})
        if asked.path != "/v3/mail/send":
            return problem(404, "Not Found", None)
        try:
            body = json.loads(asked.body)
        except ValueError:
            return problem(400, "Bad Request", None)
        return self._wrong(body) or self._accept(body)

    def _wrong(self, body: dict[str, Any]) -> Answer | None:
        if not body.get("from", {}).get("email"):
            return problem(400, "The from email does not contain a valid address.", "from.email")
        to = body["personalizations"][0]["to"][0]["email"]
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", to):
            return problem(400, f"Does not contain a valid address: {to}", "personalizations.0.to.0.email")
        if not body.get("content") or not all(c.get("value") for c in body["content"]):
            return problem(
                400, "The content value must be a string at least one character in length.", "content.0.value"
            )
        named = {*body.get("headers", {}), *body["personalizations"][0].get("headers", {})}
        if taken := {n.lower() for n in named} & RESERVED:
            return problem(400, f"The header {taken} is reserved.", "headers")
        return None

    def _accept(self, body: dict[str, Any]) -> Answer:
        mail = Mail(uuid.uuid4().hex[:22], body["personalizations"][0]["to"][0]["email"], body)
        with self.lock:
            self.accepted.append(mail)
        self.accept(mail)
        return Answer(202, None, {"X-Message-Id": mail.id})

    def accept(self, mail: Mail) -> None:
        """Called with every message that was accepted, before that is answered."""

    # --- the Event Webhook --------------------------------------------------------------------------

    def event(self, mail: Mail, kind: str, at: float | None = None, **more: Any) -> dict[str, Any]:
        """One event of a message; custom arguments stand at its top, as SendGrid flattens them."""
        return {
            "email": mail.to,
            "timestamp": int(time.time() if at is None else at),
            "event": kind,
            "sg_event_id": uuid.uuid4().hex,
            "sg_message_id": f"{mail.id}.recvd-1-2-3",
            "smtp-id": f"<{mail.id}@geopod-ismtpd-1>",
            "doorstep_touch": mail.touch,
            **more,
        }

    def signed(self, body: bytes, at: int) -> dict[str, str]:
        """The headers of a delivery."""
        signature = self._private.sign(str(at).encode() + body, ec.ECDSA(hashes.SHA256()))
        return {
            "Content-Type": "application/json",
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": str(at),
        }

    def post(self, url: str, *events: Mapping[str, Any], at: float | None = None) -> httpx.Response:
        """Deliver a batch, as SendGrid spells it: one event a line, CR LF at the end."""
        body = batch(*events)
        return httpx.post(
            url,
            content=body,
            headers=self.signed(body, int(time.time() if at is None else at)),
            trust_env=False,
        )


def batch(*events: Mapping[str, Any]) -> bytes:
    return ("[" + ",\r\n".join(json.dumps(e) for e in events) + "]\r\n").encode()


def problem(status: int, message: str, field: str | None, **headers: str) -> Answer:
    """An error as the API words it."""
    return Answer(
        status,
        {"errors": [{"message": message, "field": field, "help": None}]},
        {"Content-Type": "application/json", **headers},
    )
