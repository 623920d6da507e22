"""`doorstep plan`: what comes next for an order, and what would stop it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from doorstep.cli import base
from doorstep.cli.finding import WIDTH, about, instant, journey_of, lines, opened
from doorstep.cli.plan_knew import knew_lines
from doorstep.errors import BadInput, Conflict, nearest

if TYPE_CHECKING:
    from doorstep.api.schemas.plan import PlanAnswer, PlannedTouch
    from doorstep.models import Database
    from doorstep.models.reading.views import JourneyDetail

ASSUMPTIONS = ("nothing", "arrives")


def plan(
    order: Annotated[str, typer.Argument(help="Order number, store's order id, jny_… or ord_….")],
    assume: Annotated[
        str,
        typer.Option(help="nothing: nothing else happens. arrives: parcels arrive when their carriers say."),
    ] = "nothing",
    as_of: Annotated[
        str | None,
        typer.Option(help="An instant of its past, as 2026-03-31T10:00+02:00 (without a zone: UTC)."),
    ] = None,
    as_json: base.AsJson = False,
) -> None:
    """Say what comes next for an order: when, what, over which channel, and what would stop it.

    The journey is rebuilt from its history in Temporal and run on in memory through the real rules. Nothing is sent.
    Needs Temporal (or the kept history of a journey that has ended), and no worker. With --as-of also what the journey
    knew then: where it stood, its parcels, what had been heard, done by agents, sent and not sent.
    """
    if assume not in ASSUMPTIONS:
        raise BadInput(
            f"'{assume}' is no assumption.{nearest(assume, ASSUMPTIONS)}", mend="Use nothing or arrives."
        )
    at = None if as_of is None else instant(as_of)
    with opened() as database:
        detail = journey_of(database, order)
        if detail.status == "pending":
            raise Conflict("The journey has not started yet: it has no plan.", mend="Ask again in a moment.")
        if at is not None:
            from doorstep.planning import check_past

            check_past("--as-of", at, detail.started.utc, datetime.now(UTC), detail.person.zone)
        with redirect_stdout(sys.stderr):  # what a journey prints is no answer
            answer = asyncio.run(_made(database, detail, assume, at))
    if as_json:
        base.emit(answer.model_dump(mode="json"))
    else:
        typer.echo("\n".join(page(answer, detail)))


async def _made(database: Database, detail: JourneyDetail, assume: str, as_of: datetime | None) -> PlanAnswer:
    from doorstep import gateway
    from doorstep.api.schemas.plan import PlanAnswer
    from doorstep.planning import Planner
    from doorstep.rehearsal.assuming import Assumption

    settings = base.settings()
    # Connected with the first call: a history that is kept is there without Temporal.
    door = gateway.Gateway(await gateway.connect(settings, lazy=True), database, settings)
    history = await door.history(detail.id)
    made = await Planner.of(settings, database).plan(
        history, now=datetime.now(UTC), as_of=as_of, assumption=Assumption(assume)
    )
    if as_of is None:
        return PlanAnswer.of(made, detail)
    from doorstep.api.past import as_known

    return as_known(made, history, detail, database)


def page(answer: PlanAnswer, detail: JourneyDetail) -> list[str]:
    """The plan, at most 100 columns wide."""
    made = [
        f"{detail.order.number or detail.order.external_id}  {answer.type}  {answer.journey_id}",
        f"As of {answer.as_of.words} (times in {detail.person.zone})",
    ]
    if answer.pause is not None:
        made += ["", *lines(answer.pause.sentence), ""]
    made += [line for said in answer.assumed for line in lines(said, "    ", "  • ")]
    if not answer.rebuilt:
        made += ["", *lines(f"Only what was recorded can be told: {answer.note}")]
    if answer.knew is not None:
        made += knew_lines(answer.knew, {line.ref: line.title for line in detail.order.lines})
    if answer.waits:
        made += ["", "Waited for" if answer.knew is not None else "Waits for"]
        for wait in answer.waits:
            of = f" [{wait.occurrence}]" if wait.occurrence else ""
            made += lines(f"{wait.sentence}{of}", "    ", "  • ")
    for title, coming in (
        ("To come", [t for t in answer.touches if t.outcome == "sent"]),
        ("Not to come", [t for t in answer.touches if t.outcome != "sent"]),
    ):
        if coming:
            shared = _shared(coming)
            made += ["", title, *(line for touch in coming for line in _touch(touch, shared))]
            made += [line for purpose, stops in shared.items() for line in _stops_all(purpose, stops)]
    if answer.rebuilt:
        made += ["", _end(answer) or "Nothing in sight would end it."]
    return made


def _end(answer: PlanAnswer) -> str:
    if answer.ends is None:
        return ""
    over = answer.ends.utc <= answer.as_of.utc
    outcome = answer.outcome.replace("_", " ") or "without an outcome"
    return f"{'Ended' if over else 'Ends'} {answer.ends.words}: {outcome}."


def _shared(coming: list[PlannedTouch]) -> dict[str, list[str]]:
    """Purpose → what would stop every coming touch of it; said once, below, where there are several."""
    found: dict[str, list[str]] = {}
    for purpose in dict.fromkeys(touch.purpose for touch in coming if touch.outcome == "sent"):
        theirs = [touch.stops for touch in coming if touch.purpose == purpose]
        if len(theirs) > 1:
            found[purpose] = [said for said in theirs[0] if all(said in stops for stops in theirs)]
    return {purpose: stops for purpose, stops in found.items() if stops}


def _stops_all(purpose: str, stops: list[str]) -> list[str]:
    told = [line for said in stops for line in lines(said, " " * 6, "    × ")]
    return ["", f"  Each {purpose} message above also stops when:", *told]


def _touch(touch: PlannedTouch, shared: Mapping[str, list[str]]) -> list[str]:
    made = _named(touch)
    if touch.waits:
        made += lines(f"due {touch.due.words}: {touch.waits}", " " * 8, " " * 6)
    if touch.outcome != "sent":
        return made + lines(touch.sentence, " " * 6)
    own = [said for said in touch.stops if said not in shared.get(touch.purpose, ())]
    return made + [line for said in own for line in lines(said, " " * 8, "      × ")]


def _named(touch: PlannedTouch) -> list[str]:
    """When, what and over which channel; what it is about on the same line or, where that would not fit, below."""
    mark = "→" if touch.outcome == "sent" else "–"
    begin, over = f"  {mark} {touch.when.words:<23} {touch.step}", f"  ({touch.channel or touch.purpose})"
    whole = f"{begin} [{touch.occurrence}]{over}" if touch.occurrence else begin + over
    below = len(whole) > WIDTH and touch.occurrence
    return [begin + over, *about(touch.occurrence)] if below else [whole]
