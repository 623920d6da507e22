"""How much one caller may ask of this process: a brake, no ledger. In memory, bounded, one dictionary step each.

Per caller one number is kept: when what they asked for so far would be paid off at the allowed pace (GCRA, the generic
cell rate algorithm of ITU-T I.371). A minute's worth may come at once. What is not allowed is never dropped silently:
it is answered 429 with `Retry-After`, and only where the caller comes back by itself.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta

from fastapi import Request

from doorstep.errors import DoorstepError
from doorstep.settings import Settings

MINUTE = 60.0
CALLERS = 10_000
#: whose webhooks come again after a 429 (their documentation); what Twilio tells, it tells once
RETRYING = frozenset({"shopify", "signed", "sendgrid"})


class RateLimited(DoorstepError):
    """Too much was asked; `retry_after` says when there is room again."""

    code = "rate_limited"
    status = 429

    def __init__(self, what: str, *, mend: str, wait: float) -> None:
        super().__init__(what, mend=mend)
        self.retry_after = timedelta(seconds=max(1.0, wait))


class Rate:
    """So many a minute for each caller; 0: no limit. The longest silent callers are forgotten first."""

    __slots__ = ("_paid", "_pause", "per_minute")

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._pause = MINUTE / per_minute if per_minute else 0.0
        self._paid: OrderedDict[str, float] = OrderedDict()

    def wait(self, caller: str, now: float) -> float:
        """Counts one more and answers 0.0, or the seconds until there is room and counts nothing. `now` in seconds,
        monotonic."""
        if not self._pause:
            return 0.0
        paid = max(self._paid.get(caller, now), now) + self._pause
        if (over := paid - now - MINUTE) > 1e-9:
            return over
        self._paid[caller] = paid
        self._paid.move_to_end(caller)
        if len(self._paid) > CALLERS:
            self._paid.popitem(last=False)
        return 0.0

    @property
    def callers(self) -> int:
        """How many are remembered."""
        return len(self._paid)


@dataclass(slots=True, kw_only=True)
class Limits:
    """One process's brakes."""

    keys: Rate
    """Requests of one API key."""
    wrong: Rate
    """Wrong keys and signatures from one address. Right ones always pass: nobody can lock others out."""
    webhooks: Rate
    """Signed webhooks of one connection, whose sender comes again."""
    pages: Rate
    """Pages opened with one link."""

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """As the settings say."""
        return cls(
            keys=Rate(settings.rate_keys),
            wrong=Rate(settings.rate_wrong),
            webhooks=Rate(settings.rate_webhooks),
            pages=Rate(settings.rate_pages),
        )

    def wrong_one(self, request: Request, what: str) -> None:
        """Counts a wrong key or signature. Raises `RateLimited` past the limit."""
        address = request.client.host if request.client else ""
        if wait := self.wrong.wait(address, time.monotonic()):
            raise RateLimited(
                f"Too many requests with invalid {what}.", mend="Wait, and correct what is sent.", wait=wait
            )

    def webhook(self, connection: str, source: str) -> None:
        """Counts a signed webhook, before it is stored. Raises `RateLimited`."""
        if source in RETRYING and (wait := self.webhooks.wait(connection, time.monotonic())):
            raise RateLimited(
                "This connection sends more than is taken; nothing was stored.",
                mend="Send it again as the Retry-After header says; DOORSTEP_RATE_WEBHOOKS is the limit.",
                wait=wait,
            )


async def page_limit(request: Request) -> None:
    """The dependency of pages that open from a link: so many a minute for each link. Raises `RateLimited`."""
    limits: Limits = request.app.state.limits
    token = str(request.path_params.get("token", ""))[:512]
    if wait := limits.pages.wait(token, time.monotonic()):
        raise RateLimited(
            "This link was opened too often in a short time.",
            mend="Wait a moment and open it again.",
            wait=wait,
        )
