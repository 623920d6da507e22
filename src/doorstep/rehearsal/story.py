"""A rehearsed timeline with claims that read well in a test, each of which shows the whole timeline when it fails.

story = rehearse("tea", "late-parcel")
story.sends("delayed", day=5)
story.does_not_send("review-request", because="not_relevant")
story.sends_in_order("order-confirmation", "shipped", "delivered")
story.ends("completed")

A claim about a step, channel or purpose that is none fails: it would hold whatever the journey does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from doorstep.domain.messages import Channel, Purpose
from doorstep.errors import nearest
from doorstep.rehearsal import terminal
from doorstep.rehearsal.exploring import steps as source
from doorstep.rehearsal.timeline import Timeline, Touch
from doorstep.workflows import registry


class Story:
    """Claims about one timeline; `timeline` is the data itself. Every claim raises `AssertionError`. `journey`: the
    class that was played, by default the published one of the timeline's name: its code tells what steps there are."""

    def __init__(self, timeline: Timeline, journey: type[Any] | None = None) -> None:
        self.timeline = timeline
        self._journey = journey or registry.journeys().get(timeline.journey)

    def __repr__(self) -> str:
        return f"<{self.timeline.journey} in {self.timeline.scenario}: {self.timeline.outcome}>"

    def is_sound(self) -> Story:
        """Nothing must be mended: no template misses a variable, nothing raised, the journey ended."""
        if self.timeline.problems:
            self._fail("must be mended: " + "; ".join(self.timeline.problems))
        return self

    def sends(
        self, step: str, *, day: int | None = None, channel: str = "", times: int | None = None
    ) -> Story:
        """The step (or `step:occurrence`) reaches the customer: on that local day after the order, on that channel,
        so many times, where these are named. Raises `TypeError` for a day or a number that is none."""
        for name, number in (("day", day), ("times", times)):
            if number is not None:
                _whole("sends", name, number)
        self._known(step)
        if channel:
            self._one_of(channel, Channel, "channel")
        sent = [t for t in self._touches(step) if t.sent]
        if not sent:
            became = [f"{t.outcome} ({t.reason or t.detail})" for t in self._touches(step)]
            near = self._near(step) or self._others(step)
            self._fail(f"'{step}' is not sent: {', '.join(became) or 'it never comes up'}.{near}")
        if times is not None and len(sent) != times:
            self._fail(f"'{step}' is sent {len(sent)} times, not {times}.")
        fits = [t for t in sent if channel in ("", t.channel) and day in (None, self.timeline.day(t.at))]
        if not fits:
            really = ", ".join(f"day {self.timeline.day(t.at)} by {t.channel}" for t in sent)
            wanted = " ".join(
                w for w in (f"on day {day}" * (day is not None), f"by {channel}" * bool(channel)) if w
            )
            self._fail(f"'{step}' is not sent {wanted}, but on {really}.")
        return self

    def does_not_send(self, step: str, *, because: str = "") -> Story:
        """The step never reaches the customer; `because` is the skip reason, or whole words of what became of it.
        Raises `ValueError` for a reason that says nothing."""
        if because and not because.strip():
            raise ValueError(
                f"does_not_send: because={because!r} says nothing. "
                "Name the skip reason, such as because='not_relevant', or leave it out."
            )
        self._known(step)
        self._known_about(step)
        touches = self._touches(step)
        if any(t.sent for t in touches):
            self._fail(f"'{step}' is sent.")
        if because and not any(_became(t, because) for t in touches):
            became = ", ".join(t.reason or t.outcome for t in touches) or "it never comes up"
            self._fail(f"'{step}' is not sent, but not because of '{because}': {became}.{self._near(step)}")
        return self

    def sends_in_order(self, *steps: str) -> Story:
        """These are sent, each before the next; others may come between. Raises `ValueError` for none, and
        `TypeError` for a list of them."""
        if not steps:
            raise ValueError(
                "sends_in_order() names no step, which holds for every story. "
                "Name them, such as sends_in_order('shipped', 'delivered')."
            )
        given: tuple[Any, ...] = steps
        if len(given) == 1 and isinstance(given[0], list | tuple):
            raise TypeError(
                f"sends_in_order() takes steps one by one, not a {type(given[0]).__name__} of them. "
                f"Write sends_in_order({', '.join(map(repr, given[0]))})."
            )
        for step in steps:
            self._known(step)
        names = [t.step for t in self.timeline.sent]
        position = 0
        for step in steps:
            if step not in names[position:]:
                self._fail(
                    f"'{step}' is not sent after {', '.join(steps[: steps.index(step)]) or 'the order'}."
                    f"{self._near(step)}"
                )
            position = names.index(step, position) + 1
        return self

    def sends_at_most(self, most: int, *, within_days: int, purpose: str = "marketing") -> Story:
        """In no window of so many days does the customer get more than `most` messages of that purpose. Raises
        `ValueError` for a window of no days and for less than no message, `TypeError` for what is no number."""
        _whole("sends_at_most", "most", most)
        _whole("sends_at_most", "within_days", within_days)
        if within_days < 1:
            raise ValueError(
                f"sends_at_most: within_days={within_days} is no window. "
                "Give a whole number of days, at least 1, such as within_days=7."
            )
        if most < 0:
            raise ValueError(
                f"sends_at_most: {most} is no number of messages. "
                "Give a whole number, at least 0: 0 says that none is sent."
            )
        self._one_of(purpose, Purpose, "purpose")
        at = sorted(t.at for t in self.timeline.sent if t.purpose == purpose)
        for first in at:
            count = sum(0 <= (other - first).total_seconds() < within_days * 86_400 for other in at)
            if count > most:
                day = self.timeline.day(first)
                self._fail(
                    f"From day {day} on {count} {purpose} messages go out in {within_days} days, not {most}."
                )
        return self

    def ends(self, outcome: str) -> Story:
        """The first order's journey ends so."""
        if self.timeline.outcome != outcome:
            self._fail(f"It ends '{self.timeline.outcome or 'not at all'}', not '{outcome}'.")
        return self

    def _touches(self, step: str) -> Sequence[Touch]:
        return [t for t in self.timeline.touches if step in (t.step, t.name)]

    def _near(self, step: str) -> str:
        known = self._steps()
        name = step.partition(":")[0]
        return "" if name in known else nearest(name, known)

    def _steps(self) -> set[str]:
        """Those that came up, and those that the code names."""
        named = source.steps(self._journey) if self._journey is not None else ()
        return {*(t.step for t in self.timeline.touches), *named}

    def _known(self, step: str) -> None:
        """Fails for a step (or `step:occurrence`) that can be none of the journey's. Raises `TypeError` for what is no
        text."""
        if not isinstance(step, str):
            raise TypeError(f"A step is named by a text, such as 'shipped', not by {step!r:.40}.")
        if self._journey is None or self._touches(step):
            return
        parts = step.split(":")
        names = [":".join(parts[:n]) for n in range(1, len(parts) + 1)]
        if not any(name in self._steps() or source.may_have(self._journey, name) for name in names):
            self._fail(f"{self.timeline.journey} has no step '{step}'.{self._near(step)}")

    def _known_about(self, step: str) -> None:
        """Fails for a `step:occurrence` of a step that came up about other things only."""
        if not self._touches(step) and (others := self._others(step)):
            self._fail(f"'{step}' never comes up.{others}")

    def _others(self, step: str) -> str:
        """What a step named with an occurrence was about, where it came up at all; else nothing."""
        name, _, occurrence = step.partition(":")
        names = (
            sorted({t.name for t in self._touches(name)}) if occurrence and not self._touches(step) else []
        )
        return f" There were: {', '.join(repr(one) for one in names)}." if names else ""

    def _one_of(self, word: str, known: Iterable[str], what: str) -> None:
        """Fails for a word that is none of its kind."""
        names = [str(name) for name in known]
        if word not in names:
            self._fail(f"There is no {what} '{word}'.{nearest(word, names)} There are: {', '.join(names)}.")

    def _fail(self, what: str) -> None:
        __tracebackhide__ = True
        raise AssertionError("\n".join([what, "", *terminal.page(self.timeline)]))


def _became(touch: Touch, because: str) -> bool:
    """Whether that is its reason or outcome, or stands in what became of it: in whole words, for a letter would stand
    in anything."""
    words = re.compile(rf"(?<!\w){re.escape(because.strip())}(?!\w)")
    return because in (touch.reason, touch.outcome) or words.search(touch.detail) is not None


def _whole(claim: str, name: str, given: Any) -> None:
    """Raises `TypeError` for what is no whole number: no day is the text '5'."""
    if not isinstance(given, int) or isinstance(given, bool):
        raise TypeError(f"{claim}: {name}={given!r} is no whole number. Write one, such as {name}=5.")
