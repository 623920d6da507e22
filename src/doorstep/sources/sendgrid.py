"""SendGrid's Event Webhook: what became of every message.

A JSON array of events, signed with ECDSA over P-256 and SHA-256: base64 in `X-Twilio-Email-Event-Webhook-Signature`, of
`X-Twilio-Email-Event-Webhook-Timestamp` and the raw body, CR LF and all. The key is the connection's secret, as the
console shows it (base64 of the DER). Relied on: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events,
pages `event` and `getting-started-event-webhook-security-features`.

Oddities: custom arguments stand flattened among SendGrid's own fields; one `timestamp` may serve a whole batch, so
nothing rests on its order; batches overlap and repeat, so each event counts once by its `sg_event_id`; `reason` and
`response` quote addresses and travel nowhere; a bounce without `type` is a hard one.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from doorstep.domain.customers import SuppressionCause
from doorstep.domain.ids import digest
from doorstep.domain.messages import Channel
from doorstep.domain.reports import ReportKind
from doorstep.errors import SignatureInvalid, Unreadable
from doorstep.sources import person as contact
from doorstep.sources.base import Headers, Reading, SourceContext, digest_id, header
from doorstep.sources.heard import ReportSighting
from doorstep.sources.values import load_json, text, word

NAME = "sendgrid"
SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
TOUCH_ARG = "doorstep_touch"
"""As `channels/sendgrid.py` sends it."""
LATE, EARLY = timedelta(hours=25), timedelta(minutes=5)
"""How old and how far ahead a signed timestamp may be. SendGrid tries a batch again for 24 hours, and does not say that
it signs it anew: a narrower limit could lose every report of an outage. A replay changes nothing: events count once."""
MAX_EVENTS = 10_000

#: SendGrid's word → ours, and what it does to the address
WORDS: Mapping[str, tuple[ReportKind, SuppressionCause | None]] = {
    "processed": (ReportKind.ACCEPTED, None),
    "deferred": (ReportKind.DELAYED, None),
    "delivered": (ReportKind.DELIVERED, None),
    "open": (ReportKind.OPENED, None),
    "click": (ReportKind.CLICKED, None),
    "bounce": (ReportKind.BOUNCED, SuppressionCause.BOUNCE),
    "blocked": (
        ReportKind.UNDELIVERED,
        None,
    ),  # a `bounce` whose `type` says that the server refused this one
    "dropped": (ReportKind.UNDELIVERED, None),
    "spamreport": (ReportKind.COMPLAINED, SuppressionCause.COMPLAINT),
    "unsubscribe": (ReportKind.UNSUBSCRIBED, None),
    "group_unsubscribe": (ReportKind.UNSUBSCRIBED, None),
    "group_resubscribe": (ReportKind.RESUBSCRIBED, None),  # recorded; consent is given to us, not to SendGrid
}
#: why SendGrid dropped it by a list of its own → what we then know of the address
DROPPED: Mapping[str, SuppressionCause] = {
    "bounced address": SuppressionCause.BOUNCE,
    "invalid": SuppressionCause.BOUNCE,
    "spam reporting address": SuppressionCause.COMPLAINT,
}
_SECONDS = re.compile(r"[1-9][0-9]{8,10}", re.ASCII)
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}", re.ASCII)


class SendGrid:
    """The `Source` of SendGrid's events."""

    name = NAME

    def verify(self, headers: Headers, body: bytes, secrets: Sequence[str], received_at: datetime) -> None:
        """Raises `SignatureInvalid`: a header missing, a timestamp out of `LATE` and `EARLY`, or no key that fits."""
        given, seconds = header(headers, SIGNATURE), header(headers, TIMESTAMP)
        if not given or not _SECONDS.fullmatch(seconds):
            raise SignatureInvalid(
                f"{SIGNATURE} or {TIMESTAMP} is missing or malformed.",
                mend="Switch the Signed Event Webhook on in SendGrid's settings.",
            )
        at = datetime.fromtimestamp(int(seconds), UTC)
        if not -LATE <= at - received_at <= EARLY:
            raise SignatureInvalid(
                "The signed timestamp is too far from our clock.", mend="Check both clocks."
            )
        try:
            signature = base64.b64decode(given, validate=True)
        except (binascii.Error, ValueError):
            signature = b""
        if not any(_fits(secret, signature, seconds.encode() + body) for secret in secrets):
            raise SignatureInvalid(
                "The signature does not fit the body.",
                mend="Give the connection the verification key that SendGrid shows for this webhook.",
            )

    def delivery_id(self, headers: Headers, body: bytes) -> str:
        """SendGrid gives a batch no id: the same bytes are the same batch."""
        return digest_id("", body)

    def topic(self, headers: Headers) -> str:
        """Empty: the words stand in the body."""
        return ""

    def read(self, headers: Headers, body: bytes, context: SourceContext) -> Reading:
        """Raises `NotJson`, or `Unreadable` when it is no list of events. An event that cannot be read is a problem of
        the reading; the others of its batch go on."""
        told = load_json(body)
        if not isinstance(told, list) or len(told) > MAX_EVENTS:
            raise Unreadable(
                "The body is no list of events.", mend=f"SendGrid sends at most {MAX_EVENTS} at once."
            )
        reports: dict[str, ReportSighting] = {}
        problems: list[str] = []
        for n, one in enumerate(told):
            if not isinstance(one, dict) or not text(one.get("event")):
                problems.append(f"events[{n}]: no event.")
                continue
            report = _report(one, context.received_at)
            reports.setdefault(report.id, report)
        return Reading(reports=tuple(reports.values()), problems=tuple(problems[:50]))


