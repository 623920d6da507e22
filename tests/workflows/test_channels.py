"""What a touch may be sent by: told as it is asked for, and never held against a journey that is on its way."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from temporalio import workflow

from doorstep.domain.messages import Channel
from doorstep.errors import JourneyError
from doorstep.workflows.touching import check_channels

WRONG: list[Iterable[Channel]] = [("smss",), "sms"]  # type: ignore[list-item]


@pytest.fixture
def replaying(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow.unsafe, "is_replaying", lambda: request.param)


@pytest.mark.parametrize("replaying", [False], indirect=True)
@pytest.mark.parametrize("channels", WRONG)
def test_what_is_no_channel_is_refused(replaying: None, channels: Iterable[Channel]) -> None:
    with pytest.raises(JourneyError):
        check_channels(channels)


@pytest.mark.parametrize("replaying", [True], indirect=True)
@pytest.mark.parametrize("channels", WRONG)
def test_what_is_history_goes_on(replaying: None, channels: Iterable[Channel]) -> None:
    """A release before let it through: its journeys must not be stuck after the upgrade."""
    assert check_channels(channels) == tuple(channels)


@pytest.mark.parametrize("replaying", [False, True], indirect=True)
def test_none_at_all_is_for_the_gate(replaying: None) -> None:
    """Also of what can be gone through only once."""
    assert check_channels(()) == ()
    assert check_channels(channel for channel in (Channel.SMS, Channel.EMAIL)) == (Channel.SMS, Channel.EMAIL)
