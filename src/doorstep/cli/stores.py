"""`doorstep stores`: the shops of this installation, and the rules each writes by."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doorstep.cli import base
from doorstep.cli.finding import opened
from doorstep.cli.person import actor
from doorstep.errors import BadInput

if TYPE_CHECKING:
    from doorstep.models.stores import StoreRow

app = typer.Typer(
    help="Make, list and change stores: zone, language, currency, when and how often they write.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Id = Annotated[str, typer.Argument(help="Its id: `fern`. `doorstep stores list` shows them.")]
Name = Annotated[str | None, typer.Option(help="What customers call it.")]
Zone = Annotated[str | None, typer.Option(help="Where it is, for whom no zone is known: Europe/Berlin.")]
Locale = Annotated[str | None, typer.Option(help="Its language and customs: de-DE.")]
Country = Annotated[
    str | None, typer.Option(help="Two letters; numbers without a prefix are read as its own.")
]
Currency = Annotated[str | None, typer.Option(help="Three letters: EUR.")]
Window = Annotated[
    str | None,
    typer.Option(help="When marketing may go, in the person's local time: 09:00-20:00. The rest is quiet."),
]
Caps = Annotated[
    list[str] | None,
    typer.Option(
        "--cap", help="At most so many marketing messages to one person: 1/20h, 4/7d; may be repeated."
    ),
]
Headroom = Annotated[int | None, typer.Option(help="Slots of the widest cap kept for what ranks high.")]
HeadroomFrom = Annotated[
    int | None, typer.Option(help="The priority from which something ranks high, 0-101.")
]
Holdout = Annotated[
    float | None, typer.Option(help="Percent of persons who get no marketing, to measure it.")
]
BrandFile = Annotated[
    Path | None, typer.Option("--brand", help="A brand.toml; its keys replace the store's.")
]
_CAP = re.compile(r"(\d+)/(\d+(?:\.\d+)?)([hd])")


@app.command("add")
def add(
    store: Id,
    name: Annotated[str, typer.Option(help="What customers call it.")],
    zone: Annotated[str, typer.Option(help="Where it is, for whom no zone is known: Europe/Berlin.")],
    currency: Annotated[str, typer.Option(help="Three letters: EUR.")],
    locale: Annotated[str, typer.Option(help="Its language and customs: de-DE.")] = "en",
    country: Country = None,
    window: Window = None,
    caps: Caps = None,
    headroom: Headroom = None,
    headroom_from: HeadroomFrom = None,
    holdout: Holdout = None,
    brand: BrandFile = None,
    as_json: base.AsJson = False,
) -> None:
    """Make a store. What is left out takes its default.

    For example: doorstep stores add fern --name "Fern & Fable" --zone Europe/Berlin --currency EUR --locale de-DE
    --country DE --window 09:00-19:00 --cap 1/20h --cap 3/7d
    """
    from doorstep.models.storekeeping import add_store

    given = _given(name, zone, locale, country, currency, brand)
    given["policy"] = _policy(window, caps, headroom, headroom_from, holdout)
    with opened() as database, database.write() as session:
        told = _told(add_store(session, store, given, actor=actor(), at=datetime.now(UTC)))
    if as_json:
        base.emit(told)
        return
    _show(told)
    base.report(f"Next: `doorstep connections add … --store {store}` says who may tell of its orders.")


@app.command("list")
def list_(as_json: base.AsJson = False) -> None:
    """List every store."""
    from doorstep.models import storekeeping

    with opened() as database, database.read() as session:
        told = [_told(row) for row in storekeeping.stores(session)]
    if as_json:
        base.emit(told)
        return
    if not told:
        typer.echo("There are no stores yet: `doorstep stores add --help` shows how to make one.")
    for one in told:
        where = f"{one['zone']:<20} {one['locale']:<8} {one['country'] or '–':<3} {one['currency']}"
        typer.echo(f"{one['id']:<20} {where}  {one['name']}")


@app.command("show")
def show(store: Id, as_json: base.AsJson = False) -> None:
    """Show one store, with the rules in force: its own and the defaults."""
    from doorstep.models.storekeeping import find_store, persons_in

    with opened() as database, database.read() as session:
        told = {**_told(find_store(session, store)), "persons": persons_in(session, store)}
    if as_json:
        base.emit(told)
    else:
        _show(told)


@app.command("set")
def set_(
    store: Id,
    name: Name = None,
    zone: Zone = None,
    currency: Currency = None,
    locale: Locale = None,
    country: Country = None,
    window: Window = None,
    caps: Caps = None,
    headroom: Headroom = None,
    headroom_from: HeadroomFrom = None,
    holdout: Holdout = None,
    defaults: Annotated[
        list[str] | None,
        typer.Option("--default", help="A rule that takes its default again: window, caps; may be repeated."),
    ] = None,
    brand: BrandFile = None,
    as_json: base.AsJson = False,
) -> None:
    """Change a store; what is not named stays. Rules hold from the next decision on, for what waits already too."""
    from doorstep.models.storekeeping import change_store

    given = _given(name, zone, locale, country, currency, brand)
    given["policy"] = _policy(window, caps, headroom, headroom_from, holdout)
    with opened() as database, database.write() as session:
        row, changed = change_store(
            session, store, given, defaults=defaults or (), actor=actor(), at=datetime.now(UTC)
        )
        told = _told(row)
    if as_json:
        base.emit({**told, "changed": {key: {"from": old, "to": new} for key, (old, new) in changed.items()}})
        return
    _show(told)
    base.report(
        f"Changed: {', '.join(sorted(changed))}." if changed else "Nothing changed: it was so already."
    )


def _given(
    name: str | None,
    zone: str | None,
    locale: str | None,
    country: str | None,
    currency: str | None,
    brand: Path | None,
) -> dict[str, Any]:
    words = {"name": name, "zone": zone, "locale": locale, "country": country, "currency": currency}
    given: dict[str, Any] = {key: value for key, value in words.items() if value is not None}
    if brand is not None:
        try:
            given["brand"] = tomllib.loads(brand.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadInput(
                f"The brand file {brand} cannot be read: {error}.", mend="See docs/authoring.md."
            ) from error
    return given


def _policy(
    window: str | None,
    caps: list[str] | None,
    headroom: int | None,
    headroom_from: int | None,
    holdout: float | None,
) -> dict[str, Any]:
    rules = {
        "window": window,
        "caps": [_cap(cap) for cap in caps] if caps else None,
        "headroom": headroom,
        "headroom_from": headroom_from,
        "holdout_percent": holdout,
    }
    return {key: value for key, value in rules.items() if value is not None}


def _cap(text: str) -> dict[str, Any]:
    found = _CAP.fullmatch(text.replace(" ", ""))
    if found is None:
        raise BadInput(f"'{text}' is no cap.", mend="Give messages/time such as 1/20h or 4/7d.")
    hours = float(found[2]) * (24 if found[3] == "d" else 1)
    return {"limit": int(found[1]), "hours": int(hours) if hours.is_integer() else hours}


def _told(row: StoreRow) -> dict[str, Any]:
    """`policy`: the rules in force; `own`: those of them that are the store's own words."""
    from doorstep.policies.reading import policy_json, policy_of

    return {
        "id": row.id,
        "name": row.name,
        "zone": row.zone,
        "locale": row.locale,
        "country": row.country,
        "currency": row.currency,
        "policy": policy_json(policy_of(row.policy)),
        "own": sorted(row.policy),
        "brand": row.brand,
        "created_at": row.created_at,
    }


def _show(told: dict[str, Any]) -> None:
    rules, own = told["policy"], told["own"]
    caps = ", ".join(f"{cap['limit']} in {cap['hours']:g} h" for cap in rules["caps"])
    typer.echo(f"{told['name']} ({told['id']})")
    typer.echo(
        f"  where      {told['zone']}, {told['locale']}, {told['country'] or 'no country'}, {told['currency']}"
    )
    for label, key, text in (
        ("marketing", "window", f"{rules['window']} in the person's local time"),
        ("caps", "caps", caps),
        ("headroom", "headroom", f"{rules['headroom']} kept from priority {rules['headroom_from']}"),
        ("holdout", "holdout_percent", f"{rules['holdout_percent']:g} %"),
    ):
        typer.echo(f"  {label:<10} {text}{'' if key in own else ' (default)'}")
    typer.echo(f"  brand      {', '.join(sorted(told['brand'])) or 'the default one'}")
    if "persons" in told:
        typer.echo(f"  persons    {told['persons']}")
