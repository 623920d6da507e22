"""`doorstep explore`: the story nobody thought of, before a customer lives it."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doorstep.cli import base
from doorstep.cli.progress import as_interrupt
from doorstep.errors import BadInput

if TYPE_CHECKING:
    from doorstep.rehearsal.exploring.report import Finding, Report
    from doorstep.rehearsal.limits.registry import Limit

WIDTH = 100


def explore(
    journey: Annotated[
        str, typer.Argument(help="A journey's name, or one version of it such as standard.v1.")
    ] = "standard",
    limit: Annotated[
        list[str] | None,
        typer.Option(
            "--limit",
            "-l",
            help="A limit of yours beside the built-in ones: 'at most 2 sms in 1 day', 'never review-request after "
            "return.received', or the name of an @limit function of a store package. May be given several times.",
        ),
    ] = None,
    only: Annotated[bool, typer.Option("--only", help="Ask for the limits given with --limit only.")] = False,
    runs: Annotated[int, typer.Option(min=1, help="Play at most so many stories.")] = 2000,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="Search at most so long; default: as long as --runs takes.")
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Another seed is another search; the same one finds the same.")
    ] = 1,
    first: Annotated[bool, typer.Option("--first", help="End with the first thing found.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where the smallest scenarios are written: a folder, or a .yaml file for the first."
        ),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Name the limits there are, and end.")] = False,
    as_json: base.AsJson = False,
) -> None:
    """Search a journey for a story that breaks a limit: event orders, timings, duplicates, late news, what customers,
    providers and agents do.

    Each finding is told with its smallest scenario, written to a file that `doorstep rehearse --scenario FILE` runs:
    it fails there too, until the journey is mended. The journey is played in the worker's sandbox first, and so is each
    finding: one that reads clock or chance is refused. Exit code 1 when something was found or refused. Nothing is
    sent, and neither database nor Temporal is needed. Built-in limits: --list. Ctrl-C ends the search and tells what
    was found by then.
    """
    packages = base.settings().store_packages
    from doorstep.rehearsal.limits.built_in import REACHABLE
    from doorstep.rehearsal.limits.finding import every
    from doorstep.workflows import registry

    registry.load(packages)
    if listed:
        _list([one.name for one in every()] + [REACHABLE], as_json)
        return
    limits = _limits(journey, limit or [], only)
    _check_out(out)
    with as_interrupt():
        report = _searched(journey, limits, packages, runs, seconds, seed, first, only)
    files = [_kept(finding, n, out) for n, finding in enumerate(report.findings)]
    if as_json:
        told = report.as_json()
        for finding, file in zip(told["findings"], files, strict=True):
            finding["file"] = str(file)
        base.emit(told)
    else:
        typer.echo("\n".join(_page(report, files)))
    if not report.ok:
        raise typer.Exit(1)


def _limits(journey: str, texts: list[str], only: bool) -> list[Limit]:
    from doorstep.rehearsal.limits.finding import built_ins, check_steps, find
    from doorstep.rehearsal.limits.registry import given
    from doorstep.rehearsal.rehearse import journey_class

    cls = journey_class(journey)[1]
    if only and not texts:
        raise BadInput("--only asks for no limit at all.", mend="Give one with --limit.")
    asked = [find(text) for text in texts]
    for text in texts:
        check_steps(text, cls)
    found = asked if only else [*built_ins(), *given().values(), *asked]
    return list({one.name: one for one in found}.values())


def _searched(
    journey: str,
    limits: list[Limit],
    packages: tuple[str, ...],
    runs: int,
    seconds: float | None,
    seed: int,
    first: bool,
    only: bool,
) -> Report:
    from doorstep.rehearsal import asides, audience, shelf
    from doorstep.rehearsal.exploring.explore import explore as search
    from doorstep.rehearsal.rehearse import journey_class
    from doorstep.templates.packages import renderer

    bases = audience.chosen({one.name: one for one in shelf.every(packages)}, journey_class(journey)[0])
    told: list[Finding] = []

    def progress(report: Report) -> None:
        for finding in report.findings[len(told) :]:
            told.append(finding)
            base.report(f"Found: {finding.breach.limit}: {finding.breach.what}")
        base.report(
            f"{report.runs} of {runs} stories, {report.elapsed:.0f} s; {report.kept} did something new, "
            f"{len(report.findings)} findings"
        )

    with asides.unheard():  # a search fails touches on purpose, and plays thousands of stories
        return search(
            journey,
            limits=limits,
            bases=bases.values(),
            runs=runs,
            seconds=seconds,
            seed=seed,
            first=first,
            reachable=not only,
            renderer=renderer(packages) if packages else None,
            progress=progress,
        )


def _check_out(out: Path | None) -> None:
    """Whether findings can be written there: said before a search of minutes, not after it."""
    folder = _folder(out)
    there = next(place for place in (folder, *folder.resolve().parents) if place.exists())
    if not there.is_dir():
        raise BadInput(f"--out: {there} is a file.", mend="Give a folder, or a file that ends in .yaml.")
    if not os.access(there, os.W_OK):
        raise BadInput(f"--out: {there} cannot be written to.", mend="Give another folder.")


def _folder(out: Path | None) -> Path:
    if out is None:
        return Path()
    return out.parent if out.suffix in (".yaml", ".yml") else out


def _kept(finding: Finding, number: int, out: Path | None) -> Path:
    """Writes a finding's scenario; never over a file that says something else."""
    from doorstep.rehearsal.writing import write

    text = write(finding.scenario)
    if out is not None and out.suffix in (".yaml", ".yml") and number == 0:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
        return out
    folder = _folder(out)
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(1, 1000):
        file = folder / f"{finding.scenario.name}{f'-{n}' if n > 1 else ''}.yaml"
        if not file.exists() or file.read_text(encoding="utf-8") == text:
            break
    file.write_text(text, encoding="utf-8")
    return file


