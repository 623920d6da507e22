"""Email through SendGrid's v3 API, by its official package (`sendgrid` 6.12).

Relied on: the answers of `POST /v3/mail/send` (202 with `X-Message-Id` means queued, not delivered; the error body is
`{"errors": [{"message", "field", "help"}]}`) and rate limits by `X-RateLimit-Reset`, as documented at
https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send. SendGrid knows no idempotency key, and what was
sent cannot be asked for (the activity API is an add-on, minutes behind): our touch key travels in `custom_args`, and
comes back with every event of the Event Webhook (`sources/sendgrid.py`). It names references only.

| answer | what it proves |
|---|---|
| 202 | accepted |
| no connection made, 408, 429 | not accepted: again, a 429 when it says |
| 400 about the recipient's address | never: the address is dead |
| other 400, 413 | never: this message is not one SendGrid takes |
| 401, 403, 404, 405, 406, 415 | not accepted: key, sender or address of the API is wrong; slowly again, alarm |
| 5xx, a lost connection, silence, anything else | nothing |
"""

from __future__ import annotations

import http.client
import json
import re
from datetime import timedelta
from types import TracebackType
from typing import Any
from urllib.error import HTTPError as Redirected
from urllib.error import URLError
from urllib.request import BaseHandler, OpenerDirector, Request

from python_http_client import Client as HttpClient
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import CustomArg, From, Header, Mail, ReplyTo, To

from doorstep.channels.base import (
    HARD_SECONDS,
    SOCKET_SECONDS,
    IdentityOf,
    setup_refused,
    told_to_wait,
    within,
)
from doorstep.domain.messages import Message, Receipt
from doorstep.errors import ProviderAmbiguous, ProviderBusy, ProviderError, ProviderRefused, ProviderRejected

NAME = "sendgrid"
RECONCILE = timedelta(minutes=10)
"""R. `processed` is reported within seconds of acceptance; ten minutes bear an Event Webhook that lags."""
TOUCH_ARG = "doorstep_touch"
"""The custom argument that carries our touch key; read again in `sources/sendgrid.py`."""

_RECIPIENT = re.compile(r"personalizations\.\d+\.to")
_CONNECTING = frozenset(
    {http.client.HTTPConnection.connect.__code__, http.client.HTTPSConnection.connect.__code__}
)
_OURS = frozenset({401, 403, 404, 405, 406, 415})


class SendGridSender:
    """`ports.Sender` for email."""

    name = NAME

    def __init__(
        self,
        api_key: str,
        identity_of: IdentityOf,
        *,
        url: str = "https://api.sendgrid.com",
        reconcile: timedelta = RECONCILE,
        socket_seconds: float = SOCKET_SECONDS,
        hard_seconds: float = HARD_SECONDS,
    ) -> None:
        """`identity_of` answers who a store's mail is from; `url` is the API's base."""
        api = SendGridAPIClient(api_key, host=url.rstrip("/"))
        self._send = _Once(
            host=api.host,
            request_headers=api.client.request_headers,
            version=3,
            url_path=["mail", "send"],
            timeout=socket_seconds,  # the package itself sets none, and would wait for ever
        )
        self._identity_of = identity_of
        self._hard = hard_seconds
        self.reconcile = reconcile
        self.timeout = timedelta(seconds=hard_seconds)

    def send(self, message: Message) -> Receipt:
        """One request. Raises `ProviderRejected`, `ProviderRefused` or `ProviderAmbiguous`."""
        to = To(message.to)
        if to.email != message.to:  # the package reads "name <address>" out of it: one of ours never is one
            raise ProviderRejected("SendGrid: no such address can be.", suppress=True)
        try:
            body = self._mail(message, to).get()
        except Exception as error:  # noqa: BLE001 - the package checks what it is given, in its own words
            kind = type(error).__name__
            raise ProviderRejected(f"SendGrid's package does not take this message ({kind}).") from None
        return within(self._hard, lambda: self._post(body))

    def lookup(self, key: str) -> Receipt | None:
        """It cannot be asked; the Event Webhook tells."""
        return None

    def _mail(self, message: Message, to: To) -> Mail:
        identity, rendered = self._identity_of(message.store_id), message.rendered
        mail = Mail(
            from_email=From(identity.mailbox, identity.name or None),
            to_emails=to,
            subject=rendered.subject,
            plain_text_content=rendered.text or None,
            html_content=rendered.html or None,
        )
        if identity.reply_to and identity.reply_to != identity.mailbox:
            mail.reply_to = ReplyTo(identity.reply_to)
        for name, value in message.headers.items():
            mail.add_header(Header(name, value))
        mail.add_custom_arg(CustomArg(TOUCH_ARG, message.key))
        return mail

    def _post(self, body: dict[str, Any]) -> Receipt:
        # Nothing of an error's text goes on: SendGrid quotes addresses in its sentences.
        try:
            answer = self._send.post(request_body=body)
        except HTTPError as error:
            raise refusal(int(error.status_code), dict(error.headers or {}), error.body) from None
        except URLError as error:
            raise _unreached(error.reason) from None
        except (OSError, http.client.HTTPException) as error:
            raise ProviderAmbiguous(f"SendGrid's answer was lost ({type(error).__name__}).") from None
        if answer.status_code != 202:
            raise ProviderAmbiguous(f"SendGrid answered {answer.status_code}, which is no acceptance.")
        return Receipt(provider=NAME, provider_message_id=str(answer.headers.get("X-Message-Id") or ""))


