"""`doorstep person`: what is held of somebody, given out or erased; and what people asked."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doorstep.cli import base
from doorstep.cli.finding import opened
from doorstep.errors import BadInput
from doorstep.private_writing import write_private

if TYPE_CHECKING:
    from doorstep.privacy.finding import Meant

app = typer.Typer(
    help="Give out or erase what is held of a person, and see what people asked (docs/privacy.md).",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Ref = Annotated[
    str | None, typer.Argument(help="per_…, ord_…, jny_… or an order number; or use --email or --phone.")
]
Email = Annotated[str | None, typer.Option(help="Their address; `-` asks for it, and no shell remembers it.")]
Phone = Annotated[str | None, typer.Option(help="Their number, in any notation; `-` asks for it.")]
Store = Annotated[str | None, typer.Option(help="Only this store.")]


@app.command("export")
def export(
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log.")],
    ref: Ref = None,
    email: Email = None,
    phone: Phone = None,
    store: Store = None,
    out: Annotated[Path | None, typer.Option(help="A file that only you can read; else stdout.")] = None,
) -> None:
    """Write everything held of a person as JSON. It answers their open access requests."""
    from doorstep.privacy.finding import find_person
    from doorstep.privacy.requests import answered

    meant, settings = _meant(ref, email, phone, store), base.settings()
    with opened() as database, database.writing() as conn:
        told = answered(
            conn,
            find_person(conn, meant),
            actor=actor(),
            reason=reason,
            at=datetime.now(UTC),
            secret=settings.secret_key,
        )
    if out is None:
        base.emit(told)
        return
    write_private(out, json.dumps(told, indent=2, default=str, ensure_ascii=False))
    rows = sum(len(held) for held in told["holdings"].values())
    base.report(f"{rows} rows of {told['person']} are in {out}. Hand it to the person; keep no copy.")


@app.command("erase")
def erase(
    ref: Ref = None,
    email: Email = None,
    phone: Phone = None,
    store: Store = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: base.AsJson = False,
) -> None:
    """Forget a person: in every table at once, in the database's files within minutes. It cannot be undone."""
    from doorstep.ingest.forgetting import forget_person
    from doorstep.privacy.finding import find_person

    meant, settings = _meant(ref, email, phone, store), base.settings()
    with opened() as database:
        with database.reading() as conn:
            person = find_person(conn, meant)
        if not yes and not as_json:
            typer.confirm(f"Erase everything of {person}, for good?", abort=True, err=True)
        with database.writing() as conn:
            erased = forget_person(
                conn, person, actor=actor(), at=datetime.now(UTC), secret=settings.secret_key
            )
    if as_json:
        base.emit({"person": person, "erased": erased})
    elif erased:
        typer.echo(f"{person} is erased; their journeys end with the next sweep of a worker.")
    else:
        typer.echo(f"{person} was erased before; what was added since is gone now too.")


@app.command("requests")
def requests(
    everything: Annotated[bool, typer.Option("--all", help="Answered long ago too.")] = False,
    as_json: base.AsJson = False,
) -> None:
    """List what people and shops asked about their data, and until when an answer is owed."""
    from doorstep.privacy.requests import listed

    now = datetime.now(UTC)
    with opened() as database, database.reading() as conn:
        rows = listed(conn, store_id=None, now=now, everything=everything)
    if as_json:
        base.emit([dict(row._mapping) for row in rows])
        return
    if not rows:
        typer.echo("Nobody asked.")
    for row in rows:
        state = f"done {row.done_at:%Y-%m-%d}" if row.done_at else f"due {row.due_at:%Y-%m-%d}"
        late = "  OVERDUE" if row.done_at is None and row.due_at < now else ""
        typer.echo(f"{row.id}  {row.kind:<8} {row.person_id or '(nobody we know)':<32} {state}{late}")
    if any(row.done_at is None and row.kind == "access" for row in rows):
        base.report("`doorstep person export per_… --reason … --out FILE` answers an access request.")


def actor() -> str:
    """Who works at this terminal, as the audit log names them."""
    return f"cli:{os.environ.get('SUDO_USER') or os.environ.get('USER') or os.getuid()}"


def _meant(ref: str | None, email: str | None, phone: str | None, store: str | None) -> Meant:
    from doorstep.privacy.finding import Meant

    if sum(given is not None for given in (ref, email, phone)) != 1:
        raise BadInput(
            "Say whom you mean.", mend="By exactly one of: a reference or order number, --email, --phone."
        )
    email = typer.prompt("Email", err=True) if email == "-" else email
    phone = typer.prompt("Phone", err=True) if phone == "-" else phone
    return Meant(store_id=store, ref=ref or "", email=email or "", phone=phone or "")
