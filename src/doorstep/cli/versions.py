"""`doorstep versions`: what is published, what still runs on it, and how the next version comes to be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doorstep.cli import base
from doorstep.cli.finding import lines, opened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doorstep.models.reading.drain import Draining
    from doorstep.models.workers import Present
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
    from doorstep.models import workers
    from doorstep.models.reading.drain import draining

    settings = base.settings()
    found, kept = releases.published(settings.store_packages), releases.frozen(settings.store_packages)
    with opened() as database, database.scanning() as connection:
        open_ones = draining(connection)
        there = workers.present(connection, settings.task_queue, datetime.now(UTC))
    told = [
        one(name, found.get(name), kept.get(name), open_ones.get(name), there)
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


def one(
    name: str, code: Published | None, entry: Frozen | None, left: Draining | None, there: Sequence[Present]
) -> dict[str, Any]:
    """One version, for a script; `advice` is what to do about it, or empty. `there`: the workers that run."""
    from doorstep.workflows import registry

    newest = code is not None and registry.newest(registry.name_of(name)) == name
    taken = code is not None and _taken(name, there)
    return {
        "type": name,
        "module": code.module if code else entry.module if entry else None,
        "code": code is not None,
        "digest": code.digest if code else None,
        "frozen": entry.release if entry else None,
        "changed": bool(code and code.changed),
        "retired": entry.retired or None if entry else None,
        "newest": newest,
        "takes_new_orders": taken,
        "workers_without": [w.place for w in there if name not in w.types] if newest else [],
        "open": left.open if left else 0,
        "paused": left.paused if left else 0,
        "phases": dict(left.phases) if left else {},
        "steps": dict(left.steps.most_common()) if left else {},
        "last_expected": left.expected if left else None,
        "last_at_latest": left.latest if left else None,
        "advice": _advice(name, code, entry, left, needed=newest or taken),
    }


def _taken(name: str, there: Sequence[Present]) -> bool:
    """Whether it is what a new order of its name gets now."""
    from doorstep.models.workers import common
    from doorstep.workflows import registry

    try:
        return registry.newest(registry.name_of(name), common(there)) == name
    except registry.NotEverywhere:
        return False


def _advice(
    name: str, code: Published | None, entry: Frozen | None, left: Draining | None, *, needed: bool
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
    if not needed and not left:
        return (
            f"Nothing runs on it and no new order takes it: {code.path.name} may be removed, "
            f"with `doorstep versions retire {name}`. See that every installation says so."
        )
    return ""


def page(version: dict[str, Any]) -> list[str]:
    """One version, at most 100 columns wide."""
    state = f"frozen since {version['frozen']}" if version["frozen"] else "not frozen"
    state += f", retired with {version['retired']}" if version["retired"] else ""
    takes = "new orders take it" if version["takes_new_orders"] else "no new orders"
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
    if version["workers_without"]:
        places = ", ".join(version["workers_without"])
        made += lines(f"new orders take it once these workers have it too: {places}", "    ", "  ")
    return [*made, *(lines(version["advice"], "    ", "  → ") if version["advice"] else [])]


def _counted(version: dict[str, Any]) -> str:
    phases = ", ".join(f"{n} {phase}" for phase, n in sorted(version["phases"].items()))
    paused = f"; {version['paused']} paused, for as long as they are" if version["paused"] else ""
    return f"{version['open']} open: {phases}{paused}"
