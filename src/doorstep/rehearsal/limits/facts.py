"""What was true of a person and their orders at any time of a timeline, told from what Doorstep had heard by then.

Written apart from the reducers of `domain.orders` and `policies`: a limit that asked the code it watches would break
together with it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from doorstep.rehearsal.scenario import Report, Scenario
from doorstep.rehearsal.timeline import Happening, Kind, Timeline

BAD_RATING = 2
_BOTH = ("email", "sms", "push")


def told(timeline: Timeline, *, order: str | None = None) -> list[Happening]:
    """Events and orders in the order in which they were heard. What was told of an order that nobody knew yet counts
    from when that order was heard of: until then nobody knows whose it is."""
    known: dict[str, datetime] = {}
    for event in timeline.events:
        if event.kind is Kind.ORDER:
            known.setdefault(event.order, event.at)
    heard = [
        replace(event, at=max(event.at, known[event.order]), happened_at=event.happened_at or event.at)
        for event in timeline.events
        if event.kind in (Kind.EVENT, Kind.ORDER) and order in (None, event.order) and event.order in known
    ]
    return sorted(heard, key=lambda event: event.at)


def happened(event: Happening) -> datetime:
    """When it happened; its sender's clock cannot be ahead of ours."""
    return min(event.happened_at or event.at, event.at)


def nothing_left_since(timeline: Timeline, order: str) -> datetime | None:
    """When Doorstep had heard that the order was cancelled, or that every piece of it or all its money was refunded."""
    held: dict[str, int] = {}
    refunds: dict[str, dict[str, int]] = {}
    paid = bought = added = 0
    currency = ""
    sums: dict[str, int] = {}
    for event in told(timeline, order=order):
        if event.what == "order.cancelled":
            return event.at
        if event.what == "order.placed":
            held = {str(line["id"]): int(line["quantity"]) for line in event.data.get("lines", ())}
            paid, currency = int(event.data.get("total_minor") or 0), str(event.data.get("currency") or "")
            bought = _cost(event)
        if event.what == "order.updated" and "lines" in event.data:
            added = max(0, _cost(event) - bought)
        if event.what == "order.refunded":
            named = {str(ref): int(n) for ref, n in event.data.get("lines", ())}
            before = refunds.get(event.subject, {})  # one refund told twice: the fuller word counts
            refunds[event.subject] = max(before, named, key=lambda lines: sum(lines.values()))
            if (event.data.get("currency") or currency) == currency:
                told_sum = int(event.data.get("amount_minor") or 0)
                sums[event.subject] = max(sums.get(event.subject, 0), told_sum)
        back = {ref: sum(lines.get(ref, 0) for lines in refunds.values()) for ref in held}
        if held and all(back[ref] >= n for ref, n in held.items()):
            return event.at
        if 0 < paid + added <= sum(sums.values()):
            return event.at
    return None


def _cost(event: Happening) -> int:
    """What the lines of an order, or of its edit, cost by their prices."""
    lines = event.data.get("lines", ())
    return sum(int(line.get("price_minor") or 0) * int(line.get("quantity") or 0) for line in lines)


def complained(timeline: Timeline, order: str, at: datetime) -> str:
    """What is complained of and not settled, heard before `at`; or the empty string."""
    open_ones: dict[str, datetime] = {}
    settled: dict[str, datetime] = {}
    for event in told(timeline, order=order):
        if event.at >= at:
            break
        if event.what == "complaint.opened":
            open_ones.setdefault(event.subject, happened(event))
        elif event.what == "complaint.resolved":
            settled.setdefault(event.subject, happened(event))
        elif event.what == "review.submitted" and int(event.data.get("rating", 5)) <= BAD_RATING:
            open_ones.setdefault(f"a rating of {event.data['rating']}", happened(event))
    general = [when for ref, when in settled.items() if ref not in open_ones]
    for ref, since in open_ones.items():
        if ref not in settled and not any(since <= when for when in general):
            return ref if ref.startswith("a rating") else f"complaint {ref}"
    return ""


def agreed(timeline: Timeline, scenario: Scenario, channel: str, at: datetime) -> bool:
    """Whether the latest word on marketing there, of those heard before `at`, was yes; of two words of one instant
    the no counts."""
    words: list[tuple[datetime, bool]] = []
    for event in told(timeline):
        if event.at >= at:
            break
        if event.what == "order.placed" and channel in scenario.person.consents:
            words.append((happened(event), False))
        about = event.data.get("channel") or channel
        if about != channel or event.data.get("purpose", "marketing") != "marketing":
            continue
        if event.what in ("consent.granted", "consent.withdrawn"):
            words.append((happened(event), event.what == "consent.withdrawn"))
    return bool(words) and not max(words)[1]


def closed_to(timeline: Timeline, scenario: Scenario, channel: str, at: datetime) -> str:
    """Why nothing at all may go there any more, as heard before `at`; or the empty string."""
    why = "the address bounced long ago" if channel in scenario.person.suppressed else ""
    if any(event.what == "customer.erased" and event.at < at for event in told(timeline)):
        return "the person had asked to be erased"
    for event in timeline.events:
        if event.at >= at:
            break
        if event.kind is not Kind.REPORT or event.detail.partition(":")[0] != channel:
            continue
        if event.what == Report.BOUNCED:
            return "the address had bounced"
        if event.what == Report.STOPPED:
            why = "they had texted STOP"
        elif event.what == Report.STARTED:
            why = "" if why == "they had texted STOP" else why
    return why
