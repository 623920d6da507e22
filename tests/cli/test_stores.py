"""`doorstep stores`: a shop made, read and changed, each word checked before anything is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from doorstep import cli
from doorstep.models import Database
from doorstep.models.people import PersonRow
from doorstep.models.stores import StoreRow
from doorstep.policies.reading import policy_of

Run = Callable[..., Result]
FERN = ("add", "fern", "--name", "Fern & Fable", "--zone", "Europe/Berlin", "--currency", "eur")


@pytest.fixture
def run(database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DOORSTEP_DATABASE_URL", database_url)
    monkeypatch.setenv("DOORSTEP_DATA_DIR", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(cli.app, ["stores", *arguments])


def test_a_store_is_made_with_its_rules(run: Run, database: Database) -> None:
    """What the gate reads is what was said; what was left out is the default; it stands in the audit log."""
    rules = ("--window", "10:00-18:00", "--cap", "1/20h", "--cap", "3/7d", "--holdout", "5")
    made = run(*FERN, "--locale", "de_DE", "--country", "de", *rules, "--json")
    assert made.exit_code == 0, made.output + str(made.exception)
    told = json.loads(made.stdout)
    assert (told["locale"], told["country"], told["currency"]) == ("de-DE", "DE", "EUR")
    assert told["own"] == ["caps", "holdout_percent", "window"]
    with database.read() as session:
        row = session.get(StoreRow, "fern")
        assert row is not None
        policy = policy_of(row.policy)
    assert (policy.window.opens, policy.window.closes) == (time(10), time(18))
    assert [(cap.limit, cap.window.total_seconds() / 3600) for cap in policy.caps] == [(1, 20), (3, 168)]
    assert (policy.holdout_percent, policy.headroom) == (5, 1)
    audit = CliRunner().invoke(cli.app, ["audit", "store:fern", "--json"])
    assert [line["action"] for line in json.loads(audit.stdout)] == ["store.created"]


def test_a_change_keeps_what_it_does_not_name(run: Run, database: Database) -> None:
    """The zone moves persons who have none of their own; a rule can go back to its default."""
    run(*FERN, "--window", "10:00-18:00", "--cap", "1/20h")
    now = datetime.now(UTC)
    with database.write() as session:
        for person, source in (("per_a", "store"), ("per_b", "address")):
            row = PersonRow(id=person, store_id="fern", zone="Europe/Berlin", zone_source=source)
            row.created_at = row.updated_at = now
            session.add(row)
    said = json.loads(run("set", "fern", "--zone", "America/New_York", "--default", "caps", "--json").stdout)
    assert said["changed"] == {
        "zone": {"from": "Europe/Berlin", "to": "America/New_York"},
        "policy": {
            "from": {"window": "10:00-18:00", "caps": [{"limit": 1, "hours": 20}]},
            "to": {"window": "10:00-18:00"},
        },
    }
    assert (said["name"], len(said["policy"]["caps"])) == ("Fern & Fable", 2)
    with database.read() as session:
        zones = [session.get(PersonRow, ref).zone for ref in ("per_a", "per_b")]  # type: ignore[union-attr]
    assert zones == ["America/New_York", "Europe/Berlin"]
    assert json.loads(run("set", "fern", "--name", "Fern & Fable", "--json").stdout)["changed"] == {}
    assert json.loads(run("show", "fern", "--json").stdout)["persons"] == 2
    assert "10:00-18:00 in the person's local time" in run("show", "fern").stdout


MISTAKES = (
    (("--zone", "Europe/Berln"), "Did you mean 'Europe/Berlin'?"),
    (("--zone", "EST"), "is no time zone"),
    (("--currency", "EURO"), "Did you mean 'EUR'?"),
    (("--country", "Germany"), "Did you mean 'DE'?"),
    (("--locale", "de_DX"), "is no locale"),
    (("--window", "20:00-09:00"), "the first before the second"),
    (("--cap", "4 a week"), "1/20h or 4/7d"),
    (("--default", "windw"), "Did you mean 'window'?"),
    (("--name", " "), "needs a name"),
)


def test_a_mistake_changes_nothing_and_says_how_to_mend_it(run: Run) -> None:
    """Each with the nearest right word; the store is as it was, whatever else the command said."""
    run(*FERN)
    before = run("show", "fern", "--json").stdout
    for arguments, said in MISTAKES:
        refused = run("set", "fern", "--holdout", "7", *arguments)
        assert refused.exit_code != 0, arguments
        assert said in str(refused.exception) + refused.output
    assert run("show", "fern", "--json").stdout == before


def test_names_are_offered_and_taken_once(run: Run, tmp_path: Path) -> None:
    """An unknown store offers the nearest, a second one of the same id is refused, a brand is read or refused whole."""
    run(*FERN)
    assert "Did you mean 'fern'?" in str(run("show", "ferm").exception)
    assert "already" in str(run(*FERN).exception)
    assert "lower-case" in str(run("add", "Fern", *FERN[2:]).exception)
    brand = tmp_path / "brand.toml"
    brand.write_text('support_email = "help@fern.example"\nprimry = "#123456"\n')
    assert "Did you mean 'primary'?" in str(run("set", "fern", "--brand", str(brand)).exception)
    brand.write_text('support_email = "help@fern.example"\nprimary = "#123456"\n')
    assert json.loads(run("set", "fern", "--brand", str(brand), "--json").stdout)["brand"] == {
        "support_email": "help@fern.example",
        "primary": "#123456",
    }
    assert "Fern & Fable" in run("list").stdout
