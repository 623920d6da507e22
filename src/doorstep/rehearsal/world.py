"""The world of a rehearsal: what a journey reaches through its activities, in memory, with the production code in
between. The gate, the ledger, the touch, the renderer and the advice are the very same; only tables and providers
are made of dictionaries here.

    world = World(Records(shop=…, persons={…}), renderer)
    heard = world.hear(body, at)                  # a body of the signed event API
    engine = Engine(…, activities=world.activities())
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio.exceptions import ApplicationError

from doorstep import contracts, loyalty
from doorstep.contracts import (
    Action,
    AdviceRequest,
    ClaimRequest,
    JourneyStart,
    PointsRequest,
    Projection,
    RunOut,
    TicketRequest,
)
from doorstep.domain.customers import SuppressionCause
from doorstep.domain.facts import OrderPlaced
from doorstep.domain.ids import digest
from doorstep.domain.messages import Channel, Message, Receipt, Rendered
from doorstep.domain.outcomes import Outcome
from doorstep.domain.touches import TouchRequest
from doorstep.errors import DoorstepError, TemplateError
from doorstep.failures import as_failure
from doorstep.ports import Ports, Renderer
from doorstep.rehearsal import advice, inbox
from doorstep.rehearsal.activities import ActivityCall, ActivityFunction
from doorstep.rehearsal.inbox import Heard
from doorstep.rehearsal.memory import Links, MemoryStore, plain_links, suppressing
from doorstep.rehearsal.providers import FailingSender, Fails
from doorstep.rehearsal.records import PersonRecord, PointsRecord, Records, TicketRecord
from doorstep.rehearsal.scenario import PROVIDED, Report
from doorstep.sources.base import Reading
from doorstep.touch import decision_time, perform, record, reported

SETTLE = timedelta(seconds=2)
CAUSES = {
    Report.BOUNCED: SuppressionCause.BOUNCE,
    Report.SPAM: SuppressionCause.COMPLAINT,
    Report.STOPPED: SuppressionCause.STOP,
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What must be mended before this could run for real: a template that cannot be rendered, a rule that cannot
    be read."""

    at: datetime
    step: str
    what: str
    template: str


