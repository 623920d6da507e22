"""What the providers' senders share: an end to every call, how long to wait when told to, and one way to alarm.

The rule of every sender here: one call of `send` makes one HTTP request, never more. The vendors' packages were read
for it (sendgrid 6.12 over urllib, twilio 9.13 over requests): neither tries again by itself.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import structlog

from doorstep.errors import ProviderAmbiguous, ProviderRefused

log = structlog.get_logger(__name__)

HARD_SECONDS = 20.0
"""When `send` gives up whatever the network does; below the touch activity's 30 s start-to-close."""
SOCKET_SECONDS = 15.0
"""The longest silence of the provider that a call bears."""
SETUP_RETRY = timedelta(minutes=5)
"""A key, a sender or an address that only a person can mend is tried again so often: soon enough after it was
mended, seldom enough for a day of it to cost nothing."""
UNTOLD_RETRY = timedelta(seconds=15)
"""After a 429 that does not say when to come back."""
_LONGEST = timedelta(hours=1)

# They log bodies, addresses and keys: SendGrid's at DEBUG, Twilio's at INFO. Nothing of that is wanted anywhere.
for _name in ("python_http_client", "twilio.http_client"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a store's mail is from: `name`, the `mailbox` it is sent as, and where replies reach a person."""

    name: str
    mailbox: str
    reply_to: str = ""


IdentityOf = Callable[[str], Identity]
"""The identity of a store, by its id."""


def within[T](seconds: float, call: Callable[[], T]) -> T:
    """The call's answer, or `ProviderAmbiguous` when it has none after `seconds`. The libraries' timeouts are per
    socket operation: one address after the other, or one byte at a time, they may take for ever."""
    answers: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(call())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            raised.append(error)

    context = contextvars.copy_context()
    thread = threading.Thread(target=lambda: context.run(run), name="provider-call", daemon=True)
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not answers:
        raise ProviderAmbiguous(f"The provider did not answer within {seconds:g} s.")
    return answers[0]


def told_to_wait(headers: Mapping[str, Any], now: Callable[[], datetime] | None = None) -> timedelta:
    """How long a 429 asks to wait: `Retry-After` (seconds or a date), else `X-RateLimit-Reset` (unix seconds, held
    against the answer's own `Date`), else `UNTOLD_RETRY`. Between one second and an hour."""
    found = {str(name).lower(): str(value).strip() for name, value in headers.items()}
    after, reset = found.get("retry-after", ""), found.get("x-ratelimit-reset", "")
    here = _date(found.get("date", "")) or (now or _utc_now)()
    if after.isascii() and after.isdigit():
        wait = timedelta(seconds=min(int(after), 10**6))
    elif (then := _date(after)) is not None:
        wait = then - here
    elif reset.isascii() and reset.isdigit():
        wait = timedelta(seconds=min(max(int(reset) - int(here.timestamp()), 0), 10**6))
    else:
        wait = UNTOLD_RETRY
    return min(max(wait, timedelta(seconds=1)), _LONGEST)


def setup_refused(provider: str, what: str, mend: str) -> ProviderRefused:
    """The provider refuses *us*, not this message: an alarm for a person, and a slow retry. `what` holds no personal
    data: a status and the vendor's own code."""
    log.error("provider refuses this installation", provider=provider, what=what, mend=mend)
    return ProviderRefused(what, retry_after=SETUP_RETRY, mend=mend)


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _utc_now() -> datetime:
    return datetime.now(UTC)