class _Once(HttpClient):  # type: ignore[misc]  # the package has no types
    """The package's HTTP client, which would follow a redirect with a second request that carries the key."""

    def _make_request(self, opener: OpenerDirector, request: Request, timeout: float | None = None) -> Any:
        opener.add_handler(_Stay())
        return super()._make_request(opener, request, timeout)


class _Stay(BaseHandler):
    handler_order = 100  # before urllib's own

    def http_error_301(self, asked: Request, answer: Any, code: int, text: str, headers: Any) -> None:
        raise Redirected(asked.full_url, code, text, headers, answer)

    http_error_302 = http_error_303 = http_error_307 = http_error_308 = http_error_301


def refusal(status: int, headers: dict[str, Any], body: Any) -> ProviderError:
    """What an error answer proves, as the error to raise."""
    if status == 429:
        return ProviderBusy("SendGrid: too many requests (429).", retry_after=told_to_wait(headers))
    if status == 408:
        return ProviderRefused("SendGrid did not get the whole request (408).")
    if status in _OURS:
        return setup_refused(
            NAME,
            f"SendGrid refuses this installation ({status}).",
            "Check SENDGRID_API_KEY, its Mail Send permission, and that the sender is verified.",
        )
    if status == 400 and any(_RECIPIENT.match(field) for field in _fields(body)):
        return ProviderRejected("SendGrid: no such address can be (400).", suppress=True)
    if 400 <= status < 500:
        said = ", ".join(_fields(body)[:3])
        return ProviderRejected(
            f"SendGrid does not take this message ({status}{': ' + said if said else ''})."
        )
    return ProviderAmbiguous(f"SendGrid answered {status}.")


def _fields(body: Any) -> list[str]:
    """The fields that the error body names; never its sentences."""
    try:
        told = json.loads(body)["errors"]
        fields = [str(one.get("field") or "") for one in told if isinstance(one, dict)]
    except (ValueError, TypeError, KeyError):
        return []
    return [field for field in fields if re.fullmatch(r"[\w.]{1,80}", field)]


def _unreached(reason: Any) -> ProviderError:
    """urllib says `URLError` for everything before the answer. An error out of `connect` (names, TCP, TLS) came
    before the first byte of the request; any other may have come after the last."""
    kind = type(reason).__name__
    if isinstance(reason, BaseException) and _passed(reason.__traceback__):
        return ProviderRefused(f"SendGrid could not be reached ({kind}).")
    return ProviderAmbiguous(f"The connection to SendGrid broke ({kind}).")


def _passed(trace: TracebackType | None) -> bool:
    while trace is not None:
        if trace.tb_frame.f_code in _CONNECTING:
            return True
        trace = trace.tb_next
    return False
