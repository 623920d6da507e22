"""A scenario played: journeys on engines, their world, and what the scenario says happens when.

Time goes on in one line for all journeys of the scenario: whatever is due first, of any of them, happens first. What
the scenario tells at an instant comes after what was due by then.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from doorstep.contracts import ACT_UPDATE, DELIVER_SIGNAL, Action, ActionResult
from doorstep.converter import IN_PROCESS
from doorstep.domain.customers import Suppression, SuppressionCause
from doorstep.errors import ScenarioError
from doorstep.rehearsal import checking
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.inbox import Heard
from doorstep.rehearsal.moments import After, Moment
from doorstep.rehearsal.providers import Fails
from doorstep.rehearsal.records import PersonRecord
from doorstep.rehearsal.scenario import (
    FIRST,
    Entry,
    Failing,
    Ordered,
    Report,
    Reported,
    Scenario,
    Steered,
    Told,
)
from doorstep.rehearsal.telling import ADDRESSES, Body, Teller
from doorstep.rehearsal.timeline import Happening, Kind
from doorstep.rehearsal.trouble import RehearsalError
from doorstep.rehearsal.world import World

LONG_BEFORE = timedelta(days=400)


class Play:
    """One scenario on its way. `engines` by journey id; `happened` what was told, for the timeline."""

    def __init__(
        self,
        scenario: Scenario,
        world: World,
        person: PersonRecord,
        journey: type[Any],
        placed: datetime,
        *,
        sandboxed: bool = False,
    ) -> None:
        self.scenario, self.world, self.person = scenario, world, person
        self.journey, self.placed, self.sandboxed = journey, placed, sandboxed
        self.teller = Teller(scenario, placed)
        self.engines: dict[str, Engine] = {}
        self.happened: list[Happening] = []
        self.problems: list[str] = []
        self.now = placed
        self._queue: list[tuple[datetime, int, Entry | None]] = []
        self._after: list[tuple[int, Entry]] = []
        self._read = 0
        self._actions = 0
        self._names = {self.teller.journey_id(name): name for name in scenario.orders}
        self._write_down()

    def _write_down(self) -> None:
        """When each entry comes. The first order itself is entry number -1."""
        heard = self.scenario.heard
        first = self.teller.resolved(heard) if isinstance(heard, Moment) else self.placed
        heapq.heappush(self._queue, (first, -1, None))
        for number, entry in enumerate(self.scenario.timeline):
            if isinstance(entry.at, After):
                self._after.append((number, entry))
            else:
                heapq.heappush(self._queue, (self._comes(entry), number, entry))

    def _comes(self, entry: Entry) -> datetime:
        assert isinstance(entry.at, Moment)
        at = self.teller.resolved(entry.at)
        heard = getattr(entry, "heard", None)
        if not isinstance(heard, Moment):
            return at
        if (came := self.teller.resolved(heard)) < at:
            where = f"{self.scenario.file}:{entry.line}: " if entry.line else ""
            raise ScenarioError(f"{where}it is heard of ({heard}) before it happens ({entry.at}).")
        return came

    # --- time -------------------------------------------------------------------------------------------

    def run(self) -> None:
        """To the end of every journey, or as far as anything happens by itself."""
        while True:
            engine, due = self._first_due()
            told = self._queue[0][0] if self._queue else None
            if engine is not None and due is not None and (told is None or due <= told):
                self._go(engine, due)
            elif told is not None:
                at, number, entry = heapq.heappop(self._queue)
                self.now = max(self.now, at)
                self._happen(at, number, entry)
            else:
                break
        self._unheard()

    def _first_due(self) -> tuple[Engine | None, datetime | None]:
        """The journey that acts next, and when; of two in one instant the one that started first."""
        found: tuple[Engine | None, datetime | None] = (None, None)
        for engine in self.engines.values():
            due = engine.next_due
            if due is not None and (found[1] is None or due < found[1]):
                found = (engine, due)
        return found

    def _go(self, engine: Engine, until: datetime) -> bool:
        """Lets a journey act as far as `until`; whether it is still there."""
        if engine.done:
            return False
        try:
            if until >= engine.now:
                engine.run_until(until)
        except RehearsalError as error:
            self._broken(engine, error)
            return False
        self.now = max(self.now, until)
        self._answer_messages()
        return not engine.done

    def _broken(self, engine: Engine, error: RehearsalError) -> None:
        self.problems.append(
            f"{self._names.get(engine.workflow_id, 'a journey')}: {error.what} {error.mend}".rstrip()
        )
        engine.close()
        del self.engines[engine.workflow_id]

    def _answer_messages(self) -> None:
        """What the customer does after a message: `at: 3h after review-request`, to the second."""
        while self._read < len(self.world.sent):
            message = self.world.sent[self._read]
            self._read += 1
            row = self.world.records.rows[self.person.ref][message.key]
            order = self._names.get(message.journey_id, FIRST)
            for number, entry in list(self._after):
                assert isinstance(entry.at, After)
                if (entry.at.step, entry.order) == (row.request.step, order):
                    self._after.remove((number, entry))
                    at = (message.at + entry.at.wait).replace(microsecond=0)
                    heapq.heappush(self._queue, (at, number, entry))

    # --- what happens -------------------------------------------------------------------------------------

    def _happen(self, at: datetime, number: int, entry: Entry | None) -> None:
        match entry:
            case None:
                self._tell(self.teller.first(), at, FIRST, Kind.ORDER, self.placed)
            case Told():
                happened = self._happened(entry, at)
                body = self.teller.told(entry, happened, number)
                for _ in range(entry.times):
                    self._tell(body, at, entry.order, Kind.EVENT, happened)
            case Ordered():
                happened = self._happened(entry, at)
                body = self.teller.ordered(entry, happened)
                for _ in range(entry.times):
                    self._tell(body, at, entry.order, Kind.ORDER, happened)
            case Reported():
                self._report(entry, at)
            case Failing():
                self._fail(entry, at)
            case Steered():
                self._steer(entry, at)

    def _happened(self, entry: Entry, at: datetime) -> datetime:
        return self.teller.resolved(entry.at) if isinstance(entry.at, Moment) else at

    def _tell(self, body: Body, at: datetime, order: str, kind: Kind, happened: datetime) -> None:
        reading = checking.read(body, self.scenario, at)
        if reading.problems:
            raise ScenarioError(f"{self.scenario.name}: {reading.problems[0]}")
        self.happened.append(
            Happening(
                at=at,
                kind=kind,
                what=str(body["type"]),
                order=order,
                detail=_detail(body),
                happened_at=happened if happened != at else None,
                data={k: v for k, v in body["data"].items() if k in _SHOWN},
            )
        )
        self._deliver(self.world.hear(self.person, reading, at), at)

    def _deliver(self, heard: Heard, at: datetime) -> None:
        starting = {self.world.records.orders[ref].journey_id: ref for ref in heard.starts}
        for journey, envelopes in heard.told.items():
            if journey in starting:
                self._start(self.world.start_of(starting[journey], heard), at)
                continue
            engine = self.engines.get(journey)
            if engine is not None and self._go(engine, at):
                told = sorted(envelopes, key=lambda e: (e.occurred_at, e.id))
                try:
                    engine.signal(DELIVER_SIGNAL, told)
                except RehearsalError as error:
                    self._broken(engine, error)
                self._answer_messages()

    def _start(self, start: Any, at: datetime) -> None:
        self.world.records.journeys[start.journey_id].status = "open"
        self.engines[start.journey_id] = Engine(
            self.journey,
            start,
            workflow_id=start.journey_id,
            start=at,
            activities=self.world.activities(),
            converter=IN_PROCESS,
            sandboxed=self.sandboxed,
        )

    def _report(self, entry: Reported, at: datetime) -> None:
        self.world.report(self.person, entry.report, entry.channel, at)
        step = entry.step or (entry.at.step if isinstance(entry.at, After) else "")
        about = f"{entry.channel}: {step}" if step else str(entry.channel)
        self.happened.append(
            Happening(at=at, kind=Kind.REPORT, what=entry.report.value, order=entry.order, detail=about)
        )
        if entry.report in (Report.STOPPED, Report.SPAM, Report.STARTED):
            granted = entry.report is Report.STARTED
            word = Told(
                at=Moment(offset=at - self.placed),
                order=entry.order,
                event="consent.granted" if granted else "consent.withdrawn",
                data={"channel": entry.channel.value},
            )
            self._tell(
                self.teller.told(word, at, 10_000 + len(self.happened)), at, entry.order, Kind.EVENT, at
            )

    def _fail(self, entry: Failing, at: datetime) -> None:
        until = None if entry.lasts is None else at + entry.lasts
        self.world.fail(entry.channel, Fails(entry.fault, at, until, entry.calls))
        span = f"{entry.calls} calls" if entry.lasts is None else f"until {until:%Y-%m-%dT%H:%M}Z"
        self.happened.append(
            Happening(at=at, kind=Kind.FAULT, what=f"{entry.channel} {entry.fault}", detail=span)
        )

    def _steer(self, entry: Steered, at: datetime) -> None:
        self._actions += 1
        step, _, occurrence = entry.step.partition(":")
        action = Action(
            id=f"act_{self._actions}",
            kind=entry.action,
            step=step,
            occurrence=occurrence,
            catch_up=entry.catch_up,
        )
        self.world.records.actions[action.id] = action
        engine = self.engines.get(self.teller.journey_id(entry.order))
        answer = ActionResult(applied=False, detail="There is no open journey.")
        if engine is not None and self._go(engine, at):
            try:
                update = engine.update(ACT_UPDATE, action.id, id=action.id)
                answer = update.result if update.done else answer
            except RehearsalError as error:
                self._broken(engine, error)
        self._answer_messages()
        words = " ".join(w for w in (entry.step, _catch_up(entry)) if w)
        refused = "" if answer.applied else f"refused: {answer.detail}"
        detail = "; ".join(w for w in (words, refused or answer.detail) if w)
        self.happened.append(
            Happening(at=at, kind=Kind.AGENT, what=entry.action.value, order=entry.order, detail=detail)
        )

    # --- at the end ---------------------------------------------------------------------------------------

    def _unheard(self) -> None:
        """Entries that follow a touch which was never sent. A step that never was is a mistake of the file's."""
        rows = self.world.records.rows.get(self.person.ref, {})
        steps: Mapping[str, str] = {row.request.step: row.state.value for row in rows.values()}
        for _, entry in self._after:
            assert isinstance(entry.at, After)
            if entry.at.step not in steps:
                from doorstep.errors import nearest

                where = f"{self.scenario.file}:{entry.line}: " if entry.line else ""
                self.problems.append(
                    f"{where}the journey never came to a step '{entry.at.step}'.{nearest(entry.at.step, steps)}"
                )
                continue
            self.happened.append(
                Happening(
                    at=self.now,
                    kind=Kind.NOTE,
                    what=f"never came: {entry.at}",
                    order=entry.order,
                    detail=f"the touch was {steps[entry.at.step]}",
                )
            )


