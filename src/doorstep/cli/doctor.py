"""`doorstep doctor`: what is here, what is missing, how to get it; and whether a deployment can be relied on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from doorstep.cli import base

MARKS = {"ok": "ok     ", "warn": "warn   ", "missing": "MISSING", "fail": "FAIL   "}


def doctor(
    production: Annotated[
        bool,
        typer.Option(
            "--production",
            help="Check a deployment: clocks, database, Temporal, workers, webhooks, providers, schedules.",
        ),
    ] = False,
    as_json: base.AsJson = False,
) -> None:
    """Say what is there, what is missing and how to get it. Exit code 1 when something necessary is missing.

    With --production: ask every part of the deployment that the settings name, from here, one line each. It sends
    nothing to anybody; it starts one workflow that does nothing. Exit code 1 when a part fails.
    """
    if production:
        _production(as_json)
        return
    from doorstep.doctor import State, examine

    checks = examine(base.settings())
    if as_json:
        base.emit(
            {
                "healthy": all(check.state is not State.MISSING for check in checks),
                "checks": [asdict(c) for c in checks],
            }
        )
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            _line(check.state, check.name, check.found, check.mend, width)
    if any(check.state is State.MISSING for check in checks):
        raise typer.Exit(1)


def _production(as_json: bool) -> None:
    from doorstep.production import Level, examine

    findings = []
    for finding in examine(base.settings()):
        findings.append(finding)
        if not as_json:
            _line(finding.level, finding.name, finding.found, finding.mend, 24)
    failed = [finding for finding in findings if finding.level is Level.FAIL]
    if as_json:
        base.emit({"healthy": not failed, "checks": [asdict(finding) for finding in findings]})
    else:
        warned = sum(finding.level is Level.WARN for finding in findings)
        typer.echo(f"\n{len(findings)} checks: {len(failed)} failed, {warned} to look at")
    if failed:
        raise typer.Exit(1)


def _line(state: str, name: str, found: str, mend: str, width: int) -> None:
    typer.echo(f"{MARKS[state]}  {name:<{width}}  {found}")
    if mend:
        typer.echo(f"{'':9}{'':{width}}  → {mend}")
