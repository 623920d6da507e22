"""`doorstep up`, `doorstep worker`, `doorstep api`: what runs until it is stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from doorstep.cli import base


def up(
    port: Annotated[int | None, typer.Option(help="Port of the API; else DOORSTEP_PORT, else 8080.")] = None,
    ui: Annotated[bool, typer.Option(help="Start Temporal's web UI too.")] = True,
    sample: Annotated[bool, typer.Option(help="Load the sample store.")] = True,
) -> None:
    """Run everything on this machine: Temporal, worker, API and a sample store, until Ctrl-C.

    The first start may install the Temporal server (minutes, once per machine). Data is in ./.doorstep; started
    again, every open journey goes on where it was.
    """
    from doorstep import supervisor

    supervisor.up(base.settings(port=port), base.report, ui=ui, sample=sample)


def worker() -> None:
    """Run one worker: it carries out journeys and sends messages. Several may run; SIGTERM ends one gracefully."""
    base.settings()
    from doorstep.worker import main

    main()


def api() -> None:
    """Run the HTTP API: webhooks in, journeys and actions for agents. Its documentation is at /docs."""
    settings = base.settings()
    import uvicorn

    uvicorn.run(
        "doorstep.api.app:app",
        host=settings.host,
        port=settings.port,
        log_config=None,  # uvicorn's lines go through ours
        access_log=False,  # one line per webhook costs more than it tells; the API logs what happened
        proxy_headers=False,  # nobody in front of us is trusted to say who calls
        server_header=False,
        timeout_graceful_shutdown=4,  # within the ten seconds that `up` has
    )