_SHOWN = (
    "rating",
    "lines",
    "amount_minor",
    "substatus",
    "channel",
    "products",
    "expect_next_by",
    "gift",
    "score",
)


def _detail(body: Body) -> str:
    data = body["data"]
    if body["type"] == "order.placed":
        told = [f"{line['quantity']} {line['id']}" for line in data["lines"]]
        return ", ".join([*told, *(["a gift"] if data.get("gift") else [])])
    parts = [f"{k}={_told(data[k])}" for k in _SHOWN if k in data]
    return " ".join([*([str(body["subject"])] if "subject" in body else []), *parts])


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(
            "×".join(str(x) for x in reversed(v)) if isinstance(v, list) else str(v) for v in value
        )
    return str(value)


def _catch_up(entry: Steered) -> str:
    return entry.catch_up.value.replace("_", " ") if entry.action.value == "resume" else ""


def known_before(scenario: Scenario, ref: str, placed: datetime) -> PersonRecord:
    """The scenario's person, as the shop knows them when they order."""
    person = scenario.person
    return PersonRecord(
        ref=ref,
        first_name=person.first_name,
        locale=person.locale,
        zone=person.zone,
        country=person.country,
        addresses={channel: ADDRESSES[channel] for channel in person.reach},
        suppressions=tuple(
            Suppression(channel=c, cause=SuppressionCause.BOUNCE, since=placed - LONG_BEFORE)
            for c in person.suppressed
        ),
    )
