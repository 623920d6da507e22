"""Quiet hours: whose, where, and what happens when the window opens too late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from test_gate import EMAIL, SMS, TRANSACTIONAL, facts

from doorstep.domain.customers import StorePolicy
from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import Defer, Send, Skip, SkipReason
from doorstep.policies.gate import decide
from fakes import NOON, request

NIGHT = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
NINE = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


def test_marketing_waits_for_the_window_where_the_person_lives() -> None:
    """Two at night in UTC is eleven in the morning in Tokyo and nine in the evening in New York."""
    decision = decide(request(), facts(), NIGHT)
    assert isinstance(decision, Defer)
    assert (decision.until, decision.reason) == (NINE, SkipReason.QUIET_HOURS_EXPIRED)
    assert isinstance(decide(request(), facts(zone="Asia/Tokyo"), NIGHT), Send)
    west = decide(request(), facts(zone="America/New_York"), NIGHT)
    assert isinstance(west, Defer)
    assert west.until == datetime(2026, 3, 3, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(("hour", "goes"), [(8, False), (9, True), (19, True), (20, False)])
def test_the_window_includes_its_opening_and_not_its_close(hour: int, goes: bool) -> None:
    """Nine sharp goes, twenty sharp waits."""
    at = datetime(2026, 3, 3, hour, 0, tzinfo=UTC)
    assert isinstance(decide(request(), facts(), at), Send) is goes


@pytest.mark.parametrize("channel", list(Channel))
def test_transactional_email_goes_at_night_sms_and_push_only_when_the_person_caused_them(
    channel: Channel,
) -> None:
    """`prompted` says the person's own act just caused it; it does not help marketing."""
    plain = request(channels=(channel,), **TRANSACTIONAL)
    prompted = request(channels=(channel,), prompted=True, **TRANSACTIONAL)
    assert isinstance(decide(plain, facts(), NIGHT), Send) is (channel is EMAIL)
    assert isinstance(decide(prompted, facts(), NIGHT), Send)
    assert isinstance(decide(request(channels=(channel,), prompted=True), facts(), NIGHT), Defer)


def test_a_window_that_opens_after_the_touch_expires_ends_it() -> None:
    """Also when it opens exactly then: nobody wakes in time for that."""
    for expires_at in (NINE - timedelta(hours=1), NINE):
        decision = decide(request(expires_at=expires_at), facts(), NIGHT)
        assert isinstance(decision, Skip)
        assert decision.reason is SkipReason.QUIET_HOURS_EXPIRED


def test_a_transactional_touch_whose_sms_would_come_too_late_goes_by_email() -> None:
    """In time, the preferred channel is waited for; too late, the one that may go now is used."""
    want = {"channels": (SMS, EMAIL), **TRANSACTIONAL}
    assert isinstance(decide(request(**want), facts(), NIGHT), Defer)
    decision = decide(request(expires_at=NIGHT + timedelta(hours=1), **want), facts(), NIGHT)
    assert isinstance(decision, Send)
    assert decision.channel is EMAIL


def test_send_now_overrides_rank_and_quiet_hours_and_nothing_else() -> None:
    """The trace says that they were overridden; the holdout still holds."""
    decision = decide(request(ignore_timing=True), facts(), NIGHT)
    assert isinstance(decision, Send)
    overridden = [t.rule for t in decision.trace if t.facts.get("overridden")]
    assert overridden == ["frequency", "quiet_hours"]
    assert isinstance(decide(request(ignore_timing=True), facts(consents=()), NOON), Skip)
    out = decide(request(ignore_timing=True), facts(policy=StorePolicy(holdout_percent=100)), NIGHT)
    assert isinstance(out, Skip)
    assert out.reason is SkipReason.HOLDOUT
