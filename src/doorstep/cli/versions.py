"""`doorstep versions`: what is published, what still runs on it, and how the next version comes to be."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doorstep.cli import base
from doorstep.cli.finding import lines, opened

if TYPE_CHECKING:
    from doorstep.models.reading.drain import Draining
    from doorstep.releases import Frozen, Published

app = typer.Typer(
    help="Published journeys: which versions there are, what still runs on each, and publishing the next.\n\n"
    "A published version is frozen: its open journeys replay through it for up to ninety days. To change one, "
    "`doorstep versions new NAME`, edit, `doorstep versions publish NAME`, commit, deploy (docs/versions.md).",
    no_args_is_help=False,
)
Release = Annotated[
    str | None,
    typer.Option(help="What the release is called; else this Doorstep's version, or today's date."),
]


@app.callback(invoke_without_command=True)
def versions(context: typer.Context, as_json: base.AsJson = False) -> None:
    """List every version: frozen since when, its open journeys by phase and step, when the last can end."""
    if context.invoked_subcommand is not None:
        return
    from doorstep import releases
    from doorstep.models.reading.drain import draining

    packages = base.settings().store_packages
    found, kept = releases.published(packages), releases.frozen(packages)
    with opened() as database, database.reading() as connection:
        open_ones = draining(connection)
    told = [
        one(name, found.get(name), kept.get(name), open_ones.get(name))
        for name in sorted({*found, *kept, *open_ones} - {""})
    ]
    waiting = open_ones[""].open if "" in open_ones else 0
    if as_json:
        base.emit({"versions": told, "not_started": waiting})
        return
    for version in told:
        typer.echo("\n".join(page(version)))
    if waiting:
        typer.echo(
            f"{waiting} orders wait for their journey to start; which version they get is decided then."
        )


def one(name: str, code: Published | None, entry: Frozen | None, left: Draining | None) -> dict[str, Any]:
    """One version, for a script; `advice` is what to do about it, or empty."""
    from doorstep.workflows import registry

    taken = code is not None and registry.newest(registry.name_of(name)) == name
    return {
        "type": name,
        "module": code.module if code else entry.module if entry else None,
        "code": code is not None,
        "digest": code.digest if code else None,
        "frozen": entry.release if entry else None,
        "changed": bool(code and code.changed),
        "retired": entry.retired or None if entry else None,
        "newest": taken,
        "open": left.open if left else 0,
        "paused": left.paused if left else 0,
        "phases": dict(left.phases) if left else {},
        "steps": dict(left.steps.most_common()) if left else {},
        "last_expected": left.expected if left else None,
        "last_at_latest": left.latest if left else None,
        "advice": _advice(name, code, entry, left, taken=taken),
    }


def _advice(
    name: str, code: Published | None, entry: Frozen | None, left: Draining | None, *, taken: bool
) -> str:
    if code is None and left:
        return "Its code is missing and no worker starts: deploy it again (is its package in DOORSTEP_STORE_PACKAGES?)."
    if code is None:
        gone = entry is not None and not entry.retired
        return f"Its code is gone: bring it back, or `doorstep versions retire {name}`." if gone else ""
    if code.changed:
        return "It has changed since it was published; no worker starts. Take the change back."
    if entry is None:
        return f"Not frozen yet: `doorstep versions publish {name}` before it is deployed."
    if not taken and not left:
        return (
            f"Nothing runs on it and no new order takes it: {code.path.name} may be removed, "
            f"with `doorstep versions retire {name}`. See that every installation says so."
        )
    return ""


def page(version: dict[str, Any]) -> list[str]:
    """One version, at most 100 columns wide."""
    state = f"frozen since {version['frozen']}" if version["frozen"] else "not frozen"
    state += f", retired with {version['retired']}" if version["retired"] else ""
    takes = "new orders take it" if version["newest"] else "no new orders"
    made = [f"{version['type']:<16} {state}; {takes if version['code'] else 'no code here'}"]
    if version["open"]:
        made += lines(_counted(version), "    ", "  ")
        if version["steps"]:
            waits = ", ".join(f"{name} {n}" for name, n in version["steps"].items())
            made += lines(f"wait for: {waits}", "    ", "  ")
        made += lines(
            f"the last ends by {version['last_expected']:%-d %b %Y}, at the latest by "
            f"{version['last_at_latest']:%-d %b %Y} (pauses, late refunds)",
            "    ",
            "  ",
        )
    elif not version["retired"]:
        made.append("  nothing open")
    return [*made, *(lines(version["advice"], "    ", "  → ") if version["advice"] else [])]


def _counted(version: dict[str, Any]) -> str:
    phases = ", ".join(f"{n} {phase}" for phase, n in sorted(version["phases"].items()))
    paused = f"; {version['paused']} paused, for as long as they are" if version["paused"] else ""
    return f"{version['open']} open: {phases}{paused}"


# --- the life of a version -----------------------------------------------------------------------------


@app.command()
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


@app.command()
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


@app.command()
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
    with opened() as database, database.reading() as connection:
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


@app.command()
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


@app.command()
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


@app.command()
def record(
    to: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where to, such as tests/histories/2026-11-25.")
    ],
    journeys: Annotated[
        list[str] | None, typer.Option("--journey", help="Only this one (jny_…); repeatable.")
    ] = None,
    most: Annotated[int, typer.Option(help="Of each type, the latest that have ended.")] = 20,
) -> None:
    """Keep the histories of journeys of this installation as files. They hold references only, no personal data."""
    from doorstep import recording

    settings = base.settings()
    with opened() as database:
        wanted = recording.chosen(database, journeys or [], most)
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
