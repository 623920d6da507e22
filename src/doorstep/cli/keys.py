"""`doorstep keys`: who may use the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doorstep.cli import base, codec
from doorstep.cli.finding import opened

if TYPE_CHECKING:
    from doorstep.models.access import ApiKeyRow

app = typer.Typer(
    help="Make, list and revoke API keys; `codec`: the keys that seal payloads in Temporal.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(codec.app, name="codec")


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Who or what will use it.")],
    scope: Annotated[
        list[str], typer.Option("--scope", help="store, support, metrics or admin; may be repeated.")
    ],
    store: Annotated[str | None, typer.Option("--store", help="Only this store; else every store.")] = None,
    as_json: base.AsJson = False,
) -> None:
    """Make a key. It is shown this once: only its hash is kept."""
    from doorstep.models import keys

    with opened() as database:
        row, key = keys.create(database, name=name, scopes=scope, store_id=store, now=datetime.now(UTC))
    if as_json:
        base.emit({**_told(row), "key": key})
        return
    base.report(
        f"Key {row.id} for {', '.join(row.scopes)} of {row.store_id or 'every store'}; shown this once:"
    )
    typer.echo(key)


@app.command("list")
def list_(as_json: base.AsJson = False) -> None:
    """List every key, revoked ones too. Secrets are not kept, so none is shown."""
    from doorstep.models import keys

    with opened() as database:
        rows = keys.list_keys(database)
    if as_json:
        base.emit([_told(row) for row in rows])
        return
    if not rows:
        typer.echo("There are no keys yet: `doorstep keys create NAME --scope support` makes one.")
    for row in rows:
        state = f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else f"since {row.created_at:%Y-%m-%d}"
        typer.echo(
            f"{row.id:<10} {','.join(row.scopes):<16} {row.store_id or 'every store':<20} {state:<20} {row.name}"
        )


@app.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, as `doorstep keys list` shows it.")],
    as_json: base.AsJson = False,
) -> None:
    """End a key, at once and for good."""
    from doorstep.models import keys

    with opened() as database:
        row = keys.revoke(database, key_id, now=datetime.now(UTC))
    if as_json:
        base.emit(_told(row))
    else:
        typer.echo(f"Key {row.id} ({row.name}) is revoked.")


def _told(row: ApiKeyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "scopes": row.scopes,
        "store": row.store_id,
        "created_at": row.created_at,
        "revoked_at": row.revoked_at,
    }
