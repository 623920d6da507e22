"""`doorstep schedules`: maintenance as Temporal has it, made right, or started now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doorstep.cli import base
from doorstep.errors import BadInput, Unavailable, nearest

if TYPE_CHECKING:
    from temporalio.client import Client

    from doorstep.settings import Settings

app = typer.Typer(
    help="Maintenance: sweep of the inbox, reconcile of ambiguous touches, archive of histories, purge by retention. "
    "Temporal's schedules start it, workers do it; docs/runbook.md says what each does.",
    no_args_is_help=True,
)


@app.command("list")
def listed(as_json: base.AsJson = False) -> None:
    """Show every schedule: how often, when last, when next. Exit code 1 when one is missing."""
    from doorstep.maintenance.schedules import PLANS, look

    seen = _asked(look)
    if as_json:
        base.emit(
            [
                {"job": job.value, "there": False}
                if found is None
                else {
                    "job": job.value,
                    "there": True,
                    "id": found.id,
                    "every_seconds": found.every.total_seconds(),
                    "paused": found.paused,
                    "running": found.running,
                    "last": found.last,
                    "next": found.next,
                }
                for job, found in seen.items()
            ]
        )
    else:
        for job, found in seen.items():
            if found is None:
                typer.echo(
                    f"{job.value:<10} MISSING: a worker makes it at its start, or `doorstep schedules ensure`"
                )
                continue
            state = (
                "paused" if found.paused else "running now" if found.running else f"next {_at(found.next)}"
            )
            every = f"every {int(PLANS[job].every.total_seconds() // 60)} min"
            typer.echo(f"{job.value:<10} {every:<15} last {_at(found.last):<20} {state}")
    if None in seen.values():
        raise typer.Exit(1)


@app.command()
def ensure(as_json: base.AsJson = False) -> None:
    """Make the schedules, or make them as this release wants them. Again changes nothing; a paused one stays so."""
    from doorstep.maintenance.schedules import ensure as ensured

    done = _asked(ensured)
    if as_json:
        base.emit({job.value: how for job, how in done.items()})
        return
    for job, how in done.items():
        typer.echo(f"{job.value:<10} {how}")


@app.command("run")
def run(job: Annotated[str, typer.Argument(help="sweep, reconcile, archive or purge.")]) -> None:
    """Start one job now, beside its schedule. One that runs is left to run."""
    from doorstep.maintenance.schedules import PLANS, run_now
    from doorstep.workflows.maintenance import Job

    names = [known.value for known in PLANS]
    if job not in names:
        raise BadInput(
            f"There is no job '{job}'.{nearest(job, names)}", mend=f"There are: {', '.join(names)}."
        )
    _asked(lambda client, settings: run_now(client, settings, Job(job)))
    typer.echo(f"{job} is started; `doorstep schedules list` shows it, its result is in Temporal's web UI.")


def _asked(ask: Callable[[Client, Settings], Awaitable[Any]]) -> Any:
    """Raises `Unavailable` when Temporal does not answer."""
    settings = base.settings()
    from temporalio.service import RPCError

    from doorstep.gateway import connect

    async def asked() -> Any:
        return await ask(await connect(settings), settings)

    try:
        return asyncio.run(asyncio.wait_for(asked(), 20))
    except (RPCError, TimeoutError) as error:
        raise Unavailable(
            f"Temporal at {settings.temporal_target()} cannot answer ({type(error).__name__}).",
            mend="`doorstep doctor` says what is missing.",
        ) from error


def _at(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}Z"
