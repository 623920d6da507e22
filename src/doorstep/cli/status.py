"""`doorstep status`: where an order stands, or the whole installation."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from doorstep.cli import base
from doorstep.cli.finding import WIDTH, about, journey_of, lines, opened

if TYPE_CHECKING:
    from doorstep.models.reading.clock import Clock
    from doorstep.models.reading.overview import Overview
    from doorstep.models.reading.views import ActionView, JourneyDetail, Points, Step

_MARKS = {
    "sent": "✓",
    "skipped": "–",
    "deferred": "…",
    "cancelled": "×",
    "failed": "!",
    "unknown": "?",
    "open": "…",
}

_UNTIL_SETTLED = "Until it is settled, marketing that comes due is left out."


def status(
    order: Annotated[
        str | None, typer.Argument(help="Order number, store's order id, jny_… or ord_…; none: everything.")
    ] = None,
    as_json: base.AsJson = False,
) -> None:
    """Say where an order stands, what was sent and what was not, and what comes next. Needs no worker."""
    with opened() as database:
        if order is None:
            from doorstep.models.reading.overview import overview

            with database.read() as session:
                whole = overview(session)
            base.emit(asdict(whole)) if as_json else typer.echo("\n".join(glance(whole)))
            return
        detail = journey_of(database, order)
    if as_json:
        base.emit(detail.model_dump(mode="json"))
    else:
        typer.echo("\n".join(page(detail)))


def glance(whole: Overview) -> list[str]:
    """The installation in a few lines."""
    counted = ", ".join(f"{count} {state}" for state, count in sorted(whole.journeys.items())) or "none yet"
    made = [f"Journeys     {counted}"]
    made.append(f"Events       {whole.undelivered} on their way, {whole.held} held until their order comes")
    made.append(f"Quarantine   {whole.quarantined} webhooks")
    for hook in whole.webhooks:
        made.append(f"  {hook.id}  {hook.received_at:%Y-%m-%d %H:%M} UTC  {hook.connection} {hook.topic}")
        for problem in hook.problems:
            made += lines(problem, "      ")
    if whole.quarantined:
        made.append("Read them again after a fix: `doorstep redrive --all` or `--webhook ID`.")
    return made


def page(detail: JourneyDetail) -> list[str]:
    """One journey, at most 100 columns wide."""
    order = detail.order
    made = [
        f"{order.number or order.external_id}  {detail.store_name}  {detail.type or 'not started'}  {detail.id}"
    ]
    made += lines(detail.headline)
    until = "" if detail.status == "closed" else f" {_UNTIL_SETTLED}"
    for complaint in order.complaints:
        if complaint.resolved is None:
            made += lines(f"{complaint.sentence}{until}")
    made += ["", *lines(detail.wismo)]
    if detail.waits:
        made += ["", f"Waits for (times in {detail.person.zone})"]
        for wait in detail.waits:
            of = f" [{wait.occurrence}]" if wait.occurrence else ""
            made += lines(f"{wait.sentence}{of}", "    ", "  • ")
    made += ["", "Steps"] if detail.steps else []
    for step in detail.steps:
        made += _step(step)
    for title, said in _rest(detail):
        made += ["", title, *[line for text in said for line in lines(text, "    ", "  • ")]]
    return made


def _step(step: Step) -> list[str]:
    when = (step.sent or step.decided or step.due).words
    begin = f"  {_MARKS.get(step.outcome, '·')} {when:<23} {step.step}"
    whole = f"{begin} [{step.occurrence}]" if step.occurrence else begin
    # What it is about is told whole: to skip one of several an agent copies it from here.
    named = [whole] if len(whole) <= WIDTH else [begin, *about(step.occurrence)]
    return [*named, *lines(step.sentence, " " * 6)]


def _action(action: ActionView, clock: Clock) -> str:
    """What an agent asked and when; of one that was not done, why not. The agent's own reason comes last."""
    late = f"({action.catch_up.replace('_', ' ')})" if action.kind == "resume" else ""
    asked = " ".join([action.kind.replace("_", "-"), *filter(None, [action.step, action.occurrence, late])])
    when = f"{asked} on {clock.words(action.created_at)}"
    if action.status == "applied":
        return f"{when}: {action.reason} ({action.actor})"
    why = f" {action.detail}" if action.detail else ""
    return f"{when}, {action.status}.{why} Asked because: {action.reason} ({action.actor})"


def _points(moved: Points) -> str:
    """`order-reversed` is what `take_back(…, "order")` records; nothing can be left to take."""
    given = moved.reason.removesuffix("-reversed")
    if given == moved.reason:
        return f"{moved.points:+d} {given}"
    return (
        f"{moved.points:+d} {given}, taken back"
        if moved.points
        else f"Nothing was left to take back of: {given}"
    )


def _rest(detail: JourneyDetail) -> list[tuple[str, list[str]]]:
    from doorstep.models.reading.clock import Clock

    parts = [
        ("Needs attention", [f"{t.sentence} {' '.join(t.problems)} ({t.id})" for t in detail.troubles]),
        ("Tickets", [f"{t.ref}: {t.reason}, {t.status}, since {t.opened.words}" for t in detail.tickets]),
        ("Points", [f"{_points(p)}, {p.at.words}" for p in detail.points]),
        ("Actions", [_action(a, Clock(detail.person.zone)) for a in detail.actions]),
    ]
    return [(title, said) for title, said in parts if said]
