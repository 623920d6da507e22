"""`doorstep explain`: why a message was sent or was not, rule by rule."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from doorstep.cli import base
from doorstep.cli.finding import journey_of, lines, opened
from doorstep.errors import NotFound, nearest

if TYPE_CHECKING:
    from doorstep.models.reading.views import Decision, JourneyDetail, Rule, Step, Wait


def explain(
    order: Annotated[str, typer.Argument(help="Order number, store's order id, jny_… or ord_….")],
    step: Annotated[str | None, typer.Argument(help="One step; none: all of them.")] = None,
    as_json: base.AsJson = False,
) -> None:
    """Explain each message sent and each not sent: the rules, what they read and when, the next moment it could go."""
    with opened() as database:
        detail = journey_of(database, order)
    steps, waits = chosen(detail, step)
    if as_json:
        told = [s.model_dump(mode="json") for s in steps]
        base.emit(
            {"journey_id": detail.id, "steps": told, "waits": [w.model_dump(mode="json") for w in waits]}
        )
        return
    made = [
        f"{detail.order.number or detail.order.external_id}  {detail.id}  (times in {detail.person.zone})"
    ]
    for one in steps:
        made += ["", *_step(one)]
    for wait in waits:
        made += ["", f"{wait.name} {wait.occurrence}".strip(), *lines(wait.sentence, "  ")]
    typer.echo("\n".join(made))


def chosen(detail: JourneyDetail, name: str | None) -> tuple[list[Step], list[Wait]]:
    """The touches of that step, and the waits for ones that have not been asked about yet. Raises `NotFound`."""
    asked = {(s.step, s.occurrence) for s in detail.steps}
    ahead = [w for w in detail.waits if w.kind == "touch" and (w.name, w.occurrence) not in asked]
    if name is None:
        return detail.steps, ahead
    steps = [s for s in detail.steps if name in (s.step, s.key)]
    waits = [w for w in ahead if w.name == name]
    if not steps and not waits:
        known = sorted({s.step for s in detail.steps} | {w.name for w in ahead})
        raise NotFound(
            f"This journey has had no step '{name}'.{nearest(name, known)}",
            mend=f"It has had: {', '.join(known)}." if known else "It has had none yet.",
        )
    return steps, waits


def _step(step: Step) -> list[str]:
    made = [f"{step.step}{f' [{step.occurrence}]' if step.occurrence else ''}  ({step.purpose})"]
    made += lines(step.sentence, "  ")
    if not step.decisions:
        made.append("  The gate was never asked: the journey itself decided.")
    for decision in step.decisions:
        made += _decision(decision)
    if step.next is not None:
        made.append(f"  Could go next on {step.next.words}; of no use after {step.expires.words}.")
    return made


def _decision(decision: Decision) -> list[str]:
    over = f" by {decision.channel}" if decision.channel else ""
    until = f" until {decision.until.words}" if decision.until else ""
    made = [f"  {decision.at.words}: {decision.verdict}{over}{until}"]
    for rule in decision.rules:
        made += _rule(rule)
    return made


def _rule(rule: Rule) -> list[str]:
    facts = ", ".join(f"{name}={_short(value)}" for name, value in rule.facts.items())
    said = " ".join(part for part in (rule.detail, f"({facts})" if facts else "") if part)
    return lines(said or "—", " " * 28, f"    {rule.verdict:<5} {rule.rule:<17} ")


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
