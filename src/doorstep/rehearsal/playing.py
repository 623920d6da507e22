"""A scenario played: journeys on engines, their world, and what the scenario says happens when.

Time goes on in one line for all journeys of the scenario: whatever is due first, of any of them, happens first. What
the scenario tells at an instant comes after what was due by then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from doorstep.contracts import ACT_UPDATE, DELIVER_SIGNAL, Action, ActionResult
from doorstep.converter import IN_PROCESS
from doorstep.rehearsal import carried, checking, words
from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.inbox import Heard, message_event
from doorstep.rehearsal.moments import After
from doorstep.rehearsal.providers import Fails
from doorstep.rehearsal.records import OrderRecord, PersonRecord
from doorstep.rehearsal.scenario import (
    FIRST,
    Entry,
    Failing,
    Ordered,
    Reported,
    Scenario,
    Steered,
    Told,
)
from doorstep.rehearsal.script import Script
from doorstep.rehearsal.telling import Body, Teller
from doorstep.rehearsal.timeline import Happening, Kind
from doorstep.rehearsal.trouble import RehearsalError
from doorstep.rehearsal.unanswered import never_came
from doorstep.rehearsal.unchanged import unchanged_by_json
from doorstep.rehearsal.world import World


class Play:
    """One scenario on its way. `engines` by journey id; `happened` what was told, for the timeline; `lacks`: steps of a
    scenario that came with Doorstep which this journey does not have."""

    def __init__(
        self,
        scenario: Scenario,
        world: World,
        person: PersonRecord,
        journey: type[Any],
        placed: datetime,
        *,
        sandboxed: bool | None = False,
        traced: bool = False,
        later_first: bool = False,
    ) -> None:
        self.scenario, self.world, self.person = scenario, world, person
        self.journey, self.placed, self.sandboxed, self._traced = journey, placed, sandboxed, traced
        self._later_first = later_first
        self.teller = Teller(scenario, placed)
        self.engines: dict[str, Engine] = {}
        self.happened: list[Happening] = []
        self.problems: list[str] = []
        self.lacks: list[str] = []
        self.now = placed
        self.script = Script(scenario, self.teller)
        self._read = 0
        self._actions = 0
        self.names = {self.teller.journey_id(name): name for name in scenario.orders}
        """Journey → the scenario's name of its order."""

    # --- time -------------------------------------------------------------------------------------------

    def run(self) -> None:
        """To the end of every journey, or as far as anything happens by itself."""
        while True:
            engine, due = self._first_due()
            told = self.script.next_at
            if engine is not None and due is not None and (told is None or due <= told):
                self._go(engine, due)
            elif told is not None:
                at, number, entry = self.script.pop()
                self.now = max(self.now, at)
                self._happen(at, number, entry)
            else:
                break
        rows = self.world.records.rows.get(self.person.ref, {})
        came = {row.request.step: row.state.value for row in rows.values()}
        touches = {(row.request.step, row.request.occurrence) for row in rows.values()}
        missed = never_came(self.scenario, self.journey, came, touches, self.script, self.now)
        self.problems += missed.problems
        self.lacks += missed.lacks
        self.happened += missed.notes

    def _first_due(self) -> tuple[Engine | None, datetime | None]:
        """The journey that acts next, and when; of two in one instant the one that started first, or last."""
        found: tuple[Engine | None, datetime | None] = (None, None)
        started = self.engines.values()
        for engine in reversed(started) if self._later_first else started:
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
            f"{self.names.get(engine.workflow_id, 'a journey')}: {error.what} {error.mend}".rstrip()
        )
        engine.close()
        del self.engines[engine.workflow_id]

    def _answer_messages(self) -> None:
        """What the customer does after a message: `at: 3h after review-request`, to the second."""
        while self._read < len(self.world.sent):
            message = self.world.sent[self._read]
            self._read += 1
            row = self.world.records.rows[self.person.ref][message.key]
            self.script.sent(row.request.step, self.names.get(message.journey_id, FIRST), message.at)

    # --- what happens -------------------------------------------------------------------------------------

    def _happen(self, at: datetime, number: int, entry: Entry | None) -> None:
        match entry:
            case None:
                self._tell(self.teller.first(), at, None, self.placed)
            case Told():
                happened = self.script.happened(entry, at)
                body = self.teller.told(entry, happened, number)
                for _ in range(entry.times):
                    self._tell(body, at, entry, happened)
            case Ordered():
                happened = self.script.happened(entry, at)
                body = self.teller.ordered(entry, happened)
                for _ in range(entry.times):
                    self._tell(body, at, entry, happened)
            case Reported():
                self._report(entry, at)
            case Failing():
                self._fail(entry, at)
            case Steered():
                self._steer(entry, at)

    def _tell(self, body: Body, at: datetime, entry: Told | Ordered | None, happened: datetime) -> None:
        """What an entry, or the first order itself, says. Raises `ScenarioError` with the entry's place."""
        with checking.blaming(self.scenario, entry):
            reading = carried.readable(body, self.scenario, at)
        self.happened.append(
            Happening(
                at=at,
                kind=Kind.EVENT if isinstance(entry, Told) else Kind.ORDER,
                what=str(body["type"]),
                order=FIRST if entry is None else entry.order,
                detail=words.of_event(body, entry, self._order(body)),
                happened_at=happened if happened != at else None,
                subject=str(body.get("subject", "")),
                data=words.shown(body),
                number=len(self.world.records.decisions),
            )
        )
        self._deliver(self.world.hear(self.person, reading, at), at)

    def _order(self, body: Body) -> OrderRecord | None:
        """What is known by now of the order that an event is about."""
        return self.world.records.orders.get(self.teller.order_ref(body["order"]))

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
            traced=self._traced,
            later_first=self._later_first,
            vouched=unchanged_by_json,
        )

    def _report(self, entry: Reported, at: datetime) -> None:
        step = entry.step or (entry.at.step if isinstance(entry.at, After) else "")
        key = self._sent_touch(step, entry.order) if step else ""
        self.world.report(self.person, entry.report, entry.channel, at, key)
        about = f"{entry.channel}: {step}" if step else str(entry.channel)
        ways = dict.fromkeys(m.rendered.channel for m in self.world.sent if key and m.key == key)
        if step and not key:
            about += ", which had not been sent"
        elif ways and entry.channel not in ways:
            about += f", which had gone by {' and '.join(ways)}"
        self.happened.append(
            Happening(
                at=at,
                kind=Kind.REPORT,
                what=entry.report.value,
                order=entry.order,
                detail=about,
                number=len(self.world.records.decisions),
            )
        )
        told = message_event(self.world.records, self.person, entry.report, entry.channel, key, at)
        if told is not None and any(told.type == cls.type for cls in getattr(self.journey, "hears", ())):
            heard = Heard()
            heard.tell(self.teller.journey_id(entry.order), told)
            self._deliver(heard, at)

    def _sent_touch(self, step: str, order: str) -> str:
        """The key of the touch that is spoken of (`step` or `step:occurrence`); empty when nothing was sent."""
        journey, (name, _, occurrence) = self.teller.journey_id(order), step.partition(":")
        for key, row in self.world.records.rows.get(self.person.ref, {}).items():
            told = (row.request.journey_id, row.request.step, occurrence and row.request.occurrence)
            if told == (journey, name, occurrence) and row.attempts:
                return key
        return ""

    def _fail(self, entry: Failing, at: datetime) -> None:
        until = None if entry.lasts is None else at + entry.lasts
        self.world.fail(entry.channel, Fails(entry.fault, at, until, entry.calls))
        span = f"{entry.calls} calls" if entry.lasts is None else f"until {until:%Y-%m-%dT%H:%M}Z"
        self.happened.append(
            Happening(
                at=at,
                kind=Kind.FAULT,
                what=f"{entry.channel} {entry.fault}",
                detail=span,
                number=len(self.world.records.decisions),
            )
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
        open_still = engine is not None and self._go(engine, at)
        before = len(self.world.records.decisions)
        if engine is not None and open_still:
            try:
                update = engine.update(ACT_UPDATE, action.id, id=action.id)
                answer = update.result if update.done else answer
            except RehearsalError as error:
                self._broken(engine, error)
        self._answer_messages()
        self.happened.append(
            Happening(
                at=at,
                kind=Kind.AGENT,
                what=entry.action.value,
                order=entry.order,
                detail=words.of_action(entry, answer),
                number=before,
            )
        )
