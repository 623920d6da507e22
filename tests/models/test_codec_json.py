"""Domain values survive the JSON of a column."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from doorstep import contracts
from doorstep.domain import customers, outcomes
from doorstep.domain.events import Envelope
from doorstep.domain.messages import Channel, Message, Purpose, Receipt, Rendered
from doorstep.domain.orders import OrderState, Return
from doorstep.domain.outcomes import Outcome, OutcomeKind, RuleTrace, SkipReason, TouchState, Verdict
from doorstep.domain.touches import LedgerRow
from doorstep.models.codec_json import from_json, order_json, order_state, to_json
from shop import LINES, NOON, STATE, a_request

TRACE = (
    RuleTrace(rule="consent", verdict=Verdict.PASS, facts={"n": 1, "list": ["a", None], "deep": {"x": 1.5}}),
    RuleTrace(rule="frequency", verdict=Verdict.DEFER, detail="full"),
)
REQUEST = replace(
    a_request(occurrence="shipment:shp_a:delivered"),
    channels=(Channel.SMS, Channel.EMAIL),
    items=("l1",),
    offered=("cream",),
    context={"offer": {"code": "X", "percent": 10}},
    prompted=True,
)
OUTCOME = Outcome(
    kind=OutcomeKind.DEFERRED, reason=SkipReason.FREQUENCY_CAPPED, until=NOON, channel=Channel.SMS
)
FULL = replace(
    STATE,
    cancelled_at=NOON,
    erased_at=NOON + timedelta(microseconds=1),
    refunds={"r1": (("l1", 1),), "r2": ()},
    returns={"t1": Return(lines=(("l2", 1),), cancelled=True)},
    complaints={"c1": NOON},
    resolutions={"c1": NOON + timedelta(days=1)},
)
ENVELOPE = Envelope(
    id="1", fact_key="f", type="order.placed", occurred_at=NOON, received_at=NOON, connection="c",
    data={"lines": [{"ref": "l1", "quantity": 1}], "total_minor": 5},
)  # fmt: skip
RENDERED = Rendered(
    channel=Channel.EMAIL, subject="s", html="h", text="t", template="x", template_digest="d", digest="e"
)
VALUES: list[Any] = [
    FULL,
    OrderState(),
    LINES[0],
    ENVELOPE,
    REQUEST,
    OUTCOME,
    TRACE[0],
    LedgerRow(request=REQUEST, state=TouchState.SENDING, sending_at=NOON, tried=(Channel.SMS,), channel=None),
    outcomes.Send(channel=Channel.EMAIL, trace=TRACE),
    outcomes.Defer(until=NOON, reason=SkipReason.OPEN_EXCEPTION, trace=TRACE),
    outcomes.Skip(reason=SkipReason.HOLDOUT, shadow=True),
    customers.StorePolicy(),
    customers.Consent(
        channel=Channel.SMS, purpose=Purpose.MARKETING, granted=False, at=NOON, source="STOP"
    ),
    customers.Suppression(channel=Channel.EMAIL, cause=customers.SuppressionCause.BOUNCE, since=NOON),
    customers.CountedTouch(key="k", at=NOON, state=TouchState.UNKNOWN, shadow=True),
    customers.WaitingTouch(key="k", priority=3, due_at=NOON, expires_at=NOON),
    customers.Facts(person_ref="p", zone="UTC", reachable=frozenset({Channel.SMS}), order=FULL),
    RENDERED,
    Message(
        key="k", fence=1, store_id="s", journey_id="j", order_ref="o", to="x", purpose=Purpose.MARKETING,
        rendered=RENDERED, at=NOON, headers={"List-Unsubscribe": "<https://x>"},
    ),
    Receipt(provider="p", provider_message_id="1", detail={"accepted": 1}),
    contracts.Wait(kind="touch", name="care-guide", until=NOON, occurrence="o"),
    contracts.Projection(
        journey_id="j", revision=3, at=NOON, phase="shipped", waits=(contracts.Wait(kind="event", name="x"),),
        records=(contracts.StepRecord(request=REQUEST, outcome=OUTCOME, trace=TRACE),),
        actions=(contracts.ActionDone(action_id="a", result=contracts.ActionResult(applied=True)),),
        exited_at=NOON,
    ),
    contracts.JourneyStart(
        journey_id="j", store_id="s", order_ref="o", person_ref="p", placed=ENVELOPE, zone="UTC",
        events=(ENVELOPE,), settle=timedelta(milliseconds=1500),
    ),
    contracts.Action(id="a", kind=contracts.ActionKind.RESUME, catch_up=contracts.CatchUp.SHIFT),
    contracts.JourneyView(
        journey_id="j", phase="x", paused=True, waits=(), steps={"k": OUTCOME}, exit_cause="erased"
    ),
    contracts.RunOut(product_ref="p", at=NOON, confidence=0.5, basis="merchant"),
    contracts.TicketRequest(
        key="k", journey_id="j", store_id="s", order_ref="o", person_ref="p", reason="r", at=NOON
    ),
    contracts.PointsRequest(
        key="k", journey_id="j", store_id="s", order_ref="o", person_ref="p", points=-5, reason="r", at=NOON,
        reverses="k0",
    ),
    contracts.AdviceRequest(journey_id="j", store_id="s", order_ref="o", person_ref="p", as_of=NOON),
    contracts.ClaimRequest(action_id="a", journey_id="j", at=NOON),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_comes_back_from_json_as_it_was(value: Any) -> None:
    """Every domain type survives real JSON text, tuples and instants and enums included."""
    text = json.dumps(to_json(type(value), value))
    assert from_json(type(value), json.loads(text)) == value


def test_an_empty_column_is_an_order_of_which_nothing_is_known() -> None:
    """A new order's row has `{}`; that is the empty state."""
    assert order_state({}) == OrderState()
    assert order_state(order_json(OrderState())) == OrderState()


def test_a_damaged_column_is_an_error_and_not_half_a_state() -> None:
    """What does not fit is refused where it is read."""
    with pytest.raises(ValidationError):
        order_state({"lines": [{"ref": "l1"}]})
