"""`doorstep diff`: what customers would notice of a change to a journey, before anybody does."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from doorstep.cli import base
from doorstep.cli.progress import Progress, mendable


def diff(
    old: Annotated[str, typer.Argument(help="A version such as standard.v1, or a git revision.")],
    new: Annotated[str, typer.Argument(help="The same; `.` is the working tree.")],
    journey: Annotated[
        str | None, typer.Argument(help="Of two revisions only this journey: its name, or one version of it.")
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            "--scenario", "-s", help="Only this scenario, or .yaml file; may be given several times."
        ),
    ] = None,
    as_json: base.AsJson = False,
) -> None:
    """Compare two versions, or two git revisions, scenario by scenario: messages gained, lost, moved, re-worded.

    `doorstep diff standard.v1 standard.v2` compares two versions of the code as it lies here. `doorstep diff HEAD .`
    compares what is committed with the working tree: each revision runs in a process of its own, on its own code and
    templates, and plays the same scenarios (this code's). Exit code 0: nothing differs; 1: something does; 2: it could
    not be compared. What live journeys make of a change is told by `doorstep verify`.
    """
    with mendable(as_json):
        packages = base.settings().store_packages
        from doorstep.verifying import telling
        from doorstep.verifying.diffing import diff as compare

        with Progress() as progress:
            found = compare(old, new, journey, scenario or (), packages, progress)
        if as_json:
            base.emit(_json(found))
        else:
            typer.echo("\n".join(telling.page(found)))
        if not found.same:
            raise typer.Exit(1)


def _json(found: Any) -> dict[str, Any]:
    return {
        "old": found.old,
        "new": found.new,
        "ran": [one.as_json() for one in found.origins],
        "same": found.same,
        "missing": found.missing,
        "scenarios": [
            {
                "scenario": one.scenario,
                "old": one.old,
                "new": one.new,
                "same": one.same,
                "trouble": one.trouble or None,
                "differences": [d.as_json() for d in one.differences],
            }
            for one in found.scenarios
        ],
    }
