"""`doorstep audit`: who did what to whom, when and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from doorstep.cli import base
from doorstep.cli.finding import opened
from doorstep.errors import BadInput


def audit(
    subject: Annotated[
        str | None, typer.Argument(help="A journey, person or key (jny_…, per_…, key:…); none: everything.")
    ] = None,
    actor: Annotated[str | None, typer.Option(help="Only what this actor did: key:…, cli:….")] = None,
    action: Annotated[str | None, typer.Option(help="An action or its beginning: journey., person.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Not older than this: 2026-03-01 or with time and zone.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Lines at most, newest first.")] = 50,
    as_json: base.AsJson = False,
) -> None:
    """Read the audit log, newest first: actions of agents, keys, exports, erasures, words on consent."""
    from doorstep.models.reading.audit import Sought, audited

    sought = Sought(subject=subject or "", actor=actor or "", action=action or "", since=_instant(since))
    with opened() as database, database.reading() as conn:
        rows = audited(conn, sought, limit)
    if as_json:
        base.emit([row._asdict() for row in rows])
        return
    if not rows:
        typer.echo("Nothing is recorded of that.")
    for row in rows:
        why = f"  “{row.reason}”" if row.reason else ""
        typer.echo(f"{row.at:%Y-%m-%d %H:%M:%S}Z  {row.actor:<18} {row.action:<26} {row.subject}{why}")


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"'{text}' is no date.", mend="Like 2026-03-01 or 2026-03-01T09:00+01:00.") from error
    return at if at.tzinfo else at.astimezone()
