"""Twilio on loopback: `Messages.json` as its reference describes it, signed status callbacks, inbound messages and the
opt-out list that Twilio keeps itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

import httpx

from simulators.loopback import Answer, Asked, Loopback

SID, TOKEN, NUMBER = "AC" + "0" * 32, "simulated token", "+15005550006"


@dataclass(frozen=True)
class Text:
    """A message that was accepted."""

    sid: str
    to: str
    body: str
    callback: str
    form: Mapping[str, str] = field(default_factory=dict)


class Twilio(Loopback):
    """One account with one number."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.status = "active"
        self.accepted: list[Text] = []
        self.stopped: set[str] = set()

    # --- the API ----------------------------------------------------------------------------------

    def serve(self, asked: Asked) -> Answer:
        basic = "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
        if asked.headers.get("Authorization") != basic:
            return problem(401, 20003, "Authenticate")
        if (asked.method, asked.path) == ("GET", f"/2010-04-01/Accounts/{SID}.json"):
            return Answer(200, {"sid": SID, "status": self.status}, {"Content-Type": "application/json"})
        if asked.path != f"/2010-04-01/Accounts/{SID}/Messages.json":
            return problem(404, 20404, "The requested resource was not found")
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        to = form.get("To", "")
        if not re.fullmatch(r"\+[1-9]\d{7,14}", to):
            return problem(400, 21211, f"The 'To' number {to} is not a valid phone number.")
        if to in self.stopped:
            return problem(400, 21610, f"Attempt to send to unsubscribed recipient {to}")
        if not form.get("From") and not form.get("MessagingServiceSid"):
            return problem(400, 21603, "A 'From' phone number is required.")
        if not form.get("Body"):
            return problem(400, 21602, "Message body is required.")
        text = Text("SM" + uuid.uuid4().hex, to, form["Body"], form.get("StatusCallback", ""), form)
        with self.lock:
            self.accepted.append(text)
        self.accept(text)
        return Answer(201, self._created(text), {"Content-Type": "application/json"})

    def accept(self, text: Text) -> None:
        """Called with every message that was accepted, before that is answered."""

    def _created(self, text: Text) -> dict[str, object]:
        return {
            "sid": text.sid, "account_sid": SID, "to": text.to, "from": text.form.get("From"), "body": text.body,
            "status": "queued", "direction": "outbound-api", "num_segments": "1", "num_media": "0",
            "messaging_service_sid": text.form.get("MessagingServiceSid"), "api_version": "2010-04-01",
            "error_code": None, "error_message": None, "price": None, "price_unit": "USD", "date_sent": None,
            "date_created": "Wed, 25 Nov 2026 19:00:00 +0000", "date_updated": "Wed, 25 Nov 2026 19:00:00 +0000",
            "uri": f"/2010-04-01/Accounts/{SID}/Messages/{text.sid}.json", "subresource_uris": {},
        }  # fmt: skip

    # --- callbacks ----------------------------------------------------------------------------------

    def report(self, text: Text, status: str, to: str = "", **more: str) -> httpx.Response:
        """A status callback, to where the message asked for it (or `to`)."""
        form = {
            "AccountSid": SID, "MessageSid": text.sid, "SmsSid": text.sid, "MessageStatus": status, "SmsStatus": status,
            "To": text.to, "From": NUMBER, "ApiVersion": "2010-04-01", **more,
        }  # fmt: skip
        return self.post(to or text.callback, form)

    def inbound(self, url: str, sender: str, body: str, **more: str) -> httpx.Response:
        """A message from a phone. STOP and START also move Twilio's own list."""
        word = body.strip().upper()
        if word in ("STOP", "UNSUBSCRIBE", "END"):
            self.stopped.add(sender)
        if word in ("START", "UNSTOP"):
            self.stopped.discard(sender)
        sid = "SM" + uuid.uuid4().hex
        form = {
            "ToCountry": "US", "MessageSid": sid, "SmsMessageSid": sid, "SmsSid": sid, "SmsStatus": "received",
            "NumMedia": "0", "NumSegments": "1", "Body": body, "From": sender, "To": NUMBER, "AccountSid": SID,
            "ApiVersion": "2010-04-01", **more,
        }  # fmt: skip
        return self.post(url, form)

    def post(self, url: str, form: Mapping[str, str], signed_url: str = "") -> httpx.Response:
        """`signed_url`: what Twilio was told to call, where a proxy turned it into `url`."""
        return httpx.post(
            url,
            content=urlencode(form).encode(),
            headers=signed(signed_url or url, form),
            trust_env=False,
            timeout=20,
        )


def signed(url: str, form: Mapping[str, str], token: str = TOKEN) -> dict[str, str]:
    """The headers of a callback to that URL."""
    told = url + "".join(name + form[name] for name in sorted(form))
    mac = hmac.new(token.encode(), told.encode(), hashlib.sha1)
    return {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "X-Twilio-Signature": base64.b64encode(mac.digest()).decode(),
        "I-Twilio-Idempotency-Token": str(uuid.uuid4()),
    }


def problem(status: int, code: int, message: str, **headers: str) -> Answer:
    """An error as the API words it."""
    body = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return Answer(status, body, {"Content-Type": "application/json", **headers})
