"""`doorstep versions …`: the life of a version, from its first draft to its end."""

from __future__ import annotations

import logging
import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from doorstep.cli import base
from doorstep.cli.finding import lines, opened

Release = Annotated[
    str | None,
    typer.Option(help="What the release is called; else this Doorstep's version, or today's date."),
]


def check(as_json: base.AsJson = False) -> None:
    """Fail when a frozen version's module has changed or is gone. Every worker checks this too when it starts."""
    from doorstep import releases

    packages = base.settings().store_packages
    releases.check(packages)
    kept = sorted(releases.frozen(packages))
    if as_json:
        base.emit({"frozen": kept})
    else:
        typer.echo(f"As published: {', '.join(kept) or 'nothing is frozen yet'}.")


def publish(
    name: Annotated[str, typer.Argument(help="A journey (`standard`) or one version of it (`standard.v2`).")],
    release: Release = None,
    as_json: base.AsJson = False,
) -> None:
    """Freeze what is not frozen yet: record the digest of each version's module in releases.toml. Commit that file."""
    from doorstep import releases

    packages = base.settings().store_packages
    made = releases.publish(name, release or _release(name, packages), packages)
    if as_json:
        base.emit({"published": [{"type": e.type, "release": e.release, "digest": e.digest} for e in made]})
        return
    for entry in made:
        typer.echo(f"{entry.type} is frozen as of {entry.release}. Commit releases.toml, then deploy.")
    if not made:
        typer.echo(f"Everything of '{name}' was frozen already; nothing was changed.")


def retire(
    type_name: Annotated[
        str, typer.Argument(metavar="TYPE", help="A version whose code is dropped (`standard.v1`).")
    ],
    release: Release = None,
    as_json: base.AsJson = False,
) -> None:
    """Note that a version's code was dropped. Refused while a journey of it is open here."""
    from doorstep import releases
    from doorstep.errors import Conflict
    from doorstep.models.reading.drain import draining

    packages = base.settings().store_packages
    with opened() as database, database.scanning() as connection:
        left = draining(connection).get(type_name)
    if left:
        raise Conflict(
            f"{left.open} journeys of {type_name} are open here.",
            mend=f"The last ends by {left.latest:%-d %b %Y}; keep its code until then.",
        )
    entry = releases.retire(type_name, release or _release(type_name, packages), packages)
    if as_json:
        base.emit({"retired": entry.type, "release": entry.retired})
    else:
        typer.echo(
            f"{entry.type} is retired as of {entry.retired}. Remove {entry.module} in the same commit."
        )


def new(
    name: Annotated[str, typer.Argument(help="A journey, such as `standard`.")], as_json: base.AsJson = False
) -> None:
    """Write the next version's module, a copy of the newest to be edited. Nothing is published by it."""
    from doorstep import drafting

    path, type_name = drafting.next_version(name, base.settings().store_packages)
    if as_json:
        base.emit({"type": type_name, "path": str(path)})
    else:
        typer.echo(
            f"Wrote {path}: {type_name}, as yet the same as its predecessor. Edit it, then publish it."
        )


def replay(
    folder: Annotated[
        Path, typer.Argument(help="Where the release histories are: <folder>/<release>/*.json.")
    ],
    as_json: base.AsJson = False,
) -> None:
    """Replay committed histories through today's code; fail when it goes another way. A test of every release."""
    import asyncio

    from doorstep import histories
    from doorstep.errors import JourneyError

    logging.getLogger("temporalio").setLevel(
        logging.CRITICAL
    )  # it tells each failure at length; we say it once
    with redirect_stdout(sys.stderr):  # what a journey prints is no answer
        done = asyncio.run(histories.replay(histories.files_in(folder), base.settings().store_packages))
    broken = [r for r in done if r.broken]
    if as_json:
        base.emit([{"file": str(r.file), "type": r.type, "broken": r.broken or None} for r in done])
    for one_file in broken:
        base.report("\n".join(lines(f"{one_file.file}: {one_file.broken}", "    ")))
    if broken:
        raise JourneyError(
            f"{len(broken)} of {len(done)} histories do not replay.",
            mend="Put the change to shared code behind `self.patched(…)`; a frozen module is never changed.",
        )
    if not as_json:
        typer.echo(f"All {len(done)} histories replay.")


def record(
    to: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where to, such as tests/histories/2026-11-25.")
    ],
    journeys: Annotated[
        list[str] | None, typer.Option("--journey", help="Only this one (jny_…); repeatable.")
    ] = None,
    most: Annotated[int, typer.Option(help="Of each type, the latest that have ended.")] = 20,
    live: Annotated[
        bool, typer.Option("--live", help="The latest that are under way instead, for `doorstep verify`.")
    ] = False,
) -> None:
    """Keep the histories of journeys of this installation as files. They hold references only, no personal data, and
    stay sealed where a codec key seals them: whoever replays or verifies them needs that key."""
    from doorstep import recording

    settings = base.settings()
    with opened() as database:
        wanted = recording.chosen(database, journeys or [], most, live=live)
        for file in recording.record(settings, database, wanted, to):
            typer.echo(str(file))


def _release(name: str, packages: tuple[str, ...]) -> str:
    """A built-in journey is released with Doorstep, a store's own on the day it is published."""
    from importlib.metadata import version

    from doorstep import releases
    from doorstep.workflows import registry

    found = releases.published(packages)
    modules = [v.module for v in found.values() if name in (v.type, registry.name_of(v.type))]
    built_in = any(module.startswith(f"{releases.BUILT_IN}.") for module in modules)
    return version("doorstep") if built_in else f"{datetime.now(UTC):%Y-%m-%d}"
