"""`doorstep connections`: who may send us webhooks, and where."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doorstep.cli import base
from doorstep.cli.finding import opened
from doorstep.errors import SetupError

if TYPE_CHECKING:
    from doorstep.models.stores import ConnectionRow
    from doorstep.settings import Settings

app = typer.Typer(
    help="Connect stores, carriers and providers: each connection is an address for their webhooks.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@app.command("add")
def add(
    connection: Annotated[str, typer.Argument(help="Its id, part of the address: `fern-mail`.")],
    source: Annotated[str, typer.Option("--source", help="What sends: shopify, sendgrid, twilio or signed.")],
    store: Annotated[str, typer.Option("--store", help="Whose it is.")],
    secret_stdin: Annotated[
        bool, typer.Option("--secret-stdin", help="Read its secret (or verification key) from stdin.")
    ] = False,
    as_json: base.AsJson = False,
) -> None:
    """Make a connection, and print the address to give the sender.

    The secret goes into the secrets file, never into the database or onto a command line. For example:
    doorstep connections add fern-mail --source sendgrid --store fern --secret-stdin < verification-key.txt
    """
    from doorstep.models import stores
    from doorstep.sources.registry import source as known

    if not _ID.fullmatch(connection):
        raise SetupError(f"'{connection}' is no id.", mend="Use lower-case letters, digits and dashes.")
    known(source)
    secret = sys.stdin.read().strip() if secret_stdin else ""
    settings = base.settings()
    with opened() as database, database.write() as session:
        row = stores.connect(session, connection, store, source, datetime.now(UTC))
        if secret:
            settings.keep_connection_secret(connection, secret)
        told = _told(row, settings, _reached_at(settings))
    if as_json:
        base.emit(told)
        return
    typer.echo(told["url"])
    if settings.public_url is None:
        base.report("That is this machine. Set DOORSTEP_PUBLIC_URL to where the sender reaches it.")
    if not told["secret"]:
        base.report(f"It has no secret yet: nothing it is sent will be believed. Set {told['variable']}.")


@app.command("list")
def list_(as_json: base.AsJson = False) -> None:
    """List every connection with its address, and whether it has a secret."""
    from doorstep.models import stores

    settings = base.settings()
    where = _reached_at(settings)
    with opened() as database, database.read() as session:
        told = [_told(row, settings, where) for row in stores.connections(session)]
    if as_json:
        base.emit(told)
        return
    if not told:
        typer.echo("There are no connections yet: `doorstep connections add --help` shows how to make one.")
    for one in told:
        state = "disabled" if one["disabled"] else "" if one["secret"] else "no secret"
        typer.echo(f"{one['id']:<24} {one['source']:<10} {one['store']:<16} {one['url']} {state}".rstrip())


def _reached_at(settings: Settings) -> str:
    """Where webhooks reach the API. Without an address of its own: where `doorstep up` runs it now, which may have been
    given another port than this terminal knows of."""
    from doorstep.running import running

    up = running(settings) if settings.public_url is None else None
    return settings.links_url if up is None else up.api.rstrip("/")


def _told(row: ConnectionRow, settings: Settings, where: str) -> dict[str, Any]:
    shared = row.source == "twilio" and bool(settings.provider_secret("TWILIO_AUTH_TOKEN"))
    return {
        "id": row.id,
        "source": row.source,
        "store": row.store_id,
        "url": f"{where}/webhooks/{row.id}",
        "secret": shared or bool(settings.connection_secrets(row.id)),
        "variable": settings.secret_variable(row.id),
        "disabled": row.disabled_at is not None,
    }