def _report(event: Mapping[str, Any], received_at: datetime) -> ReportSighting:
    vendor = text(event.get("event"))
    name = "blocked" if vendor == "bounce" and text(event.get("type")) == "blocked" else vendor
    kind, cause = WORDS.get(name, (ReportKind.UNKNOWN, None))
    if vendor == "dropped":
        cause = DROPPED.get(text(event.get("reason")).lower())
    told_id = text(event.get("sg_event_id"), 200)
    return ReportSighting(
        id=digest(NAME, told_id or json.dumps(event, sort_keys=True, default=str)),
        provider=NAME,
        channel=Channel.EMAIL,
        kind=kind,
        at=_at(event.get("timestamp"), received_at),
        touch=text(event.get(TOUCH_ARG)),
        message_id=text(event.get("sg_message_id"), 200).partition(".")[0],
        address=contact.email(event.get("email")) or "",
        suppress=cause,
        data=_data(event, name),
    )


def _data(event: Mapping[str, Any], name: str) -> dict[str, Any]:
    data: dict[str, Any] = {"word": word(name)}
    if name == "open" and event.get("sg_machine_open") in (True, 1, "true", "True"):
        data["machine"] = True  # a mail program's proxy fetched the picture: nobody need have looked
    if _STATUS.fullmatch(status := text(event.get("status"), 12)):
        data["status"] = status
    return data


def _at(value: Any, received_at: datetime) -> datetime:
    """When it happened, in unix seconds; what is no time of ours, or lies ahead, is when we heard."""
    if isinstance(value, bool) or not isinstance(value, int) or not 946_684_800 <= value < 4_102_444_800:
        return received_at
    return min(datetime.fromtimestamp(value, UTC), received_at)


def _fits(secret: str, signature: bytes, signed: bytes) -> bool:
    key = _key(secret)
    if key is None:
        return False
    try:
        key.verify(signature, signed, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=64)
def _key(secret: str) -> ec.EllipticCurvePublicKey | None:
    """The verification key; None for what is none."""
    try:
        key = load_der_public_key(base64.b64decode(secret, validate=True))
    except (binascii.Error, ValueError, TypeError):
        return None
    return key if isinstance(key, ec.EllipticCurvePublicKey) else None
