"""What happened to a touch and what a journey waits for, in a sentence a support agent can say.

Pure. One table of reasons; an unknown word (a newer journey's) is shown as it is rather than hidden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from doorstep.domain.event_words import in_words
from doorstep.domain.messages import Purpose
from doorstep.domain.outcomes import OutcomeKind, SkipReason, TouchState
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.recorded import told as as_told

OPEN = "open"

OUTCOMES = {
    TouchState.PLANNED: OPEN,
    TouchState.RESERVED: OPEN,
    TouchState.SENDING: OPEN,
    TouchState.DEFERRED: OutcomeKind.DEFERRED.value,
    TouchState.ACCEPTED: OutcomeKind.SENT.value,
    TouchState.SKIPPED: OutcomeKind.SKIPPED.value,
    TouchState.CANCELLED: OutcomeKind.CANCELLED.value,
    TouchState.FAILED: OutcomeKind.FAILED.value,
    TouchState.UNKNOWN: OutcomeKind.UNKNOWN.value,
}

REASONS = {
    SkipReason.NOT_CONSENTED: "the person has not agreed to marketing over any channel we could use",
    SkipReason.SUPPRESSED: "the address is on the never-send list (a bounce, a complaint or STOP)",
    SkipReason.FREQUENCY_CAPPED: "the person had as many messages as the store allows in this time",
    SkipReason.QUIET_HOURS_EXPIRED: "it was night where the person lives until it was of no use any more",
    SkipReason.HOLDOUT: "the person is in the comparison group that gets no marketing",
    SkipReason.MISSING_IDENTIFIER: "we know no address of the person on any of its channels",
    SkipReason.NOT_RELEVANT: "it was no longer relevant when it came due",
    SkipReason.OPEN_EXCEPTION: "the delivery is in trouble or a complaint is open, and marketing is held back then",
    SkipReason.EXITED: "the order had left its journey",
    SkipReason.STALE: "the moment for it had passed",
    SkipReason.DUPLICATE: "it had been said already",
    SkipReason.PROVIDER_REJECTED: "the provider refused it for good",
}
_WAITING_FOR = {
    SkipReason.FREQUENCY_CAPPED: "the person had as many messages as the store allows; it waits for a free slot",
    SkipReason.QUIET_HOURS_EXPIRED: "it is outside the hours in which the store may write to this person",
    SkipReason.OPEN_EXCEPTION: "the delivery is in trouble or a complaint is open; marketing waits",
}
_CHANNELS = {"email": "by email", "sms": "by SMS", "push": "as a push message"}
_REPORTED = {
    "delivered": "delivered",
    "opened": "opened",
    "clicked": "clicked",
    "bounced": "bounced: the address is dead",
    "undelivered": "it did not arrive",
    "failed": "the provider gave it up",
    "complained": "reported as spam",
    "unsubscribed": "the person unsubscribed",
}


def why(reason: str | None, *, waiting: bool = False) -> str:
    """A reason in words; the word itself when it is not one of ours."""
    if not reason:
        return ""
    known = SkipReason(reason) if reason in SkipReason else None
    if known is None:
        return reason.replace("_", " ")
    return (_WAITING_FOR.get(known) if waiting else None) or REASONS[known]


def report_detail(data: Mapping[str, Any]) -> str:
    """What a provider's report adds to its type; empty where it adds nothing."""
    if data.get("machine"):
        return "by a machine"
    if data.get("code"):
        return f"error {data['code']}"
    if data.get("status"):
        return f"status {data['status']}"
    return ""


def step_sentence(
    row: Any, reports: Sequence[str], clock: Clock, *, paused: bool = False, journey: str = ""
) -> str:
    """The outcome of one ledger row. `reports`: types of the provider's callbacks, oldest first. `paused`: its journey
    is, which holds whatever waits. `journey`: of which type that is."""
    over, detail = _CHANNELS.get(row.channel or "", ""), as_told(row.detail, clock, journey=journey)
    match row.state:
        case TouchState.ACCEPTED:
            when = clock.words(row.accepted_at or row.sending_at or row.due_at)
            told = [word for kind, word in _REPORTED.items() if kind in reports]
            return _ended(f"Sent {over} on {when}{'; ' + ', '.join(told) if told else ''}")
        case TouchState.SKIPPED:
            return _ended(f"Not sent: {why(row.reason) or detail or 'no reason was recorded'}", detail)
        case TouchState.DEFERRED:
            until = clock.words(row.deferred_until) if row.deferred_until else ""
            waits = _held(until) if paused else f"Waiting{', asked again on ' + until if until else ''}"
            return _ended(f"{waits}: {why(row.reason, waiting=True)}", detail)
        case TouchState.CANCELLED:
            return _ended(f"Cancelled before it went out: {detail or why(row.reason) or 'the journey ended'}")
        case TouchState.FAILED:
            return _ended(f"Could not be sent: {detail or why(row.reason) or 'every try failed'}")
        case TouchState.UNKNOWN:
            return _unknown(row.purpose)
        case TouchState.RESERVED | TouchState.SENDING:
            return _ended(f"Being sent {over} now")
    when = clock.words(row.due_at)
    return _ended(_held(when) if paused else f"Due on {when}")


def _held(when: str) -> str:
    # Its moment may lie ahead or be over: a row is read at any time, and "was due" is true of one of them only.
    return f"Held by the pause{'; it is set for ' + when if when else ''}"


def _unknown(purpose: str) -> str:
    doubt = "It may have gone out: the provider never said."
    if purpose == Purpose.MARKETING:
        return f"{doubt} Marketing is not sent a second time."
    return f"{doubt} It is sent again only if the provider reports nothing in time."


def wait_sentence(
    kind: str, name: str, until: datetime | None, paused: bool, clock: Clock, *, note: str = ""
) -> str:
    """What one wait is for. `note`: why the gate holds it back, by its reason; `until` is then when it is asked again,
    which may be a moment at which nothing can go."""
    when = clock.words(until) if until else ""
    if kind == "touch":
        if paused:
            held = f"set for {when}; while the journey is paused it does not go"
            return f"'{name}' is {held if when else 'held by the pause'}."
        if note and when:
            return f"'{name}' waits, asked again on {when}: {why(note, waiting=True)}."
        return f"'{name}' is due on {when}." if when else f"'{name}' is on its way out."
    if kind == "event":
        told = in_words(name)
        waited = f"Waits to hear that {told}" if told else f"Waits for '{name}'"
        return f"{waited}{', until ' + when + ' at most' if when else ''}."
    return f"Waits for '{name}'{': ' + when if when else ''}."


def headline(
    status: str, phase: str, paused: bool, outcome: str, exit_cause: str, waits: Sequence[str]
) -> str:
    """Where the journey stands and what comes next. `waits`: their sentences, soonest first."""
    if status == "closed":
        ended, cause = outcome.replace("_", " "), exit_cause.replace("_", " ")
        left = f", because of {cause}" if cause and cause != ended else ""
        return f"The journey is over{': ' + ended if ended else ''}{left}."
    if status == "pending":
        return "The order is recorded; its journey has not started yet."
    now = f"In phase '{phase}'" if phase else "Open"
    if paused:
        return f"{now}, paused by an agent: nothing is sent until it is resumed."
    return f"{now}. {waits[0]}" if waits else f"{now}."


def _ended(sentence: str, detail: str = "") -> str:
    # A detail is often a sentence with a full stop of its own.
    text, detail = " ".join(sentence.split()).rstrip(":."), detail.rstrip(".")
    return f"{text} ({detail})." if detail and detail not in text else f"{text}."
