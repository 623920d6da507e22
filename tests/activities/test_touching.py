"""The touch activity: decides at the server's time, and tells Temporal what may be tried again."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from doorstep.activities.touching import TouchActivities
from doorstep.domain.messages import Channel, Message
from doorstep.domain.outcomes import Outcome, OutcomeKind, SkipReason
from doorstep.domain.touches import TouchRequest
from doorstep.errors import (
    BadInput,
    NotFound,
    ProviderRefused,
    SetupError,
    TemplateError,
    Unavailable,
)
from doorstep.failures import MENDED_RETRY, as_failure, translated
from doorstep.ports import Ports
from senders import FakeRenderer, FakeSender
from shop import EMAIL, NOON, PERSON, STORE, a_request


def run(
    ports: Ports, request: TouchRequest, *, late: timedelta = timedelta(), queued: timedelta = timedelta()
) -> Outcome:
    """The activity as the server runs it: this attempt scheduled `late` after the first, and `queued` until a
    worker took it. The server's clock need not be the workflow's."""
    scheduled = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
    env = ActivityEnvironment()
    env.info = dataclasses.replace(
        env.info,
        scheduled_time=scheduled,
        current_attempt_scheduled_time=scheduled + late,
        started_time=scheduled + late + queued,
    )
    return env.run(TouchActivities(ports).touch, request)


def test_a_touch_is_sent_at_the_workflows_time(ports: Ports, sender: FakeSender) -> None:
    """The first attempt decides at `as_of`, whatever the machine's clock says."""
    outcome = run(ports, a_request())
    assert (outcome.kind, outcome.at) == (OutcomeKind.SENT, NOON)
    assert [message.at for message in sender.sent] == [NOON]


def test_time_goes_on_while_an_activity_is_retried(ports: Ports) -> None:
    """Ten hours of retries end in the night: what was decided at noon would go out in quiet hours."""
    outcome = run(ports, a_request(), late=timedelta(hours=10))
    assert (outcome.kind, outcome.reason) == (OutcomeKind.DEFERRED, SkipReason.QUIET_HOURS_EXPIRED)
    stale = run(ports, a_request("other"), late=timedelta(days=4))
    assert (stale.kind, stale.reason) == (OutcomeKind.SKIPPED, SkipReason.STALE)


def test_time_goes_on_while_a_first_attempt_lies_in_the_queue(ports: Ports) -> None:
    """A touch that no worker took for hours is decided at the hour at which one does."""
    outcome = run(ports, a_request(), queued=timedelta(hours=10))
    assert (outcome.kind, outcome.reason) == (OutcomeKind.DEFERRED, SkipReason.QUIET_HOURS_EXPIRED)
    stale = run(ports, a_request("other"), queued=timedelta(days=4))
    assert (stale.kind, stale.reason) == (OutcomeKind.SKIPPED, SkipReason.STALE)


def test_a_refusal_is_tried_again_and_the_touch_is_free_for_it(ports: Ports) -> None:
    """A provider that provably took nothing is an error that Temporal retries; the retry then sends."""
    refuse = [True]

    def answer(message: Message) -> None:
        if refuse:
            raise ProviderRefused("Connection refused.")

    ports = replace(ports, senders={Channel.EMAIL: FakeSender(answer)})
    with pytest.raises(ApplicationError) as caught:
        run(ports, a_request())
    assert not caught.value.non_retryable
    refuse.clear()
    assert run(ports, a_request(), late=timedelta(minutes=1)).sent


def test_a_broken_template_waits_for_a_deploy(ports: Ports) -> None:
    """It stays retryable, slowly: the touch is not lost."""

    class Broken(FakeRenderer):
        def render(self, *_: Any) -> Any:
            raise TemplateError("'care-guide' asks for 'colour', which is not there.")

    with pytest.raises(ApplicationError) as caught:
        run(replace(ports, renderer=Broken()), a_request())
    assert (caught.value.type, caught.value.non_retryable) == ("template", False)
    assert caught.value.next_retry_delay == MENDED_RETRY
    assert run(ports, a_request(), late=MENDED_RETRY).sent


def test_an_unknown_person_ends_the_activity(ports: Ports) -> None:
    """What no retry can mend is not retried."""
    with pytest.raises(ApplicationError) as caught:
        run(ports, a_request(person_ref="per_nobody"))
    assert caught.value.non_retryable


@pytest.mark.parametrize(
    ("error", "final"),
    [
        (NotFound("x"), True),
        (BadInput("x"), False),
        (SetupError("x"), False),
        (Unavailable("x"), False),
        (ProviderRefused("x"), False),
        (TemplateError("x"), False),
    ],
)
def test_every_error_says_whether_it_may_be_tried_again(error: Any, final: bool) -> None:
    """Only what names a row that is not there is final: a policy or setting can be mended meanwhile."""
    failure = as_failure(error)
    assert (failure.non_retryable, failure.type) == (final, error.code)


def test_a_provider_that_says_when_is_heard() -> None:
    """429 with Retry-After: the next attempt waits as told."""
    told = as_failure(ProviderRefused("Too many.", retry_after=timedelta(seconds=90)))
    assert told.next_retry_delay == timedelta(seconds=90)


def test_a_surprise_reaches_the_history_without_its_words() -> None:
    """A stranger's message may hold an address; the history gets the error's kind only."""
    with pytest.raises(ApplicationError) as caught, translated():
        raise RuntimeError(f"could not write to {EMAIL}")
    assert EMAIL not in str(caught.value)
    assert caught.value.type == "RuntimeError"
    assert caught.value.__cause__ is None
    assert not caught.value.non_retryable


def test_one_touch_of_a_person_who_is_not_there_writes_nothing(ports: Ports) -> None:
    """A failed touch leaves no half row."""
    with pytest.raises(ApplicationError):
        run(ports, a_request(person_ref="per_nobody"))
    with ports.store.locked(STORE, PERSON) as tx:
        assert tx.touch(a_request().key) is None
