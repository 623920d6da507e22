"""Every error Doorstep raises on purpose, in one tree.

Each says *what* happened, and *how to mend it*; `code` is stable and safe to match on.
They translate twice: `status` is what the HTTP API answers, and `retryable` is whether Temporal may try again.
No message may hold personal data: name keys and references, never addresses or names of people.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import timedelta


class DoorstepError(Exception):
    """Base of the tree. `what` is one sentence; `mend` says what to do about it."""

    code = "doorstep_error"
    status = 500
    retryable = False

    def __init__(self, what: str, *, mend: str = "", code: str | None = None) -> None:
        super().__init__(f"{what} {mend}".strip())
        self.what = what
        self.mend = mend
        if code is not None:
            self.code = code


class SetupError(DoorstepError):
    """The machine, a setting or an installation is not as it must be."""

    code = "setup"


class SecretsUnreadable(SetupError):
    """A file with secrets or keys is there and cannot be read: no process starts with it, and one that runs answers
    503 until it is mended. Its words name a file of the machine: they are for whoever runs it, not for callers."""

    code = "secrets_unreadable"
    status = 503


# --- what comes in over HTTP ---------------------------------------------------------------------


class BadInput(DoorstepError):
    """A caller sent what cannot be used; nothing was changed."""

    code = "bad_input"
    status = 400


class NotJson(BadInput):
    code = "not_json"


class SignatureInvalid(BadInput):
    """The webhook's signature is missing, wrong or too old."""

    code = "signature_invalid"
    status = 401


class Unauthenticated(DoorstepError):
    code = "unauthenticated"
    status = 401


class Forbidden(DoorstepError):
    code = "forbidden"
    status = 403


class NotFound(DoorstepError):
    code = "not_found"
    status = 404


class Conflict(DoorstepError):
    """The request is fine, the state is not: nothing was changed."""

    code = "conflict"
    status = 409


class PayloadTooLarge(BadInput):
    code = "payload_too_large"
    status = 413


class Unavailable(DoorstepError):
    """A part that the request needs is not there now; nothing was changed."""

    code = "unavailable"
    status = 503
    retryable = True


class Unreadable(DoorstepError):
    """A signed webhook that could not be read into events. It is kept in quarantine, not refused:
    a 4xx could cost the store its subscription."""

    code = "unreadable"
    status = 422


# --- what goes out -------------------------------------------------------------------------------


class ProviderError(DoorstepError):
    """A channel could not send. The subclasses differ in what we *know* about acceptance."""

    code = "provider_error"
    status = 502


class ProviderRejected(ProviderError):
    """Final: this message will never be accepted as it is. `suppress` when the address itself is dead;
    `opted_out` when its owner told the provider to stop."""

    code = "provider_rejected"

    def __init__(self, what: str, *, suppress: bool = False, opted_out: bool = False, mend: str = "") -> None:
        super().__init__(what, mend=mend)
        self.suppress = suppress
        self.opted_out = opted_out


class ProviderRefused(ProviderError):
    """Proven *not accepted* (connection refused, definite 429/4xx that may pass): safe to try again."""

    code = "provider_refused"
    retryable = True

    def __init__(self, what: str, *, retry_after: timedelta | None = None, mend: str = "") -> None:
        super().__init__(what, mend=mend)
        self.retry_after = retry_after


class ProviderBusy(ProviderRefused):
    """Refused because the provider is asked too much (429): whatever else goes to it now would be refused too."""


class ProviderAmbiguous(ProviderError):
    """Unknown whether it was accepted (read timeout, 5xx): never blindly tried again."""

    code = "provider_ambiguous"


class TemplateError(DoorstepError):
    """A template is missing, or asks for a variable that is not there."""

    code = "template"


# --- what an author wrote ------------------------------------------------------------------------


class ScenarioError(BadInput):
    """A scenario that cannot be read or cannot be played; names file and line where it has them."""

    code = "scenario"


class JourneyError(DoorstepError):
    """A mistake in journey code. Raised inside the workflow it fails the workflow *task*, so the
    journey waits, unharmed, for a fixed deploy."""

    code = "journey"


def nearest(wrong: str, known: Iterable[str], *, alike: float = 0.5) -> str:
    """` Did you mean 'x'?` for the nearest known name, never the name itself, or the empty string. One in which two
    neighbours are swapped is nearest: of order numbers many differ in one place, and that is how they are mistyped,
    with their `#` or without, in either case. `alike`: how like they must be, 1 being the same."""
    names = sorted(name for name in known if name != wrong)
    bare = wrong.lstrip("#").casefold()
    swapped = {bare[:n] + bare[n + 1] + bare[n] + bare[n + 2 :] for n in range(len(bare) - 1)} - {bare}
    close = [name for name in names if name.lstrip("#").casefold() in swapped]
    close = close or difflib.get_close_matches(wrong, names, n=1, cutoff=alike)
    return f" Did you mean '{close[0]}'?" if close else ""
