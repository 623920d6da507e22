"""Our errors in Temporal's words, once for every activity. Failures land in the history, where personal data
must never be: an error that is not ours is told by its kind alone and logged (redacted) here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from temporalio.exceptions import ApplicationError

from doorstep.errors import BadInput, Conflict, DoorstepError, NotFound, ProviderRefused

log = structlog.get_logger(__name__)

#: only a person mends a template, a store's policy or a setting: asked often enough that the mended one goes
#: out soon, seldom enough for a day of it to cost nothing
MENDED_RETRY = timedelta(minutes=5)
#: what names a row that no retry brings back
_FINAL = (NotFound, Conflict)


@contextmanager
def translated() -> Iterator[None]:
    """Errors that may pass or be mended stay retryable (after as long as they say), final ones end the activity."""
    try:
        yield
    except ApplicationError:
        raise
    except DoorstepError as error:
        raise as_failure(error) from None
    except Exception as error:
        log.exception("activity failed", error=type(error).__name__)
        kind = type(error).__name__
        raise ApplicationError(f"{kind}: the worker's log has it.", type=kind) from None


def as_failure(error: DoorstepError) -> ApplicationError:
    """The failure that Temporal is told; its type is the error's stable code."""
    if isinstance(error, _FINAL):
        return ApplicationError(str(error), type=error.code, non_retryable=True)
    if isinstance(error, BadInput) or not error.retryable:
        # A mistake in a policy or template must not cost a customer a transactional message.
        log.error("waits to be mended", code=error.code, what=error.what, mend=error.mend)
        return ApplicationError(str(error), type=error.code, next_retry_delay=MENDED_RETRY)
    delay = error.retry_after if isinstance(error, ProviderRefused) else None
    return ApplicationError(str(error), type=error.code, next_retry_delay=delay)
