"""`doorstep keys codec`: the keys that seal payloads in Temporal."""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doorstep.cli import base
from doorstep.errors import BadInput, Conflict, NotFound, nearest
from doorstep.private_reading import read_private
from doorstep.private_writing import write_private

if TYPE_CHECKING:
    from doorstep.settings import Settings

#: a journey of ninety days, and a history kept for a hundred after it: what may still be sealed with an older key
STILL_NEEDED_DAYS = 190
RESTART = "Workers and APIs that run seal with it from their next start; they open it at once."

app = typer.Typer(
    help="Make, rotate, list and retire the keys that seal payloads in Temporal (docs/privacy.md).",
    no_args_is_help=True,
    rich_markup_mode=None,
)
ToPrint = Annotated[bool, typer.Option("--print", help="Print it for DOORSTEP_CODEC_KEYS; keep nothing.")]


@app.command("create")
def create(to_print: ToPrint = False) -> None:
    """Make the first key. From the next start on, whatever goes to Temporal is sealed with it."""
    settings = base.settings()
    if not to_print and _lines(settings):
        raise Conflict(
            f"{settings.codec_keys_file} holds keys already.",
            mend="`doorstep keys codec rotate` adds a newer one.",
        )
    _add(settings, to_print)


@app.command("rotate")
def rotate(to_print: ToPrint = False) -> None:
    """Add a newer key. It seals from the next start on; the older ones go on opening what they sealed."""
    settings = base.settings()
    if not to_print and not _lines(settings):
        raise Conflict("There is no key to rotate.", mend="`doorstep keys codec create` makes the first.")
    _add(settings, to_print)


@app.command("list")
def list_(as_json: base.AsJson = False) -> None:
    """List the keys' ids, the one that seals first. What they are is never shown."""
    from doorstep.codec import key_ring

    ids = key_ring(base.settings()).ids
    if as_json:
        base.emit([{"id": id_, "seals": n == 0} for n, id_ in enumerate(ids)])
        return
    if not ids:
        typer.echo(
            "No key is set: payloads go to Temporal as they are. `doorstep keys codec create` makes one."
        )
    for n, id_ in enumerate(ids):
        typer.echo(f"{id_:<24} {'seals and opens' if n == 0 else 'opens'}")


@app.command("retire")
def retire(
    key_id: Annotated[str, typer.Argument(help="The key's id, as `doorstep keys codec list` shows it.")],
    force: Annotated[bool, typer.Option("--force", help="Even if histories need it.")] = False,
) -> None:
    """Remove a key for good. What it sealed can then be read by nobody, and a journey that needs it stands still."""
    settings = base.settings()
    lines = _lines(settings)
    ids = [line.partition(":")[0].strip() for line in lines]
    if key_id not in ids:
        raise NotFound(
            f"There is no key '{key_id}' in {settings.codec_keys_file}.{nearest(key_id, ids)}",
            mend="`doorstep keys codec list` shows them; those of DOORSTEP_CODEC_KEYS are yours to remove.",
        )
    at = ids.index(key_id)
    if at == 0:
        raise BadInput(f"'{key_id}' is the key that seals.", mend="`doorstep keys codec rotate` first.")
    if not force:
        _check_age(ids[at - 1])
        _check_kept(key_id)
    write_private(_file(settings), "".join(f"{line}\n" for n, line in enumerate(lines) if n != at))
    typer.echo(f"The key {key_id} is gone.")


def _check_age(successor: str) -> None:
    """Raises `BadInput` while journeys or histories from before the successor may be there."""
    told = re.match(r"k(\d{8})-", successor)
    made = datetime.strptime(told[1], "%Y%m%d").replace(tzinfo=UTC).date() if told else None
    age = (_today() - made).days if made else None
    if age is not None and age >= STILL_NEEDED_DAYS:
        return
    known = f"only {age} days old" if age is not None else "of unknown age"
    raise BadInput(
        f"Its successor '{successor}' is {known}: journeys and histories sealed before it may be there "
        f"for {STILL_NEEDED_DAYS} days.",
        mend="Wait, or say --force if you know that nothing needs it.",
    )


def _check_kept(key_id: str) -> None:
    """Raises `BadInput` while a kept history of a closed journey is sealed with it. Goes through all of them."""
    from doorstep.cli.finding import opened
    from doorstep.gateway.archive import sealed_with
    from doorstep.models.archive import kept_bodies

    with opened() as database, database.scanning() as connection:
        for number, (journey_id, body) in enumerate(kept_bodies(connection), 1):
            if sealed_with(body, key_id):
                raise BadInput(
                    f"Kept histories are sealed with '{key_id}', that of {journey_id} for one: what those journeys did "
                    "could be explained, planned or verified by nobody.",
                    mend="Leave it where it is (it opens, and seals nothing any more), or say --force.",
                )
            if number % 10_000 == 0:
                base.report(f"{number} kept histories looked through")


def _add(settings: Settings, to_print: bool) -> None:
    from doorstep.codec import draw_key, read_keys

    line = draw_key(_today())
    if to_print:
        typer.echo(line)
        base.report("Put it last into DOORSTEP_CODEC_KEYS everywhere, then first: docs/privacy.md says why.")
        return
    if os.environ.get("DOORSTEP_CODEC_KEYS"):
        raise Conflict(
            "DOORSTEP_CODEC_KEYS is set and goes before the file.",
            mend="Say --print, and put the new key into the variable.",
        )
    text = "\n".join([line, *_lines(settings)]) + "\n"
    read_keys(text)
    write_private(_file(settings), text)
    typer.echo(f"The key {line.partition(':')[0]} is in {_file(settings)}. {RESTART}")
    base.report("Keep a copy where the database's backups are not: without it, no journey goes on.")


def _file(settings: Settings) -> Path:
    assert settings.codec_keys_file is not None
    return settings.codec_keys_file


def _lines(settings: Settings) -> list[str]:
    text = read_private(_file(settings)) or ""
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _today() -> date:
    return datetime.now(UTC).date()
