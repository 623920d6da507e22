"""`doorstep migrate`: the database's schema, brought to this release; or whether migrations and tables agree."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from doorstep.cli import base
from doorstep.errors import SetupError


def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; fail when the migrations do not make the tables.")
    ] = False,
    message: Annotated[
        str | None, typer.Option("--new", metavar="MESSAGE", help="Write the next migration, for developers.")
    ] = None,
    as_json: base.AsJson = False,
) -> None:
    """Bring the database named by DOORSTEP_DATABASE_URL to this release's schema. Safe to run again.

    Tables that a newer release made, and on which this one runs all the same, stay as they are.
    """
    settings = base.settings()
    from doorstep.models import migrate as schema

    if check or message:
        with tempfile.TemporaryDirectory() as folder:
            scratch = f"sqlite:///{Path(folder) / 'scratch.db'}"
            schema.upgrade(scratch)
            if message:
                schema.revise(scratch, message, schema.following())
                return
            _in_step(schema.check(scratch), as_json=as_json)
        return
    stand = schema.stand(schema.upgrade(settings.database_url))
    if as_json:
        base.emit({"revision": stand.at, "standing": stand.standing})
    elif stand.standing is schema.Standing.AHEAD:
        typer.echo(f"The database is {stand.found}. Nothing is to be done.")
    else:
        typer.echo(f"The database is {stand.found}.")


def _in_step(differences: list[str], *, as_json: bool) -> None:
    """Raises SetupError when a database made by the migrations differs from the tables in the code."""
    if as_json:
        base.emit({"in_step": not differences, "differences": differences})
    if differences:
        raise SetupError(
            f"Migrations and tables differ: {' '.join(differences)}",
            mend='Write the missing one with `doorstep migrate --new "what it does"`.',
        )
    if not as_json:
        typer.echo("Migrations and tables are in step.")
