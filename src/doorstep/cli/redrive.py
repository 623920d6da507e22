"""`doorstep redrive`: webhooks in quarantine are read again, with the adapters of today."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from doorstep.cli import base
from doorstep.cli.finding import lines, opened
from doorstep.errors import BadInput


def redrive(
    webhook: Annotated[
        str | None, typer.Option("--webhook", metavar="ID", help="Only this one (whk_…).")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every webhook in quarantine.")] = False,
    as_json: base.AsJson = False,
) -> None:
    """Read quarantined webhooks again, after what was wrong is mended. Again changes nothing; nothing is doubled."""
    if (webhook is None) == (not everything):
        raise BadInput(
            "Say which webhooks.", mend="Give --webhook ID or --all; `doorstep status` lists them."
        )
    from doorstep.gateway import redrive as read_again
    from doorstep.settings import load_settings
    from doorstep.workflows import registry

    with opened() as database:
        settings = load_settings()
        registry.load(settings.store_packages)  # they may bring the event types that were missing
        done = read_again(database, datetime.now(UTC), webhook, secret=settings.secret_key)
    if as_json:
        base.emit(
            {
                "webhooks": done.webhooks,
                "mended": done.mended,
                "events": done.events,
                "requeued": done.requeued,
                "still": {hook: list(why) for hook, why in done.still.items()},
            }
        )
        return
    typer.echo(
        f"Read {done.webhooks} again: {done.mended} mended, {done.events} new events, {done.requeued} sent on again."
    )
    for hook, why in done.still.items():
        typer.echo(f"  still in quarantine: {hook}")
        for problem in why:
            typer.echo("\n".join(lines(problem, "      ")))