def _page(report: Report, files: list[Path]) -> list[str]:
    from doorstep.rehearsal.limits.built_in import REACHABLE
    from doorstep.rehearsal.writing import write

    rate = report.runs / report.elapsed if report.elapsed else 0.0
    made = [
        f"{report.journey}: {report.runs} stories in {report.elapsed:.1f} s ({rate:.0f} a second), seed {report.seed}; "
        f"{report.ended}.",
        f"{report.kept} did something that none before had done.",
        "",
    ]
    made += _refused(report.refused, "✗ ")
    if report.refused and not report.runs:
        return made
    for finding, file in zip(report.findings, files, strict=True):
        made += textwrap.wrap(
            f"✗ {finding.breach.limit}: {finding.breach.what}", WIDTH, subsequent_indent="  "
        )
        made += [f"    {line}" for line in write(finding.scenario).splitlines()]
        made += _refused(finding.refused, "  ✗ in the worker's sandbox: ")
        made += [f"  doorstep rehearse {report.journey} --scenario {file}", ""]
    broken = {finding.breach.limit for finding in report.findings}
    if not report.whole and REACHABLE in report.limits:
        made.append(f"– {REACHABLE}: the search was too short to tell.")
    if report.never_sent:
        told = f"✗ every step reachable: never sent in any story: {', '.join(report.never_sent)}."
        made += textwrap.wrap(told, WIDTH, subsequent_indent="  ")
    made += [f"✓ {name}" for name in report.limits if name not in broken and not _unreached(name, report)]
    made += ["", *_weeks(report)]
    return made


def _refused(problems: tuple[str, ...], mark: str) -> list[str]:
    return [
        line
        for told in problems
        for line in textwrap.wrap(told, WIDTH, initial_indent=mark, subsequent_indent="    ")
    ]


def _unreached(name: str, report: Report) -> bool:
    from doorstep.rehearsal.limits.built_in import REACHABLE

    return name == REACHABLE and (bool(report.never_sent) or not report.whole)


def _weeks(report: Report) -> list[str]:
    made = []
    for what, week in (("message", report.fullest), ("promotion", report.fullest_promotions)):
        told = f"The fullest 7 days of one person: {week.messages} {what}{'s' * (week.messages != 1)}"
        which = f" ({', '.join(week.steps)})" if week.steps else ""
        made += textwrap.wrap(f"{told}{which}.", WIDTH, subsequent_indent="  ")
    return made


def _list(names: list[str], as_json: bool) -> None:
    if as_json:
        base.emit(names)
    else:
        typer.echo("\n".join(names))
