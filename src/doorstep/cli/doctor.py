"""`doorstep doctor`: what is here, what is missing, how to get it."""

from __future__ import annotations

from dataclasses import asdict

import typer

from doorstep.cli import base

MARKS = {"ok": "ok     ", "warn": "warn   ", "missing": "MISSING"}


def doctor(as_json: base.AsJson = False) -> None:
    """Say what is there, what is missing and how to get it. Exit code 1 when something necessary is missing."""
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
            typer.echo(f"{MARKS[check.state]}  {check.name:<{width}}  {check.found}")
            if check.mend:
                typer.echo(f"{'':9}{'':{width}}  → {check.mend}")
    if any(check.state is State.MISSING for check in checks):
        raise typer.Exit(1)
