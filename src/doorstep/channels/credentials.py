"""Whether a provider takes our credentials, by a call that sends nothing and costs nothing.

SendGrid: `GET /v3/scopes` answers what the key may do (SendGrid API reference, *API Key Permissions*). Twilio: the
account's own record (Twilio API reference, *Account*).
"""

from __future__ import annotations

from typing import Any

import httpx

from doorstep.channels.configured import ACCOUNT, API_KEY, TOKEN, Serving
from doorstep.domain.messages import Channel
from doorstep.errors import ProviderError, ProviderRefused
from doorstep.settings import Settings

SECONDS = 8.0


def check(settings: Settings, serving: Serving) -> str:
    """What the provider of that channel says of our credentials, as a sentence. Raises `ProviderError` with a mend
    when it refuses them or cannot be asked; nothing secret is in either."""
    if serving.channel is Channel.EMAIL:
        return _sendgrid(settings)
    return _twilio(settings)


def _sendgrid(settings: Settings) -> str:
    key = settings.provider_secret(API_KEY)
    told = _asked("SendGrid", f"{settings.sendgrid_url.rstrip('/')}/v3/scopes", API_KEY, bearer=key)
    if "mail.send" not in told.get("scopes", ()):
        raise ProviderRefused(
            "SendGrid knows the key, which may not send mail.", mend="Give it the permission Mail Send."
        )
    return "SendGrid takes the key, and it may send mail"


def _twilio(settings: Settings) -> str:
    account = settings.provider_secret(ACCOUNT)
    url = f"{settings.twilio_url.rstrip('/')}/2010-04-01/Accounts/{account}.json"
    told = _asked("Twilio", url, TOKEN, basic=(account, settings.provider_secret(TOKEN)))
    if told.get("status") != "active":
        raise ProviderRefused(
            f"Twilio's account is {told.get('status') or 'of unknown status'}.", mend="See Twilio's console."
        )
    return "Twilio takes the token, and its account is active"


def _asked(
    vendor: str, url: str, variable: str, *, bearer: str = "", basic: tuple[str, str] | None = None
) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    try:
        answer = httpx.get(url, headers=headers, auth=basic, timeout=SECONDS, follow_redirects=False)
    except httpx.HTTPError as error:
        raise ProviderError(
            f"{vendor} cannot be reached ({type(error).__name__}).",
            mend="See the network, and the provider's status.",
        ) from None
    if answer.status_code in (401, 403, 404):
        raise ProviderRefused(
            f"{vendor} refuses our credentials ({answer.status_code}).", mend=f"Check {variable}."
        )
    try:
        told = answer.json()
    except ValueError:
        told = None
    if answer.status_code != 200 or not isinstance(told, dict):
        raise ProviderError(f"{vendor} answered {answer.status_code}.", mend="Ask again in a moment.")
    return told