class World:
    """Everything a journey meets. `sent`: each message a provider took, with its body, oldest first."""

    def __init__(
        self,
        records: Records,
        renderer: Renderer,
        *,
        links: Links = plain_links,
        settle: timedelta = SETTLE,
        channels: tuple[Channel, ...] = PROVIDED,
    ) -> None:
        """`channels`: those a provider is set up for. `settle`: the journeys' settle window."""
        self.records, self.settle = records, settle
        self.store = MemoryStore(records, links, told=not isinstance(renderer, Unrendered))
        self.sent: list[Message] = []
        self.troubles: list[Trouble] = []
        self.senders = {c: FailingSender(channel=c, took=self.sent.append) for c in channels}
        self.ports = Ports(store=self.store, renderer=renderer, senders=dict(self.senders))

    # --- what comes in ----------------------------------------------------------------------------------

    def hear(self, person: PersonRecord, reading: Reading, at: datetime) -> Heard:
        """Take in a webhook of that person at that time (aware UTC); answers whom to tell what."""
        return inbox.take(self.records, person, reading, at)

    def start_of(self, order_ref: str, heard: Heard) -> JourneyStart:
        """What the journey of an order is started with, as the gateway makes it."""
        order = self.records.orders[order_ref]
        person, shop = self.records.persons[order.person_ref], self.records.shop
        told = heard.told[order.journey_id]
        placed = next(e for e in told if e.type == OrderPlaced.type)
        assert order.placed_at is not None
        earlier = [
            o for o in self.records.orders_of(person.ref) if o.placed_at and o.placed_at < order.placed_at
        ]
        earned = sum(
            p.points for p in self.records.points.values()
            if p.person_ref == person.ref and p.at < order.placed_at
        )  # fmt: skip
        return JourneyStart(
            journey_id=order.journey_id,
            store_id=shop.id,
            order_ref=order.ref,
            person_ref=person.ref,
            placed=placed,
            zone=person.zone,
            locale=person.locale or shop.locale,
            country=order.country or person.country or shop.country,
            window=shop.policy.window,
            settle=self.settle,
            first_order=not earlier,
            vip=loyalty.tier(earned).name == loyalty.TIERS[-1].name,
            events=tuple(sorted((e for e in told if e.id != placed.id), key=lambda e: (e.occurred_at, e.id))),
        )

    def report(
        self, person: PersonRecord, report: Report, channel: Channel, at: datetime, touch_key: str = ""
    ) -> None:
        """What a provider says, as its webhook would: any word about one of our messages proves that it was taken; a
        dead address, a complaint and STOP go on the never-send list, START takes a number off it."""
        if touch_key:
            receipt = Receipt(provider="rehearsal", provider_message_id="")
            reported(
                self.store,
                store_id=self.records.shop.id,
                person_ref=person.ref,
                key=touch_key,
                receipt=receipt,
                at=at,
            )
        if report in CAUSES and channel in person.addresses:
            person.suppressions = suppressing(person.suppressions, channel, CAUSES[report], at)
        if report is Report.STARTED:
            stop = (channel, SuppressionCause.STOP)
            person.suppressions = tuple(s for s in person.suppressions if (s.channel, s.cause) != stop)

    def fail(self, channel: Channel, fails: Fails) -> None:
        """From now on a provider fails as told."""
        self.senders[channel].faults.append(fails)

    # --- what journeys ask for ----------------------------------------------------------------------------

    def activities(self) -> dict[str, ActivityFunction]:
        """Every activity of `contracts`, for an engine."""
        return {
            contracts.TOUCH: self.touch,
            contracts.PROJECT: self.project,
            contracts.CLAIM_ACTION: self.claim_action,
            contracts.OPEN_TICKET: self.open_ticket,
            contracts.MOVE_POINTS: self.move_points,
            contracts.RECOMMEND: self.recommend,
            contracts.PREDICT_RUN_OUT: self.predict_run_out,
        }

    def touch(self, call: ActivityCall, request: TouchRequest) -> Outcome:
        """Gate, ledger, render, send. What only a person can mend is remembered as trouble and ends the touch:
        a rehearsal waits for nobody."""
        at = decision_time(
            request.as_of, call.scheduled_time, call.current_attempt_scheduled_time, call.started_time
        )
        try:
            return perform(self.ports, request, at)
        except DoorstepError as error:
            if isinstance(error, TemplateError) or not error.retryable:
                self.troubles.append(
                    Trouble(at, request.step, error.what + f" {error.mend}".rstrip(), request.template)
                )
                raise ApplicationError(str(error), type=error.code, non_retryable=True) from error
            raise as_failure(error) from error

    def project(self, call: ActivityCall, projection: Projection) -> None:
        """The journey's word: steps it ended itself go to the ledger, the rest to its record."""
        before = len(
            self.records.decisions
        )  # what the journey ended itself follows the phase it is told with
        for ended in projection.records:
            record(self.store, ended.request, ended.outcome, projection.at, ended.trace)
        for done in projection.actions:
            self.records.answers.setdefault(done.action_id, done.result)
        row = self.records.journeys[projection.journey_id]
        if projection.revision <= row.revision:
            return
        if projection.phase != row.phase:
            row.phases.append((projection.at, projection.phase, before))
        row.revision, row.phase, row.waits = projection.revision, projection.phase, projection.waits
        row.paused, row.outcome = projection.paused, projection.outcome
        row.status = "closed" if projection.closed else "open"
        row.exited_at = row.exited_at or projection.exited_at
        row.exit_cause = row.exit_cause or projection.exit_cause

    def claim_action(self, call: ActivityCall, request: ClaimRequest) -> Action:
        """An agent's action, for the journey that asks."""
        return self.records.actions[request.action_id]

    def open_ticket(self, call: ActivityCall, request: TicketRequest) -> str:
        """Open a case with support, once per key."""
        self.records.tickets.setdefault(
            request.key,
            TicketRecord(
                key=request.key,
                order_ref=request.order_ref,
                reason=request.reason,
                priority=request.priority,
                at=request.at,
                number=len(self.records.decisions),
            ),
        )
        return f"tkt_{digest(request.key)}"

    def move_points(self, call: ActivityCall, request: PointsRequest) -> int:
        """Move points once per key; a reversal takes back at most what is left of what was given."""
        held = self.records.points.get(request.key)
        if held is not None:
            return held.points
        undone = any(p.reverses == request.key for p in self.records.points.values())
        moved = 0 if undone else request.points
        if request.reverses:
            given = self.records.points.get(request.reverses)
            taken = sum(p.points for p in self.records.points.values() if p.reverses == request.reverses)
            moved = loyalty.movable(request.points, given=given.points if given else 0, taken=-taken)
        self.records.points[request.key] = PointsRecord(
            key=request.key,
            person_ref=request.person_ref,
            order_ref=request.order_ref,
            points=moved,
            reason=request.reason,
            at=request.at,
            available_at=request.available_at,
            reverses=request.reverses,
            number=len(self.records.decisions),
        )
        return moved

    def recommend(self, call: ActivityCall, request: AdviceRequest) -> tuple[str, ...]:
        """Product refs that fit, best first."""
        return advice.recommend(self.records, request)

    def predict_run_out(self, call: ActivityCall, request: AdviceRequest) -> tuple[RunOut, ...]:
        """When products of the order run out, soonest first."""
        return advice.run_outs(self.records, request)


class Unrendered:
    """A renderer that fills nothing in: for searches over thousands of runs. Unknown templates still fail."""

    def __init__(self, renderer: Any) -> None:
        self._renderer = renderer
        self._made: dict[tuple[str, Channel, str], Rendered] = {}

    def channels(self, template: str) -> frozenset[Channel]:
        """As the renderer behind it. Raises `TemplateError` for an unknown name."""
        return self._renderer.channels(template)  # type: ignore[no-any-return] # a ports.Renderer

    def render(self, template: str, channel: Channel, content: dict[str, Any]) -> Rendered:
        """The template's name and its digest for readers of the content's `locale`, no words."""
        locale = content.get("locale", "en")
        made = self._made.get((template, channel, locale))
        if made is None:
            digest_of = getattr(self._renderer, "template_digest", lambda *_, **__: "")
            made = Rendered(
                channel=channel,
                subject="",
                html="",
                text="",
                template=template,
                template_digest=digest_of(template, channel, locale=locale),
                digest="",
            )
            self._made[template, channel, locale] = made
        return made
