"""The gate: may this touch go now? Pure: the same request, facts and time give the same answer and trace.

Rules are asked in order and the first refusal decides; the trace holds every rule asked, so support can
read why a message went, or why not and when it may.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from doorstep.domain.customers import Facts
from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import Decision, Defer, RuleTrace, Send, Skip
from doorstep.domain.touches import TouchRequest
from doorstep.domain.values import replace
from doorstep.policies.case import Case, Ruling
from doorstep.policies.consent import consent
from doorstep.policies.frequency import frequency
from doorstep.policies.holdout import holdout
from doorstep.policies.identifier import identifier
from doorstep.policies.quiet_hours import quiet_hours
from doorstep.policies.relevance import relevance
from doorstep.policies.standing import exited, stale
from doorstep.policies.suppression import suppression
from doorstep.policies.trouble import open_exception

RULES: tuple[Callable[[Case], RuleTrace | Ruling], ...] = (
    stale,
    exited,
    identifier,
    suppression,
    consent,
    relevance,
    open_exception,
    frequency,
    quiet_hours,
    holdout,
)
"""Each is in the trace under its function's name."""


def decide(
    request: TouchRequest,
    facts: Facts,
    at: datetime,
    *,
    tried: tuple[Channel, ...] = (),
    unavailable: Mapping[Channel, str] | None = None,
    holding: bool = False,
) -> Decision:
    """Send now, ask again at a given instant, or never.

    `tried`: channels whose provider rejected this touch for good. `unavailable`: channels that cannot carry
    it, with the reason in words. `holding`: the touch has a reservation of its own, so arbitration and
    headroom (which rank touches *before* one gets a slot) no longer apply; caps still do. Raises `BadInput`
    when the person's zone is no IANA name.
    """
    case = Case(request, facts, at, request.channels, tried, unavailable or {}, holding)
    trace: list[RuleTrace] = []
    for rule in RULES:
        ruling = rule(case)
        if isinstance(ruling, RuleTrace):
            trace.append(ruling)
            continue
        trace.append(ruling.trace)
        if ruling.channels is None:
            return _refusal(ruling, tuple(trace))
        case = replace(case, channels=ruling.channels)
    return Send(case.channels[0], tuple(trace))


def _refusal(ruling: Ruling, trace: tuple[RuleTrace, ...]) -> Defer | Skip:
    assert ruling.reason is not None, "a refusal names its reason"
    if ruling.until is not None:
        return Defer(until=ruling.until, reason=ruling.reason, trace=trace)
    return Skip(reason=ruling.reason, trace=trace, shadow=ruling.shadow)
