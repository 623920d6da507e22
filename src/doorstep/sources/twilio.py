"""Twilio's webhooks: status callbacks of the messages we sent, and what people write to us.

Form bodies, signed with HMAC-SHA1 under the account's auth token: base64 in `X-Twilio-Signature`, of the full public
URL and every parameter as name and value, sorted. A JSON body is bound by its SHA-256 in the URL's `bodySHA256`
instead. Whether the port stands in the signed URL differs, so it is tried with and without. The signature itself is
computed by the official package. Relied on: https://www.twilio.com/docs/usage/webhooks/webhooks-security,
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status and webhook-request, and Twilio's opt-out
words (https://help.twilio.com/articles/223134027).

Oddities: no callback carries a time, an event id or our own data: the touch comes in the query of the address we gave
(`channels/twilio.py`), order and repetition are told apart by sid and status. `OptOutType` is there only with Advanced
Opt-Out, and then Twilio has answered the person itself.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import SplitResult, parse_qs, parse_qsl, urlsplit
from xml.sax.saxutils import escape

from twilio.request_validator import RequestValidator

from doorstep.domain.customers import SuppressionCause
from doorstep.domain.ids import digest
from doorstep.domain.messages import Channel
from doorstep.domain.reports import ReportKind, Said
from doorstep.errors import SignatureInvalid, Unreadable
from doorstep.sources.base import (
    URL,
    Headers,
    Reading,
    SourceContext,
    digest_id,
    header,
)
from doorstep.sources.heard import InboundSighting, ReportSighting
from doorstep.sources.values import text, word

NAME = "twilio"
TOUCH_PARAMETER = "touch"
"""As `channels/twilio.py` asks for it."""
FORM = "application/x-www-form-urlencoded"

#: Twilio's status → our word
WORDS: Mapping[str, ReportKind] = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending", "sent"), ReportKind.ACCEPTED),
    **dict.fromkeys(("delivered", "partially_delivered"), ReportKind.DELIVERED),
    "read": ReportKind.OPENED,
    "undelivered": ReportKind.UNDELIVERED,
    **dict.fromkeys(("failed", "canceled"), ReportKind.FAILED),
}
#: error code → what it says of the number (https://www.twilio.com/docs/api/errors)
CODES: Mapping[str, SuppressionCause] = {
    "21610": SuppressionCause.STOP,
    **dict.fromkeys(("21211", "21214", "21217", "21614", "30005", "30006"), SuppressionCause.BOUNCE),
}
#: whole bodies, in any case
SAID: Mapping[str, Said] = {
    **dict.fromkeys(
        ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), Said.STOP
    ),
    **dict.fromkeys(("START", "UNSTOP"), Said.START),
    "YES": Said.YES,
    **dict.fromkeys(("HELP", "INFO"), Said.HELP),
}
_EDGES = re.compile(r"^\W+|\W+$")
_NUMBER = re.compile(r"\+[1-9][0-9]{4,14}", re.ASCII)
_SID = re.compile(r"[A-Za-z]{2}[0-9a-zA-Z]{1,40}", re.ASCII)


class Twilio:
    """The `Source` of status callbacks and of messages to us, at one address."""

    name = NAME

    def verify(self, headers: Headers, body: bytes, secrets: Sequence[str], received_at: datetime) -> None:
        """Raises `SignatureInvalid`. Twilio signs no time: a repeated webhook is told by its ids."""
        given, url = header(headers, "X-Twilio-Signature").encode("utf-8", "replace"), headers.get(URL, "")
        signed = _signed(headers, url, body)
        fits = False
        for secret in secrets if given and url and signed is not None else ():
            for spelling in _spellings(url):
                made = RequestValidator(secret).compute_signature(spelling, signed).encode()
                fits |= bool(secret) and hmac.compare_digest(made, given)
        if not fits:
            raise SignatureInvalid(
                "X-Twilio-Signature does not fit this address and body.",
                mend="Set DOORSTEP_PUBLIC_URL to the address Twilio calls, and give the connection the account's "
                "auth token.",
            )

    def delivery_id(self, headers: Headers, body: bytes) -> str:
        """A message's sid and status; unsigned headers name nothing."""
        form = _form(body)
        sid, status = form.first("MessageSid"), form.first("MessageStatus")
        if _SID.fullmatch(sid):
            return digest(NAME, sid, status, form.first("ErrorCode"))
        return digest_id(headers.get(URL, ""), body)

    def topic(self, headers: Headers) -> str:
        """Empty: the status stands in the body."""
        return ""

    def read(self, headers: Headers, body: bytes, context: SourceContext) -> Reading:
        """Raises `Unreadable` for a body that is no form."""
        form = _form(body)
        if not form:
            if header(headers, "Content-Type").startswith("application/json"):
                return Reading(ignored="A JSON webhook of Twilio's; messages come as forms.")
            raise Unreadable("The body is no form.", mend="Point a messaging webhook here.")
        if form.first("MessageStatus"):
            return Reading(reports=(_report(form, headers.get(URL, ""), context.received_at),))
        if "Body" in form or form.first("OptOutType"):
            return Reading(inbound=(_inbound(form, context.received_at),))
        return Reading(ignored="Neither a status nor a message.")

    def reply(self, headers: Headers, body: bytes, context: SourceContext) -> tuple[str, bytes]:
        """TwiML. HELP is answered with who we are and how to reach a person, unless Twilio has done so."""
        form = _form(body)
        asked = "Body" in form and not form.first("MessageStatus") and _said(form) is Said.HELP
        said = (
            f"<Message>{escape(help_text(context))}</Message>"
            if asked and not form.first("OptOutType")
            else ""
        )
        return "text/xml", f'<?xml version="1.0" encoding="UTF-8"?><Response>{said}</Response>'.encode()


