"""The gate as a whole: its order, its trace, and each rule that closes or narrows."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from doorstep.domain.customers import Consent, Facts, StorePolicy, Suppression, SuppressionCause
from doorstep.domain.events import Envelope
from doorstep.domain.ids import fraction
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.orders import OrderState, Return
from doorstep.domain.outcomes import Decision, Defer, Send, Skip, SkipReason, Verdict
from doorstep.domain.shipments import Scan, Shipment, ShipmentStatus
from doorstep.policies.gate import RULES, decide
from fakes import NOON, consented, one_line, request

HOUR = timedelta(hours=1)
EMAIL, SMS, PUSH = Channel.EMAIL, Channel.SMS, Channel.PUSH
TRANSACTIONAL: dict[str, Any] = {"purpose": Purpose.TRANSACTIONAL}


def facts(**changes: Any) -> Facts:
    given: dict[str, Any] = {
        "person_ref": "per_1",
        "zone": "UTC",
        "reachable": frozenset(Channel),
        "consents": consented(),
        "order": one_line(),
    }
    return Facts(**(given | changes))


def reason(decision: Decision) -> SkipReason | None:
    return None if isinstance(decision, Send) else decision.reason


def suppressed(channel: Channel, cause: SuppressionCause) -> tuple[Suppression, ...]:
    return (Suppression(channel=channel, cause=cause, since=NOON),)


def word(granted: bool, purpose: Purpose = Purpose.MARKETING, after: timedelta = HOUR) -> Consent:
    return Consent(channel=EMAIL, purpose=purpose, granted=granted, at=NOON + after, source="test")


def told(type_: str, at: datetime) -> Envelope:
    return Envelope(
        id=type_, fact_key=type_, type=type_, occurred_at=at, received_at=at, connection="c", subject="t"
    )


def troubled() -> OrderState:
    scan = Scan(status=ShipmentStatus.EXCEPTION, at=NOON)
    return replace(one_line(), shipments={"s": Shipment(ref="s").with_scan(scan)})


def test_a_touch_that_nothing_speaks_against_goes_and_every_rule_is_in_its_trace() -> None:
    """Send names the preferred channel, and its trace shows all ten rules in order, as JSON."""
    decision = decide(request(channels=(SMS, EMAIL)), facts(), NOON)
    assert isinstance(decision, Send)
    assert decision.channel is SMS
    assert [t.rule for t in decision.trace] == [rule.__name__ for rule in RULES]
    assert all(t.verdict is Verdict.PASS and t.detail.endswith(".") for t in decision.trace)
    json.dumps([dict(t.facts) for t in decision.trace])


def test_the_first_refusal_decides_and_ends_the_trace() -> None:
    """Exited and unconsented and in the night: exited is what it says, and nothing after it was asked."""
    decision = decide(request(), facts(consents=(), exited_at=NOON), NOON + 14 * HOUR)
    assert reason(decision) is SkipReason.EXITED
    assert [t.rule for t in decision.trace] == ["stale", "exited"]
    assert decision.trace[-1].verdict is Verdict.SKIP


def test_at_its_expiry_a_touch_may_still_go_and_after_it_never() -> None:
    """`expires_at` itself is the last useful instant."""
    last = NOON + HOUR
    assert isinstance(decide(request(expires_at=last), facts(), last), Send)
    assert reason(decide(request(expires_at=last), facts(), last + timedelta(seconds=1))) is SkipReason.STALE


@pytest.mark.parametrize("left", [{"exited_at": NOON}, {"order": OrderState(cancelled_at=NOON)}])
def test_after_an_exit_only_the_transactional_farewell_passes(left: dict[str, Any]) -> None:
    """Marketing never, an ordinary transactional touch neither; `after_exit` and transactional does."""
    here = facts(**left)
    assert reason(decide(request(**TRANSACTIONAL), here, NOON)) is SkipReason.EXITED
    assert reason(decide(request(after_exit=True), here, NOON)) is SkipReason.EXITED
    assert isinstance(decide(request(after_exit=True, **TRANSACTIONAL), here, NOON), Send)


def test_after_an_erasure_nothing_passes() -> None:
    """Not even the farewell."""
    erased = facts(order=OrderState(erased_at=NOON))
    assert reason(decide(request(after_exit=True, **TRANSACTIONAL), erased, NOON)) is SkipReason.EXITED


def test_without_an_address_on_any_channel_the_identifier_is_missing() -> None:
    """And with one, that channel is used, and the trace tells which fell."""
    want = request(channels=(SMS, EMAIL))
    assert reason(decide(want, facts(reachable=frozenset()), NOON)) is SkipReason.MISSING_IDENTIFIER
    decision = decide(want, facts(reachable=frozenset({EMAIL})), NOON)
    assert isinstance(decision, Send)
    assert decision.channel is EMAIL
    assert dict(decision.trace[2].facts)["fell"] == {"sms": "the person has no address there"}


def test_a_channel_whose_provider_rejected_the_touch_is_not_asked_again() -> None:
    """The next one is used; when none is left the reason is the rejection."""
    want = request(channels=(SMS, EMAIL))
    decision = decide(want, facts(), NOON, tried=(SMS,))
    assert isinstance(decision, Send)
    assert decision.channel is EMAIL
    assert reason(decide(want, facts(), NOON, tried=(SMS, EMAIL))) is SkipReason.PROVIDER_REJECTED


def test_a_channel_nobody_can_send_on_falls_with_its_reason() -> None:
    """A missing template or provider is told in the trace."""
    decision = decide(request(), facts(), NOON, unavailable={EMAIL: "no provider is set up"})
    assert reason(decision) is SkipReason.MISSING_IDENTIFIER
    assert "no provider is set up" in decision.trace[-1].detail


@pytest.mark.parametrize("cause", list(SuppressionCause))
def test_a_complaint_blocks_marketing_only_and_the_other_suppressions_everything(
    cause: SuppressionCause,
) -> None:
    """On the suppressed channel; another stays open."""
    here = facts(suppressions=suppressed(EMAIL, cause))
    assert reason(decide(request(), here, NOON)) is SkipReason.SUPPRESSED
    transactional = decide(request(**TRANSACTIONAL), here, NOON)
    marketing_only = (SuppressionCause.COMPLAINT, SuppressionCause.ERASURE)
    assert isinstance(transactional, Send) is (cause in marketing_only)
    other = decide(request(channels=(EMAIL, SMS)), here, NOON)
    assert isinstance(other, Send)
    assert other.channel is SMS


def test_an_erased_address_gets_marketing_again_only_after_a_new_yes() -> None:
    """A consent from before the erasure, or of another channel, frees nothing; one given after it does."""
    here = suppressed(EMAIL, SuppressionCause.ERASURE)
    before = facts(suppressions=here, consents=(word(True, after=-HOUR),))
    assert reason(decide(request(), before, NOON)) is SkipReason.SUPPRESSED
    elsewhere = (replace(word(True), channel=SMS), word(True, after=-HOUR))
    assert (
        reason(decide(request(), facts(suppressions=here, consents=elsewhere), NOON)) is SkipReason.SUPPRESSED
    )
    assert isinstance(decide(request(), facts(suppressions=here, consents=(word(True),)), NOON), Send)


def test_marketing_needs_the_last_word_to_be_a_yes() -> None:
    """No word is a no; a later withdrawal wins over an earlier grant, in any order, and on a tie."""
    yes, no = word(True), word(False, after=2 * HOUR)
    assert reason(decide(request(), facts(consents=()), NOON)) is SkipReason.NOT_CONSENTED
    assert isinstance(decide(request(), facts(consents=(yes,)), NOON), Send)
    for words in ((yes, no), (no, yes), (yes, word(False)), (word(False), yes)):
        assert reason(decide(request(), facts(consents=words), NOON)) is SkipReason.NOT_CONSENTED
    assert isinstance(decide(request(), facts(consents=(no, word(True, after=3 * HOUR))), NOON), Send)


def test_transactional_needs_no_consent_but_obeys_a_withdrawal() -> None:
    """And a withdrawn marketing consent does not touch it."""
    want = request(**TRANSACTIONAL)
    assert isinstance(decide(want, facts(consents=()), NOON), Send)
    assert isinstance(decide(want, facts(consents=(word(False),)), NOON), Send)
    withdrawn = facts(consents=(word(False, Purpose.TRANSACTIONAL),))
    assert reason(decide(want, withdrawn, NOON)) is SkipReason.NOT_CONSENTED


def test_marketing_about_what_went_back_is_not_relevant() -> None:
    """By line or product reference; one kept item keeps it relevant, and transactional passes anyway."""
    two = replace(
        one_line(), lines=(*one_line().lines, replace(one_line().lines[0], ref="l2", product_ref="p2"))
    )
    back = facts(order=replace(two, returns={"r": Return(lines=(("l1", 1),))}))
    for items in (("l1",), ("p1",)):
        assert reason(decide(request(items=items), back, NOON)) is SkipReason.NOT_RELEVANT
        assert isinstance(decide(request(items=items, **TRANSACTIONAL), back, NOON), Send)
    assert isinstance(decide(request(items=("l1", "p2")), back, NOON), Send)
    assert isinstance(decide(request(), back, NOON), Send)


def test_marketing_that_recommends_only_what_is_owned_is_not_relevant() -> None:
    """One product that is new to them is enough."""
    here = facts(owned_products=frozenset({"p8", "p9"}))
    assert reason(decide(request(offered=("p8", "p9")), here, NOON)) is SkipReason.NOT_RELEVANT
    assert isinstance(decide(request(offered=("p8", "p7")), here, NOON), Send)


def test_an_open_complaint_silences_marketing_until_it_is_resolved() -> None:
    """Resolved, marketing goes on."""
    opened = one_line().apply(told("complaint.opened", NOON))
    resolved = opened.apply(told("complaint.resolved", NOON + HOUR))
    assert reason(decide(request(), facts(order=opened), NOON)) is SkipReason.NOT_RELEVANT
    assert isinstance(decide(request(), facts(order=resolved), NOON), Send)


def test_trouble_with_a_parcel_holds_marketing_for_six_hours_at_a_time() -> None:
    """Transactional goes: it is what tells the customer."""
    here = facts(order=troubled())
    decision = decide(request(), here, NOON)
    assert isinstance(decision, Defer)
    assert (decision.reason, decision.until) == (SkipReason.OPEN_EXCEPTION, NOON + 6 * HOUR)
    assert isinstance(decide(request(**TRANSACTIONAL), here, NOON), Send)


def test_a_parcel_that_fell_silent_holds_marketing_from_when_a_scan_was_due() -> None:
    """Not before."""
    scan = Scan(status=ShipmentStatus.IN_TRANSIT, at=NOON - HOUR, expect_next_by=NOON)
    here = facts(order=replace(one_line(), shipments={"s": Shipment(ref="s").with_scan(scan)}))
    assert isinstance(decide(request(), here, NOON - timedelta(minutes=1)), Send)
    assert reason(decide(request(), here, NOON + timedelta(minutes=1))) is SkipReason.OPEN_EXCEPTION


def test_marketing_held_for_a_parcel_ends_as_open_exception_not_as_stale() -> None:
    """Asked again whenever it says so, it ends within its usefulness, and says why."""
    want, at, asked = request(), NOON, 0
    decision = decide(want, facts(order=troubled()), at)
    while isinstance(decision, Defer):
        assert at < decision.until < want.expires_at
        at, asked = decision.until, asked + 1
        decision = decide(want, facts(order=troubled()), at)
    assert reason(decision) is SkipReason.OPEN_EXCEPTION
    assert asked < 30


def test_the_holdout_is_asked_last_and_its_skip_fills_the_shadow() -> None:
    """All are held out at 100 percent, none at 0, transactional never; the fraction decides between."""
    policy = StorePolicy(holdout_percent=100.0)
    decision = decide(request(), facts(policy=policy), NOON)
    assert isinstance(decision, Skip)
    assert (decision.reason, decision.shadow) == (SkipReason.HOLDOUT, True)
    assert decision.trace[-1].rule == RULES[-1].__name__ == "holdout"
    assert isinstance(decide(request(**TRANSACTIONAL), facts(policy=policy), NOON), Send)
    share = fraction("holdout", "sto_1", "per_1") * 100
    for percent, out in ((share + 0.01, True), (share, False)):
        verdict = decide(request(), facts(policy=StorePolicy(holdout_percent=percent)), NOON)
        assert (reason(verdict) is SkipReason.HOLDOUT) is out
