"""Which provider serves which channel here, by what the environment holds; the outbox stands in for the others.

Secrets have the vendors' own names (`SENDGRID_API_KEY`), or `<NAME>_FILE` names a file that holds one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from doorstep.channels.base import IdentityOf
from doorstep.domain.messages import Channel
from doorstep.errors import SetupError
from doorstep.ports import Sender
from doorstep.settings import Settings

API_KEY = "SENDGRID_API_KEY"
ACCOUNT, TOKEN = "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"
SERVICE, NUMBER = "TWILIO_MESSAGING_SERVICE_SID", "TWILIO_FROM"
OUTBOX = "outbox"
_WORDS = {Channel.SMS: "SMS"}
_NAMES = {"sendgrid": "SendGrid", "twilio": "Twilio"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Who serves a channel: `provider` is its name, or `outbox` while `missing` (a variable) is not set."""

    channel: Channel
    provider: str
    missing: str = ""

    @property
    def sentence(self) -> str:
        """In words, for a log line, the doctor and the outbox page."""
        what = _WORDS.get(self.channel, self.channel.value)
        if not self.missing:
            return f"{what} goes out through {_NAMES[self.provider]}"
        return f"{what} stays in the outbox: {self.missing} is not set"


def serving(settings: Settings) -> tuple[Serving, ...]:
    """Every channel that templates are written for. Raises `SetupError` for credentials that are half there: a
    deployment that means to send must not quietly keep its messages."""
    return (_mail(settings), _sms(settings))


def senders(
    settings: Settings, identity_of: IdentityOf, callback_of: Callable[[str], str]
) -> dict[Channel, Sender]:
    """A sender for each channel whose provider is set up; the arguments are as the senders take them. Raises
    `SetupError` as `serving` does. A vendor's package is loaded only where it is used."""
    made: dict[Channel, Sender] = {}
    mail, sms = serving(settings)
    if not mail.missing:
        from doorstep.channels.sendgrid import SendGridSender

        made[Channel.EMAIL] = SendGridSender(
            settings.provider_secret(API_KEY), identity_of, url=settings.sendgrid_url
        )
    if not sms.missing:
        from doorstep.channels.twilio import TwilioSender

        made[Channel.SMS] = TwilioSender(
            settings.provider_secret(ACCOUNT),
            settings.provider_secret(TOKEN),
            callback_of,
            messaging_service=settings.provider_secret(SERVICE),
            number=settings.provider_secret(NUMBER),
            url=settings.twilio_url,
        )
    return made


def _mail(settings: Settings) -> Serving:
    if not settings.provider_secret(API_KEY):
        return Serving(channel=Channel.EMAIL, provider=OUTBOX, missing=API_KEY)
    return Serving(channel=Channel.EMAIL, provider="sendgrid")


def _sms(settings: Settings) -> Serving:
    held = {name: bool(settings.provider_secret(name)) for name in (ACCOUNT, TOKEN)}
    if not any(held.values()):
        return Serving(channel=Channel.SMS, provider=OUTBOX, missing=ACCOUNT)
    if missing := [name for name, there in held.items() if not there]:
        raise SetupError(f"Twilio is half set up: {missing[0]} is not set.", mend="Set both, or neither.")
    if not settings.provider_secret(SERVICE) and not settings.provider_secret(NUMBER):
        raise SetupError(
            "Twilio is half set up: nothing to send from.", mend=f"Set {SERVICE} (preferred) or {NUMBER}."
        )
    return Serving(channel=Channel.SMS, provider="twilio")
