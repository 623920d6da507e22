"""A timeline for the terminal: local time, one line for each touch and event, never wider than 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from datetime import datetime

from doorstep.domain.moments import zone
from doorstep.domain.recorded_words import told
from doorstep.rehearsal.scenario import Report
from doorstep.rehearsal.timeline import Happening, Kind, Timeline, Touch
from doorstep.rehearsal.words import of_order, of_touch, usable_from

WIDTH = 100
MARKS = {"sent": "✓", "skipped": "–", "cancelled": "×", "failed": "!", "unknown": "?", "open": "…"}
REASONS = {
    "quiet_hours_expired": "quiet hours",
    "frequency_capped": "too much already",
    "open_exception": "a parcel in trouble",
    "": "the provider's word",
}
"""Why a touch waits, in words: the ledger's reasons are those of a skip."""
_PROVIDERS = (Report.DELIVERED, Report.BOUNCED)
"""What a provider says by itself; the rest of the reports is what the customer did."""
UNENDED = "did not end"
"""Said of a journey without an outcome."""
_LEFT = 29
"""Columns of day and time."""


def page(timeline: Timeline) -> list[str]:
    """The whole timeline."""
    end = ", ".join(
        f"{'it ' * (outcome == UNENDED)}{outcome} on day {day}{of_order(timeline, order)}"
        for order, outcome, day in ends(timeline)
    )
    sent = len(timeline.sent)
    made = _two_sides(
        f"{timeline.scenario}  {timeline.journey}",
        f"{end} · {sent} {'message' if sent == 1 else 'messages'} · {timeline.elapsed_ms:.0f} ms",
    )
    made += textwrap.wrap(timeline.about, WIDTH)
    made += [f"Times are the customer's, {timeline.zone}.", ""]
    shown = ""
    for entry in timeline:
        if isinstance(entry, Happening) and entry.kind is Kind.PHASE:
            if made[-1].startswith("──"):  # nothing happened in it
                del made[-2:]
            made += ["", f"── {entry.what}{of_order(timeline, entry.order)} ".ljust(WIDTH, "─")]
            continue
        left, shown = _left(timeline, entry.at, shown)
        made += _touch(timeline, entry, left) if isinstance(entry, Touch) else _event(timeline, entry, left)
    made += [line for problem in timeline.problems for line in _folded("✗ ", problem, "  ")]
    made += _folded("– ", timeline.note, "  ") if timeline.note else []
    return made


def ends(timeline: Timeline) -> list[tuple[str, str, int]]:
    """Of each order (order, how its journey ended, on which day). One that did not end was followed to the last day."""
    at = {event.order: event.at for event in timeline.events if event.kind is Kind.END}
    return [
        (order, outcome.replace("_", " ") or UNENDED, timeline.day(at.get(order, timeline.ends_at)))
        for order, outcome in timeline.outcomes.items()
    ]


def summary(timelines: Iterable[Timeline]) -> list[str]:
    """One line for each scenario."""
    made = []
    for t in timelines:
        mark = ("–" if t.note else "✓") if t.ok else "✗"
        end = ", ".join(dict.fromkeys(outcome for _, outcome, _ in ends(t)))
        kept = len(t.touches) - len(t.sent)
        made.append(
            f"{mark} {t.scenario:<40} {len(t.sent):>3} sent {kept:>3} not  {end[:28]:<28} {t.elapsed_ms:>6.0f} ms"
        )
        made += [line for problem in t.problems for line in _folded("    ✗ ", problem, "      ")]
        made += _folded("    – ", t.note, "      ") if t.note else []
    return made


def local(timeline: Timeline, text: str) -> str:
    """A recorded sentence as support reads it: its instants by the customer's clock, as everything beside it, and an
    author's condition and an event in words."""
    return told(text, zone(timeline.zone), journey=timeline.journey)


# --- one line ----------------------------------------------------------------------------------------


def _touch(timeline: Timeline, touch: Touch, left: str) -> list[str]:
    name = of_touch(timeline, touch)
    if touch.sent:
        said = f"{MARKS['sent']} {name}"
        words = f"{touch.channel}  {touch.subject or _first_line(touch.text)}".rstrip()
        made = [_cut(f"{left}{said:<33} {words}")]
    else:
        said = f"{MARKS[touch.outcome]} {name}"
        why = f"{touch.outcome}: {touch.reason or local(timeline, touch.detail)}"
        made = _folded(f"{left}{said:<33} ", why, " " * (_LEFT + 2))
        if touch.reason and touch.detail:
            made += _folded(" " * (_LEFT + 2), local(timeline, touch.detail), " " * (_LEFT + 2))
    if touch.deferrals:
        reasons = ", ".join(dict.fromkeys(REASONS.get(d.reason, d.reason) for d in touch.deferrals))
        since = _clock(timeline, touch.deferrals[0].at)
        made += _folded(" " * (_LEFT + 2), f"waited since {since} ({reasons})", " " * (_LEFT + 2))
    return made


def _event(timeline: Timeline, event: Happening, left: str) -> list[str]:
    mark = {Kind.AGENT: "☞ agent", Kind.FAULT: "⚡ provider", Kind.TICKET: "⚑ ticket", Kind.POINTS: "◦ points",
            Kind.REPORT: "· customer", Kind.NOTE: "·", Kind.END: "■"}.get(event.kind, "·")  # fmt: skip
    late = f", of {_clock(timeline, event.happened_at)}" if event.happened_at else ""
    if event.kind is Kind.REPORT and event.what in _PROVIDERS:
        mark = "· provider"
    said = f"{mark} {event.what.replace('_', ' ') if event.kind is Kind.END else event.what}"
    said += f"  {local(timeline, event.detail)}" if event.detail else ""
    said += f", {usable}" if (usable := usable_from(timeline, event)) else ""
    return _folded(left, said + late + of_order(timeline, event.order), " " * (_LEFT + 2))


def _left(timeline: Timeline, at: datetime, shown: str) -> tuple[str, str]:
    here = at.astimezone(zone(timeline.zone))
    day = f"day {timeline.day(at):<3} {here:%a} {here.day:>2} {here:%b}"
    first = day if day != shown else ""
    return f"{first:<19}{here:%H:%M:%S}".ljust(_LEFT), day


def _clock(timeline: Timeline, at: datetime) -> str:
    here = at.astimezone(zone(timeline.zone))
    return f"day {timeline.day(at)} {here:%H:%M}"


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else ""


def _two_sides(left: str, right: str) -> list[str]:
    """On one line, or below each other where they are too long for that."""
    if len(left) + 2 + len(right) > WIDTH:
        return [*textwrap.wrap(left, WIDTH), *textwrap.wrap(right, WIDTH)]
    return [f"{left}{right:>{WIDTH - len(left)}}"]


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"


def _folded(first: str, text: str, rest: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=True)
