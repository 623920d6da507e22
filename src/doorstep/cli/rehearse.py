"""`doorstep rehearse`: ninety days of a journey in milliseconds, before a customer meets them."""

from __future__ import annotations

import os
import textwrap
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doorstep.cli import base
from doorstep.errors import BadInput

if TYPE_CHECKING:
    from doorstep.rehearsal.timeline import Timeline


WIDTH, NAME = 100, 41
"""Columns of the list, and of the names in it."""


def rehearse(
    journey: Annotated[
        str, typer.Argument(help="A journey's name, or one version of it such as standard.v1.")
    ] = "standard",
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            "--scenario", "-s", help="A scenario's name or its .yaml file; may be given several times."
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every scenario that is for this journey.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Name the scenarios there are, and end.")] = False,
    as_json: base.AsJson = False,
    html: Annotated[Path | None, typer.Option(help="Write the timelines as one page for a browser.")] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Again whenever code, a template or a scenario changes.")
    ] = False,
) -> None:
    """Rehearse a journey: what would be sent, what not and why, from the order to the ninetieth day.

    The journey's own code runs on a virtual clock, with the real rules and templates; nothing is sent. Without
    --scenario it is the happy path, shown whole; with --all one line for each. Exit code 1 when a rehearsal fails.
    Journeys, templates and scenarios of store packages (DOORSTEP_STORE_PACKAGES) are found too.
    """
    if watch:
        from doorstep.cli.watching import again_and_again

        again_and_again([html] if html is not None else [], scenario or ())
        return
    packages = base.settings().store_packages
    from doorstep.rehearsal import shelf

    if listed:
        _list(packages, as_json)
        return
    if every and scenario:
        raise BadInput("--all and --scenario exclude each other.", mend="Give one of them.")
    if html is not None:
        _check_page(html.resolve())
    names = list(shelf.files(packages)) if every else scenario or ["happy-path"]
    timelines = _played(journey, names, packages, whole=every)
    _show(timelines, as_json=as_json, html=html, whole=not every)
    if any(not timeline.ok for timeline in timelines):
        raise typer.Exit(1)


def _check_page(file: Path) -> None:
    """Whether it can be written: said before the first rehearsal, not after the last."""
    if not file.parent.is_dir():
        raise BadInput(f"There is no folder {file.parent}.", mend="Make it, or write elsewhere.")
    if file.is_dir():
        raise BadInput(
            f"--html: {file} is a folder.", mend=f"Give a file, such as {file / 'rehearsed.html'}."
        )
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise BadInput(f"--html: {file} cannot be written.", mend="Write elsewhere.")


def _played(journey: str, names: list[str], packages: tuple[str, ...], *, whole: bool) -> list[Timeline]:
    from doorstep.rehearsal import asides, audience, seeds, shelf
    from doorstep.rehearsal.in_sandbox import proven
    from doorstep.rehearsal.rehearse import built_in, journey_class
    from doorstep.templates.packages import renderer
    from doorstep.workflows import registry

    registry.load(packages)
    kind, _ = journey_class(journey)  # an unknown one is told before anything else
    templates = renderer(packages) if packages else built_in()
    scenarios = {name: shelf.load(name, packages) for name in names}
    if whole:
        scenarios = audience.chosen(scenarios, kind)
        if left := [name for name in names if name not in scenarios]:
            base.report(f"Left out, for other journeys: {', '.join(left)}.")
    for scenario in scenarios.values():
        audience.check(scenario, kind)
    made: dict[str, Timeline] = {}
    with (
        seeds.Seeds(journey, scenarios, packages, seeds.MANY if whole else seeds.ONE_STORY) as others,
        asides.heard(base.report) as stands,
    ):
        for name, scenario in scenarios.items():
            stands(scenario.person.zone, f"{name}  " if len(scenarios) > 1 else "")
            # Templates are compiled with the first, so that no rehearsal's time tells of that.
            made[name] = proven(journey, scenario, words=not made, renderer=templates)
        for name, said in others.differences([n for n, t in made.items() if not t.ok]).items():
            made[name] = replace(made[name], problems=(said,))
    return [made[name] for name in scenarios]


def _show(timelines: list[Timeline], *, as_json: bool, html: Path | None, whole: bool) -> None:
    from doorstep.rehearsal import terminal

    if html is not None:
        from doorstep.rehearsal.page import page

        html.write_text(page(timelines), encoding="utf-8")
        base.report(f"Written: {html}")
    if as_json:
        base.emit([timeline.as_json() for timeline in timelines])
    elif whole:
        for n, timeline in enumerate(timelines):
            typer.echo("\n".join([*([""] if n else []), *terminal.page(timeline)]))
    else:
        typer.echo("\n".join(terminal.summary(timelines)))


def _list(packages: tuple[str, ...], as_json: bool) -> None:
    from doorstep.rehearsal import shelf
    from doorstep.workflows import registry

    registry.load(packages)  # a store's scenario may be about an event of its own
    found = shelf.every(packages)
    if as_json:
        base.emit(
            [
                {"scenario": s.name, "about": s.about, "journeys": list(s.journeys), "file": s.file}
                for s in found
            ]
        )
    else:
        for one in found:
            whose = f"For {' and '.join(one.journeys)}: " if one.journeys else ""
            told = textwrap.wrap(f"{whose}{one.about}", WIDTH - NAME) or [""]
            typer.echo(
                "\n".join(
                    f"{name:<{NAME}}{line}" for name, line in zip_longest([one.name], told, fillvalue="")
                )
            )
