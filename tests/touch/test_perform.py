"""One touch without accidents: what is written, what is sent, and what the journey hears."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from doorstep.domain.customers import SuppressionCause
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.outcomes import OutcomeKind, Send, SkipReason, TouchState
from doorstep.errors import ProviderAmbiguous, ProviderRefused, ProviderRejected, TemplateError
from doorstep.touch import decision_time, perform
from fakes import NOON, FakeRenderer, World, consented, lose, request

MINUTE = timedelta(minutes=1)
EMAIL, SMS = Channel.EMAIL, Channel.SMS
BOTH: dict[str, Any] = {"channels": (EMAIL, SMS)}
TRANSACTIONAL: dict[str, Any] = {"purpose": Purpose.TRANSACTIONAL}


def test_a_touch_is_reserved_committed_as_sending_sent_and_accepted() -> None:
    """The row holds digests and the provider's id, never the body; the message carries key and fence."""
    world = World()
    outcome = perform(world.ports, request(), NOON)
    assert (outcome.kind, outcome.channel, outcome.at) == (OutcomeKind.SENT, EMAIL, NOON)
    row, message = world.row(), world.taken[0]
    assert (row.state, row.fence, row.attempts) == (TouchState.ACCEPTED, 1, 1)
    assert (row.provider, row.provider_message_id) == ("email-provider", "email-provider-1")
    assert row.body_digest == message.rendered.digest
    assert (message.key, message.fence, message.to) == ("jny_a:care", 1, "email@example.test")
    assert "Ada" not in repr(row)


def test_the_row_says_sending_before_the_provider_is_called() -> None:
    """So that a crash from here on is noticed."""
    world = World()
    seen = []
    world.store.at_boundary = lambda name: seen.append(world.row().state) if name == "send" else None
    perform(world.ports, request(), NOON)
    assert seen == [TouchState.SENDING]


