"""`doorstep explain`: why a message was sent or was not, rule by rule."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from doorstep.cli import base
from doorstep.cli.finding import instant, journey_of, lines, opened

if TYPE_CHECKING:
    from doorstep.api.schemas.explain import Explanation
    from doorstep.api.schemas.plan import PlanAnswer, PlannedTouch
    from doorstep.models import Database
    from doorstep.models.reading.clock import Clock
    from doorstep.models.reading.goods import Moment
    from doorstep.models.reading.views import Decision, JourneyDetail, Rule, Step

TEMPORAL_SECONDS = 5.0


def explain(
    order: Annotated[str, typer.Argument(help="Order number, store's order id, jny_… or ord_….")],
    step: Annotated[str | None, typer.Argument(help="One step; none: all of them.")] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="An instant of its past, as 2026-03-31T10:00+02:00 (without a zone: UTC)."),
    ] = None,
    as_json: base.AsJson = False,
) -> None:
    """Explain each message sent and each not sent: the rules, what they read and when, the next moment it could go.

    Of one that still waits: what the gate would say at that moment over the facts of now, and what would stop it (for
    that Temporal must be there; no worker is needed). With --as-of: what had been decided by then, and what was coming
    then. Nothing is sent.
    """
    from doorstep.api.schemas.explain import Explanation, something_waits

    at = None if as_of is None else instant(as_of)
    with opened() as database:
        detail = journey_of(database, order)
        if at is None:
            plan, note = _ahead(database, detail) if something_waits(detail) else (None, "")
        else:
            detail, plan, note = _then(database, detail, at)
    told = Explanation.of(detail, step, plan, _steps_of, note, as_of=at)
    if as_json:
        base.emit(told.model_dump(mode="json"))
    else:
        typer.echo("\n".join(page(told, detail)))


def _then(
    database: Database, detail: JourneyDetail, at: datetime
) -> tuple[JourneyDetail, PlanAnswer | None, str]:
    """The journey as it was then, and the plan of then or why there is none."""
    from doorstep.api.past import detail_then, goes_on
    from doorstep.planning import check_past

    check_past("--as-of", at, detail.started.utc, datetime.now(UTC), detail.person.zone)
    plan, note = _ahead(database, detail, at) if goes_on(detail, at) else (None, "")
    return detail_then(detail, plan, at, database), plan, note


def _steps_of(type_: str) -> frozenset[str]:
    from doorstep.rehearsal.exploring.steps import steps_of
    from doorstep.workflows import registry

    registry.load(base.settings().store_packages)
    return steps_of(type_)


def _ahead(
    database: Database, detail: JourneyDetail, as_of: datetime | None = None
) -> tuple[PlanAnswer | None, str]:
    """The plan, or why there is none."""
    from doorstep.codec import CannotOpen
    from doorstep.errors import NotFound, Unavailable

    try:
        with redirect_stdout(sys.stderr):  # what a journey prints is no answer
            return asyncio.run(asyncio.wait_for(_planned(database, detail, as_of), TEMPORAL_SECONDS)), ""
    except (Unavailable, NotFound, CannotOpen) as error:
        why = error.what
    except TimeoutError:
        why = "Temporal did not answer in time."
    return None, f"What the gate would say of what waits cannot be told: {why}"


async def _planned(database: Database, detail: JourneyDetail, as_of: datetime | None) -> PlanAnswer:
    from doorstep import gateway
    from doorstep.api.schemas.plan import PlanAnswer
    from doorstep.planning import Planner

    settings = base.settings()
    # Connected with the first call: a history that is kept is there without Temporal.
    door = gateway.Gateway(await gateway.connect(settings, lazy=True), database, settings)
    history = await door.history(detail.id)
    made = await Planner.of(settings, database).plan(history, now=datetime.now(UTC), as_of=as_of)
    return PlanAnswer.of(made, detail, past=as_of is not None)


def page(told: Explanation, detail: JourneyDetail) -> list[str]:
    """The explanation, at most 100 columns wide."""
    from doorstep.models.reading.clock import Clock

    clock = Clock(detail.person.zone)
    number = detail.order.number or detail.order.external_id
    made = [f"{number}  {detail.id}  (times in {detail.person.zone})"]
    if told.as_of is not None:
        made.append(f"As of {told.as_of.words}: what had been decided by then, and what was coming.")
    made += lines(told.pause.sentence) if told.pause is not None else []
    under = (
        "If nothing else happens:" if told.pause is None else "If it is resumed now and nothing else happens:"
    )
    ahead = {(t.step, t.occurrence): t for t in told.ahead}
    for one in told.steps:
        made += [
            "",
            *_step(one, told.last_known, clock),
            *_would(ahead.pop((one.step, one.occurrence), None), under, clock),
        ]
    for wait in told.waits:
        made += ["", _named(wait.name, wait.occurrence), *lines(wait.sentence, "  ")]
        made += _would(ahead.pop((wait.name, wait.occurrence), None), under, clock)
    for touch in ahead.values():
        made += [
            "",
            _named(touch.step, touch.occurrence),
            "  It does not wait yet.",
            *_would(touch, under, clock),
        ]
    return [*made, *(["", *lines(told.note)] if told.note else [])]


def _named(step: str, occurrence: str) -> str:
    """With what it is about, where it is one of several: that is what an agent copies, and no word for people."""
    return f"{step} [{occurrence}]" if occurrence else step


def _would(touch: PlannedTouch | None, under: str, clock: Clock) -> list[str]:
    """What the gate would say at the next moment, under what is assumed, and what would stop it."""
    if touch is None:
        return []
    made = lines(touch.sentence, "    ", f"  {under} ")
    for rule in touch.rules:
        made += _rule(rule, clock)
    if touch.stops:
        made.append("  What would stop it:")
        made += [line for said in touch.stops for line in lines(said, "      ", "    × ")]
    return made


def _step(step: Step, known: Moment | None, clock: Clock) -> list[str]:
    """`known`: when the tables last knew of what waits, where nobody else could be asked."""
    made = lines(f"{_named(step.step, step.occurrence)}  ({step.purpose})", "    ")
    made += lines(step.sentence, "  ")
    if not step.decisions:
        made.append("  The gate was never asked: the journey itself decided.")
    for decision in step.decisions:
        made += _decision(decision, clock)
    if step.next is not None:
        could = "Could" if known is None else f"As the tables last knew ({known.words}), it could"
        made += lines(
            f"{could} go next on {step.next.words}; of no use after {step.expires.words}.", "    ", "  "
        )
    return made


def _decision(decision: Decision, clock: Clock) -> list[str]:
    over = f" by {decision.channel}" if decision.channel else ""
    until = f" until {decision.until.words}" if decision.until else ""
    made = [f"  {decision.at.words}: {decision.verdict}{over}{until}"]
    for rule in decision.rules:
        made += _rule(rule, clock)
    return made


def _rule(rule: Rule, clock: Clock) -> list[str]:
    from doorstep.models.reading.recorded import in_words

    facts = in_words(", ".join(_facts(rule.facts)), clock)
    said = " ".join(part for part in (rule.detail, f"({facts})" if facts else "") if part)
    return lines(said or "—", " " * 28, f"    {rule.verdict:<5} {rule.rule:<17} ")


def _facts(facts: Mapping[str, object]) -> list[str]:
    """`name=value` of each; what is nothing (no channel that fell away, nobody ahead) is not told. All of it is in the
    JSON."""
    told = {**facts, "at": "not said when"} if facts.get("at", "") is None else facts
    return [
        f"{name.replace('_', ' ')}={_short(value)}"
        for name, value in told.items()
        if value is not None and value is not False and value not in ("", [], {})
    ]


def _short(value: object) -> str:
    match value:
        case Mapping():
            return f"({', '.join(_facts(value))})"
        case list() | tuple():
            return " ".join(_short(one) for one in value)
        case True:
            return "yes"
        case float():
            return f"{value:g}"
    return str(value)
