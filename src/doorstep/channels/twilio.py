"""SMS through Twilio's Programmable Messaging, by its official package (`twilio` 9.13).

Relied on: `POST /2010-04-01/Accounts/{sid}/Messages.json` (201 with the message's `sid`; error bodies
`{"code", "message", "status"}`) and the error dictionary at https://www.twilio.com/docs/api/errors. Twilio has no
idempotency key for messages, and they cannot be found by ours: it travels in the query of `StatusCallback`, so that
every report of the message comes to an address that names its touch (`sources/twilio.py`). It names references only.

| answer | what it proves |
|---|---|
| 201 | accepted |
| no connection made, 408, 429 | not accepted: again, a 429 when it says |
| 400 with a code of `DEAD` | never: the number is none, or takes no text |
| 400 with 21610 | never: the recipient wrote STOP |
| 400 with a code of `OURS`, 401, 403, 404 | not accepted: account, token or sender is wrong; slowly again, alarm |
| other 4xx | never: this message is not one Twilio takes |
| 5xx, a lost connection, silence, anything else | nothing |
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from ssl import SSLCertVerificationError
from typing import Any
from urllib.parse import quote

from requests.exceptions import (
    ConnectionError as Unconnected,
)
from requests.exceptions import (
    ConnectTimeout,
    RequestException,
)
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from urllib3.exceptions import NewConnectionError, ProxyError
from urllib3.exceptions import SSLError as TlsError

from doorstep.channels.base import (
    HARD_SECONDS,
    SOCKET_SECONDS,
    setup_refused,
    told_to_wait,
    within,
)
from doorstep.domain.messages import Message, Receipt
from doorstep.errors import ProviderAmbiguous, ProviderBusy, ProviderError, ProviderRefused, ProviderRejected

NAME = "twilio"
RECONCILE = timedelta(minutes=5)
"""R. `queued` or `sent` is reported within seconds of acceptance."""
TOUCH_PARAMETER = "touch"
"""The query parameter of `StatusCallback` that carries our touch key; read again in `sources/twilio.py`."""

STOPPED = 21610
DEAD = frozenset({21211, 21214, 21217, 21401, 21614})
"""Invalid, unreachable or no mobile number."""
OURS = frozenset({20003, 20404, 21603, 21606, 21659, 21660, 21701, 21703, 21704, 21705})
"""Credentials, account, or the number or messaging service that we send from."""

CallbackOf = Callable[[str], str]
"""Where a store's messages are reported, as a URL without query; empty when nothing listens."""


class TwilioSender:
    """`ports.Sender` for SMS."""

    name = NAME

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        callback_of: CallbackOf,
        *,
        messaging_service: str = "",
        number: str = "",
        url: str = "https://api.twilio.com",
        reconcile: timedelta = RECONCILE,
        socket_seconds: float = SOCKET_SECONDS,
        hard_seconds: float = HARD_SECONDS,
    ) -> None:
        """Sends from `messaging_service` (its SID), else from `number` (E.164)."""
        wire = _Wire(socket_seconds)
        self._client = Client(account_sid, auth_token, http_client=wire, environment={"TWILIO_EDGE": ""})
        self._client.api.base_url = url.rstrip("/")
        self._callback_of = callback_of
        self._from: dict[str, str] = (
            {"messaging_service_sid": messaging_service} if messaging_service else {"from_": number}
        )
        self._hard = hard_seconds
        self.reconcile = reconcile
        self.timeout = timedelta(seconds=hard_seconds)

    def send(self, message: Message) -> Receipt:
        """One request. Raises `ProviderRejected`, `ProviderRefused` or `ProviderAmbiguous`."""
        said: dict[str, Any] = {"to": message.to, "body": message.rendered.text, **self._from}
        if callback := self._callback_of(message.store_id):
            said["status_callback"] = f"{callback}?{TOUCH_PARAMETER}={quote(message.key, safe='')}"
        return within(self._hard, lambda: self._create(said))

    def lookup(self, key: str) -> Receipt | None:
        """It cannot be asked by our key; the status callback tells."""
        return None

    def _create(self, said: dict[str, Any]) -> Receipt:
        # Nothing of an error's text goes on: Twilio quotes numbers in its sentences.
        try:
            created = self._client.messages.create(**said)
        except ProviderError:
            raise
        except (TwilioException, ValueError, KeyError, TypeError) as error:
            raise ProviderAmbiguous(f"Twilio's answer cannot be read ({type(error).__name__}).") from None
        if not created.sid:
            raise ProviderAmbiguous("Twilio's answer names no message.")
        return Receipt(provider=NAME, provider_message_id=str(created.sid))


class _Wire(TwilioHttpClient):  # type: ignore[misc]  # the package has no types
    """The package's own HTTP client; what an answer proves is told here, where its headers still are.

    `pool_connections=False`: a connection of its own for each message. A kept one may be closed by the other side just
    as it is used, and then nobody knows whether the message left: for marketing that would be its end.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(pool_connections=False, timeout=seconds)

    def request(self, *args: Any, **kwargs: Any) -> Response:
        try:
            answer = super().request(*args, **kwargs)
        except Unconnected as error:
            raise _unreached(error) from None
        except RequestException as error:
            raise ProviderAmbiguous(f"Twilio's answer was lost ({type(error).__name__}).") from None
        if answer.status_code != 201:
            raise refusal(answer.status_code, dict(answer.headers or {}), answer.text)
        return answer


def refusal(status: int, headers: dict[str, Any], text: str) -> ProviderError:
    """What an answer other than 201 proves, as the error to raise."""
    code = _code(text)
    said = f"{status}{f', code {code}' if code else ''}"
    if status == 429:
        return ProviderBusy(f"Twilio: too many requests ({said}).", retry_after=told_to_wait(headers))
    if status == 408:
        return ProviderRefused(f"Twilio did not get the whole request ({said}).")
    if 400 <= status < 500 and code == STOPPED:
        return ProviderRejected(f"Twilio: the recipient has opted out ({said}).", opted_out=True)
    if 400 <= status < 500 and code in DEAD:
        return ProviderRejected(f"Twilio: no text reaches this number ({said}).", suppress=True)
    if status in (401, 403, 404) or (400 <= status < 500 and code in OURS):
        return setup_refused(
            NAME,
            f"Twilio refuses this installation ({said}).",
            "Check TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, and the number or messaging service to send from.",
        )
    if 400 <= status < 500:
        return ProviderRejected(f"Twilio does not take this message ({said}).")
    return ProviderAmbiguous(f"Twilio answered {said}.")


def _code(text: str) -> int | None:
    try:
        code = json.loads(text)["code"]
    except (ValueError, TypeError, KeyError):
        return None
    return code if isinstance(code, int) else None


def _unreached(error: Unconnected) -> ProviderError:
    """requests says `ConnectionError` for a connection that was never made (no such name, refused, no route, too
    slow, a certificate that is not theirs: all before the first byte of the request) and for one that broke."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(cause, ProxyError):
        cause = cause.original_error
    elif isinstance(cause, TlsError) and cause.args:
        cause = cause.args[0]
    kind = type(cause or error).__name__
    if isinstance(error, ConnectTimeout) or isinstance(cause, NewConnectionError | SSLCertVerificationError):
        return ProviderRefused(f"Twilio could not be reached ({kind}).")
    return ProviderAmbiguous(f"The connection to Twilio broke ({kind}).")