def help_text(context: SourceContext) -> str:
    """The answer to HELP."""
    name = context.store_name or "We"
    where = f"Write to {context.support_email}, or reply here" if context.support_email else "Reply here"
    return (
        f"{name}: messages about your orders. {where}, and a person answers. Reply STOP to get no more texts."
    )


class _Form(dict[str, list[str]]):
    """A form's values by name. `getlist` is how the official package asks for repeated ones."""

    def getlist(self, name: str) -> list[str]:
        return self.get(name, [])

    def first(self, name: str) -> str:
        return text(next(iter(self.get(name, ())), ""))


def _form(body: bytes) -> _Form:
    """Empty for what is no form."""
    form = _Form()
    try:
        for name, value in parse_qsl(
            body.decode(), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=1000
        ):
            form.setdefault(name, []).append(value)
    except ValueError:
        return _Form()
    return form


def _signed(headers: Headers, url: str, body: bytes) -> _Form | None:
    """The parameters that are signed beside the URL; None when nothing binds this body to the signature."""
    if header(headers, "Content-Type").partition(";")[0].strip().lower() == FORM:
        return _form(body)
    bound = parse_qs(urlsplit(url).query).get("bodySHA256", [])
    made = hashlib.sha256(body).hexdigest()
    return _Form() if len(bound) == 1 and hmac.compare_digest(made.encode(), bound[0].encode()) else None


def _spellings(url: str) -> tuple[str, ...]:
    """The address as it is, without its port, and with one."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return (url,)
    host = f"[{host}]" if ":" in host else host
    with_port = f"{host}:{port or (443 if parts.scheme == 'https' else 80)}"
    return tuple(dict.fromkeys((url, _at_host(parts, host), _at_host(parts, with_port))))


def _at_host(parts: SplitResult, netloc: str) -> str:
    return parts._replace(netloc=netloc).geturl()


def _report(form: _Form, url: str, received_at: datetime) -> ReportSighting:
    vendor, code, sid = form.first("MessageStatus"), form.first("ErrorCode"), form.first("MessageSid")
    data = {"word": word(vendor)} | ({"code": code} if code.isascii() and code.isdigit() else {})
    return ReportSighting(
        id=digest(NAME, sid, vendor, code),
        provider=NAME,
        channel=Channel.SMS,
        kind=WORDS.get(vendor, ReportKind.UNKNOWN),
        at=received_at,
        touch=text(next(iter(parse_qs(urlsplit(url).query).get(TOUCH_PARAMETER, [])), "")),
        message_id=sid if _SID.fullmatch(sid) else "",
        address=_number(form.first("To")),
        suppress=CODES.get(code),
        data=data,
    )


def _inbound(form: _Form, received_at: datetime) -> InboundSighting:
    return InboundSighting(
        channel=Channel.SMS, at=received_at, said=_said(form), address=_number(form.first("From"))
    )


def _said(form: _Form) -> Said:
    """Twilio's own word where it gives one; else the whole body, never a part of it."""
    told = form.first("OptOutType").upper()
    return SAID.get(told) or said(form.first("Body"))


def said(body: str) -> Said:
    """What a whole body says: `stop`, `Stop.` and `STOP ALL` are words of ours, `don't stop by` is not."""
    whole = _EDGES.sub("", unicodedata.normalize("NFKC", body)).upper()
    return SAID.get(re.sub(r"(?<=STOP) (?=ALL$)|(?<=OPT)[ -](?=OUT$)", "", whole), Said.TEXT)


def _number(value: str) -> str:
    """As Twilio tells it, E.164: whether some list holds it for possible is no matter when it writes STOP."""
    number = value.removeprefix("whatsapp:")
    return number if _NUMBER.fullmatch(number) else ""