def test_marketing_email_carries_one_click_unsubscribe_and_nothing_else_does() -> None:
    """RFC 8058: both headers, with the content's own link; none for news of an order, none by SMS."""
    world = World()
    perform(world.ports, request(), NOON)
    perform(world.ports, request("jny_a:confirm", **TRANSACTIONAL), NOON)
    perform(world.ports, request("jny_a:text", channels=(SMS,)), NOON + timedelta(days=2))
    with_it, *without = (m.headers for m in world.taken)
    assert with_it == {
        "List-Unsubscribe": "<https://example.test/u>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert without == [{}, {}]


@pytest.mark.parametrize("end", ["sent", "skipped", "unknown"])
def test_a_touch_that_has_ended_answers_the_same_for_ever(end: str) -> None:
    """Days later, with other facts, and nothing is sent or decided again."""
    world = World()
    if end == "skipped":
        world.person(consents=())
    if end == "unknown":
        world.senders[EMAIL].answers = [ProviderAmbiguous("timed out")]
    first = perform(world.ports, request(), NOON)
    rows, decisions = world.rows, list(world.records.decisions)
    world.person(consents=consented())
    assert perform(world.ports, request(as_of=NOON + 9 * MINUTE), NOON + timedelta(days=9)) == first
    assert world.rows == rows
    assert world.records.decisions == decisions
    assert len(world.taken) == (end == "sent")


def test_a_refusal_is_written_with_its_trace_and_a_deferral_can_go_later() -> None:
    """Two decisions are kept: the deferral and the send."""
    world = World()
    night = NOON.replace(hour=3)
    outcome = perform(world.ports, request(at=night), night)
    assert (outcome.kind, outcome.until) == (OutcomeKind.DEFERRED, NOON.replace(hour=9))
    assert world.row().state is TouchState.DEFERRED
    assert perform(world.ports, request(at=night), NOON).sent
    kinds = [decision for _, decision, _ in world.records.decisions]
    assert [isinstance(d, Send) for d in kinds] == [False, True]
    assert kinds[0].trace[-1].rule == "quiet_hours"


def test_an_opt_out_between_reservation_and_sending_wins() -> None:
    """Nothing is sent, and the second decision is in the books."""
    world = World()
    world.store.at_boundary = lambda name: world.person(consents=()) if name == "content" else None
    outcome = perform(world.ports, request(), NOON)
    assert (outcome.kind, outcome.reason) == (OutcomeKind.SKIPPED, SkipReason.NOT_CONSENTED)
    assert world.taken == []
    assert [isinstance(d, Send) for _, d, _ in world.records.decisions] == [True, False]


@pytest.mark.parametrize("change", [{"addresses": {SMS: "+15550100"}}, {"consents": consented(SMS)}])
def test_a_channel_that_falls_while_rendering_is_replaced_and_rendered_anew(change: dict[str, Any]) -> None:
    """The text that goes is the text of the channel it goes over."""
    world = World()
    world.store.at_boundary = lambda name: world.person(**change) if name == "content" else None
    assert perform(world.ports, request(**BOTH), NOON).channel is SMS
    assert [m.rendered.text for m in world.taken] == ["care-guide/sms: Ada"]


def test_a_rejected_message_goes_over_the_next_channel_under_the_same_key() -> None:
    """A dead address is suppressed for the future; without a next channel the touch is skipped."""
    world = World()
    world.senders[EMAIL].answers = [ProviderRejected("No such mailbox.", suppress=True)]
    assert perform(world.ports, request(**BOTH), NOON).channel is SMS
    assert world.row().tried == (EMAIL,)
    assert [s.cause for s in world.records.persons["per_1"].suppressions] == [SuppressionCause.BOUNCE]
    lone = World()
    lone.senders[EMAIL].answers = [ProviderRejected("No such mailbox.")]
    outcome = perform(lone.ports, request(), NOON)
    assert (outcome.kind, outcome.reason) == (OutcomeKind.SKIPPED, SkipReason.PROVIDER_REJECTED)
    assert "No such mailbox." in outcome.detail
    assert lone.records.persons["per_1"].suppressions == ()


def test_a_refused_message_gives_its_slot_back_and_can_go_later() -> None:
    """Told when to come back it is deferred until then; else the error is raised for the caller's retries."""
    world = World()
    world.senders[EMAIL].answers = [
        ProviderRefused("Slow down.", retry_after=5 * MINUTE),
        ProviderRefused("Nobody there."),
    ]
    outcome = perform(world.ports, request(), NOON)
    assert (outcome.kind, outcome.until) == (OutcomeKind.DEFERRED, NOON + 5 * MINUTE)
    with pytest.raises(ProviderRefused):
        perform(world.ports, request(), NOON + 5 * MINUTE)
    assert (world.row().state, world.row().sending_at) == (TouchState.PLANNED, None)
    assert perform(world.ports, request("jny_b:care"), NOON + 6 * MINUTE).sent


def test_ambiguous_marketing_is_unknown_and_never_tried_again() -> None:
    """It fills its cap: it may have arrived. A surprise is as ambiguous as a read timeout."""
    for error in (ProviderAmbiguous("timed out"), RuntimeError("ada@example.test")):
        world = World(reports=False)
        world.senders[EMAIL].answers = [lose(error)]
        assert perform(world.ports, request(), NOON).kind is OutcomeKind.UNKNOWN
        assert "ada" not in world.row().detail
        assert perform(world.ports, request(), NOON + MINUTE).kind is OutcomeKind.UNKNOWN
        other = perform(world.ports, request("jny_b:care"), NOON + MINUTE)
        assert (other.kind, other.reason) == (OutcomeKind.DEFERRED, SkipReason.FREQUENCY_CAPPED)
        assert len(world.taken) == 1


def test_ambiguous_transactional_waits_out_r_and_goes_again_only_then() -> None:
    """Unless the provider says that it took it."""
    for reports, times in ((True, 1), (False, 2)):
        world = World(reports=reports)
        world.senders[EMAIL].answers = [lose(ProviderAmbiguous("timed out"))]
        want = request(**TRANSACTIONAL)
        outcome = perform(world.ports, want, NOON)
        assert (outcome.kind, outcome.until) == (OutcomeKind.DEFERRED, NOON + 10 * MINUTE)
        early = perform(world.ports, want, NOON + 9 * MINUTE)
        assert early.sent is reports
        assert len(world.taken) == 1
        assert perform(world.ports, want, NOON + 10 * MINUTE).sent
        assert len(world.taken) == times


def test_an_ambiguous_touch_that_the_gate_later_refuses_is_unknown_not_skipped() -> None:
    """`skipped` would claim that nobody got it."""
    world = World(reports=False)
    world.senders[EMAIL].answers = [lose(ProviderAmbiguous("timed out"))]
    perform(world.ports, request(**TRANSACTIONAL), NOON)
    outcome = perform(world.ports, request(**TRANSACTIONAL), NOON + timedelta(days=6))
    assert (outcome.kind, outcome.reason) == (OutcomeKind.UNKNOWN, SkipReason.STALE)


def test_a_proven_refusal_does_not_undo_an_earlier_ambiguous_call() -> None:
    """The first call may still have arrived."""
    world = World(reports=False)
    world.senders[EMAIL].answers = [lose(ProviderAmbiguous("timed out")), ProviderRefused("Nobody there.")]
    want = request(**TRANSACTIONAL)
    perform(world.ports, want, NOON)
    with pytest.raises(ProviderRefused):
        perform(world.ports, want, NOON + 10 * MINUTE)
    assert (world.row().state, world.row().sending_at) == (TouchState.SENDING, NOON)


def test_a_broken_template_raises_and_holds_no_slot() -> None:
    """Another touch takes the slot meanwhile; a fixed deploy sends it."""
    world = World()
    world.renderer.broken = True
    with pytest.raises(TemplateError):
        perform(world.ports, request(**TRANSACTIONAL), NOON)
    with pytest.raises(TemplateError):
        perform(world.ports, request("jny_b:care"), NOON)
    assert {row.state for row in world.rows.values()} == {TouchState.PLANNED}
    world.renderer.broken = False
    assert perform(world.ports, request("jny_c:care"), NOON).sent
    assert perform(world.ports, request(**TRANSACTIONAL), NOON).sent


def test_an_unknown_template_raises_before_anything_is_written() -> None:
    """Nothing to release."""
    world = World()
    with pytest.raises(TemplateError):
        perform(world.ports, request(template="nowhere"), NOON)
    assert world.rows == {}


def test_a_channel_without_provider_or_template_is_passed_over() -> None:
    """And told."""
    world = World()
    del world.ports.senders[EMAIL]
    assert perform(world.ports, request(**BOTH), NOON).channel is SMS
    blank = World()
    ports = replace(blank.ports, renderer=FakeRenderer(frozenset({SMS})))
    outcome = perform(ports, request(), NOON)
    assert outcome.reason is SkipReason.MISSING_IDENTIFIER
    assert "the template is not written for it" in outcome.detail


def test_the_decision_time_moves_with_the_retries_and_never_back() -> None:
    """`as_of` plus how long the activity has been retried and its attempt has lain in the queue."""
    scheduled = NOON + timedelta(seconds=3)
    retried = scheduled + 6 * MINUTE
    assert decision_time(NOON, scheduled, scheduled, scheduled) == NOON
    assert decision_time(NOON, scheduled, retried, retried) == NOON + 6 * MINUTE
    assert decision_time(NOON, scheduled, retried, retried + MINUTE) == NOON + 7 * MINUTE
    assert decision_time(NOON, scheduled, retried, scheduled) == NOON + 6 * MINUTE
    assert decision_time(NOON, scheduled, NOON, NOON) == NOON


def test_who_told_the_provider_to_stop_is_on_the_list_for_that() -> None:
    """Not as a dead address: START, which lifts a STOP and no bounce, must be able to take it off."""
    for error, cause in (
        (ProviderRejected("x", opted_out=True), SuppressionCause.STOP),
        (ProviderRejected("x", suppress=True), SuppressionCause.BOUNCE),
    ):
        world = World()
        world.senders[Channel.EMAIL].answers = [error]
        perform(world.ports, request(), NOON)
        assert [held.cause for held in world.records.persons["per_1"].suppressions] == [cause]
