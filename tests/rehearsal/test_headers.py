"""The first line of a timeline, in the terminal and on the page: how each order's journey ended, and on which day."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

from doorstep.rehearsal import page, terminal
from doorstep.rehearsal.timeline import Happening, Kind, Timeline, Touch

PLACED = datetime(2026, 3, 2, 10, tzinfo=UTC)


def day(number: int) -> datetime:
    return PLACED + timedelta(days=number)


def end(order: str, number: int, outcome: str) -> Happening:
    return Happening(at=day(number), kind=Kind.END, what=outcome, order=order)


def timeline(outcomes: dict[str, str], *events: Happening, scenario: str = "two", last: int = 50) -> Timeline:
    return Timeline(
        scenario=scenario, journey="tea.v1", zone="UTC", placed_at=PLACED, ends_at=day(last), events=events,
        outcomes=outcomes, elapsed_ms=4.0,
    )  # fmt: skip


def facts(told: Timeline) -> str:
    found = re.search(r'class="facts">(.*?)</p>', page.page([told]), re.DOTALL)
    assert found is not None
    return " ".join(unescape(re.sub("<[^>]+>", " ", found[1])).split())


def test_each_order_ends_on_its_own_day() -> None:
    """One order's end stood on the day of the other's."""
    told = timeline(
        {"first": "completed", "second": "never_arrived"},
        end("first", 40, "completed"),
        end("second", 50, "never_arrived"),
    )
    first = terminal.page(told)[0]
    assert "completed on day 40 [first], never arrived on day 50 [second] · 0 messages" in first
    assert "completed on day 40 · first never arrived on day 50 · second" in facts(told)


def test_what_came_after_the_end_does_not_move_it() -> None:
    told = timeline({"first": "completed"}, end("first", 40, "completed"), last=60)
    assert "completed on day 40 · 0 messages" in terminal.page(told)[0]
    assert facts(told).startswith("completed on day 40 ")


def test_one_that_did_not_end_was_followed_to_the_last_day() -> None:
    told = timeline({"first": "", "second": "completed"}, end("second", 40, "completed"))
    assert "it did not end on day 50 [first], completed on day 40 [second]" in terminal.page(told)[0]


def test_beside_a_long_name_nothing_of_it_is_lost() -> None:
    names = [f"order-{n}" for n in range(5)]
    told = timeline(
        dict.fromkeys(names, "never_arrived"),
        *(end(name, 30 + n, "never_arrived") for n, name in enumerate(names)),
        scenario="a-scenario-with-a-name-that-takes-more-than-half-of-the-line",
    )
    lines = terminal.page(told)
    assert max(map(len, lines)) <= 100
    whole = " ".join(lines[: lines.index("Times are the customer's, UTC.")])
    assert told.scenario in whole
    assert all(f"never arrived on day {30 + n} [{name}]" in whole for n, name in enumerate(names))


def test_the_page_counts_whatever_became_of_a_touch() -> None:
    """Those that failed, whose end nobody knows or that are open were left out."""
    states = ("accepted", "skipped", "skipped", "cancelled", "failed", "unknown", "sending")
    touches = tuple(
        Touch(at=PLACED, order="first", key=str(n), step="s", occurrence="", purpose="marketing", state=state,
              due_at=PLACED)
        for n, state in enumerate(states)
    )  # fmt: skip
    told = Timeline(
        scenario="x", journey="tea.v1", zone="UTC", placed_at=PLACED, ends_at=PLACED, touches=touches,
        outcomes={"first": "completed"},
    )  # fmt: skip
    assert "1 sent 2 skipped 1 cancelled 1 failed 1 unknown 1 open" in facts(told)


def test_why_a_touch_failed_is_told_whole() -> None:
    why = "Every try failed for as long as the message was of use, and after that nobody asked any more."
    touch = Touch(at=PLACED, order="first", key="k", step="review-request", occurrence="", purpose="marketing",
                  state="failed", due_at=PLACED, detail=why)  # fmt: skip
    told = Timeline(
        scenario="x", journey="tea.v1", zone="UTC", placed_at=PLACED, ends_at=PLACED, touches=(touch,),
        outcomes={"first": "completed"},
    )  # fmt: skip
    lines = terminal.page(told)
    assert max(map(len, lines)) <= 100
    assert f"! review-request failed: {why}" in " ".join(" ".join(lines).split())
