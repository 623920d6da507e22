"""`doorstep status`, `explain`, `redrive` and `keys`: what a person at a terminal can ask, with nothing running."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner, Result

from api import desk
from doorstep import cli
from doorstep.contracts import Wait
from doorstep.domain.orders import OrderState
from doorstep.domain.values import replace
from doorstep.errors import BadInput, DoorstepError, NotFound, SetupError
from doorstep.models.base import Database
from doorstep.models.care import PointsRow
from doorstep.models.codec_json import order_json, waits_json
from doorstep.models.journeys import ActionRow, JourneyRow
from doorstep.models.keys import recognise
from doorstep.models.ledger import DecisionRow
from doorstep.models.orders import OrderRow
from doorstep.models.tables import table
from shop import add

Run = Callable[..., Result]


@pytest.fixture
def run(database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in process over a furnished database; errors come back as exceptions."""
    desk.furnish(database)
    monkeypatch.setenv("DOORSTEP_DATABASE_URL", database_url)
    monkeypatch.setenv("DOORSTEP_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(cli.base.logs, "configure", lambda *_: None)

    def invoked(*arguments: str) -> Result:
        return CliRunner().invoke(cli.app, list(arguments))

    return invoked


def test_status_reads_well_in_a_hundred_columns(run: Run) -> None:
    done = run("status", desk.JOURNEY)
    assert done.exit_code == 0, done.output
    assert max(len(line) for line in done.output.splitlines()) <= 100
    for said in (
        "#1042",
        "In phase 'in transit'",
        "travels in one parcel",
        "care-guide",
        "never-arrived",
        "whk_1",
    ):
        assert said in done.output
    assert "✓ Sun 1 Mar 2026, 07:00   order-confirmation" in done.output  # New York time


def test_an_open_complaint_stands_below_the_headline(run: Run, database: Database) -> None:
    """It steers what goes out: since when it is open and what it is about, the case's number in the JSON alone."""
    complains(database, {"case-77": desk.PLACED, "stars": desk.NOW}, settled={"case-77": desk.NOW})
    add(
        database,
        desk.event("evt_stars", "review.submitted", "delivered", fact_key="stars", data={"rating": 2}),
    )
    page = " ".join(run("status", desk.JOURNEY).output.split())
    assert (
        "A complaint is open since Tue 10 Mar 2026, 08:00 (a review of 2 out of 5 stars). "
        "Until it is settled, marketing that comes due is left out. Order #1042"
    ) in page
    assert "case-77" not in page
    settled, open_one = json.loads(run("status", desk.JOURNEY, "--json").stdout)["order"]["complaints"]
    assert (settled["ref"], settled["resolved"]["words"]) == ("case-77", "Tue 10 Mar 2026, 08:00")
    assert settled["sentence"] == (
        "A complaint of Sun 1 Mar 2026, 07:00 was settled on Tue 10 Mar 2026, 08:00."
    )
    assert (open_one["resolved"], open_one["about"]) == (None, "a review of 2 out of 5 stars")


def test_what_agents_asked_is_told_with_when_and_why_it_was_refused(run: Run, database: Database) -> None:
    """Their own reason is why they asked, not why it was refused."""
    asked = {"store_id": desk.MINE, "journey_id": desk.JOURNEY, "actor": "key:4711", "created_at": desk.NOW}
    refused = {"status": "refused", "detail": "The journey is paused; resume it first."}
    add(database, ActionRow(id="act_1", kind="pause", reason="she called", status="applied", **asked))
    add(database, ActionRow(id="act_2", kind="send_now", step="check-in", reason="x", **refused, **asked))
    page = " ".join(run("status", desk.JOURNEY).output.split())
    assert "• pause on Tue 10 Mar 2026, 08:00: she called (key:4711)" in page
    assert (
        "• send-now check-in on Tue 10 Mar 2026, 08:00, refused. The journey is paused; resume it first. "
        "Asked because: x (key:4711)"
    ) in page


def test_how_a_pause_was_caught_up_with_is_told_with_its_end(run: Run, database: Database) -> None:
    asked = {"store_id": desk.MINE, "journey_id": desk.JOURNEY, "actor": "key:4711", "created_at": desk.NOW}
    resumed = {
        "kind": "resume",
        "catch_up": "send_still_useful",
        "reason": "she is back",
        "status": "applied",
    }
    add(database, ActionRow(id="act_1", **resumed, **asked))
    page = " ".join(run("status", desk.JOURNEY).output.split())
    assert "• resume (send still useful) on Tue 10 Mar 2026, 08:00: she is back" in page


def test_points_that_were_taken_back_are_told_in_words(run: Run, database: Database) -> None:
    """It was `-15 order-reversed`, and `+0 order-reversed` where there was nothing to take."""
    held = {
        "store_id": desk.MINE,
        "person_id": desk.PERSON,
        "journey_id": desk.JOURNEY,
        "order_ref": desk.ORDER,
    }
    for number, points in enumerate((-15, 0)):
        row = {
            "key": f"{desk.JOURNEY}:back:{number}",
            "points": points,
            "reason": "order-reversed",
            "at": desk.NOW,
        }
        add(database, PointsRow(**held, **row))
    output = run("status", desk.JOURNEY).output
    assert "• +127 order, Sun 1 Mar 2026, 07:00" in output
    assert "• -15 order, taken back, Tue 10 Mar 2026, 08:00" in output
    assert "• Nothing was left to take back of: order, Tue 10 Mar 2026, 08:00" in output


def test_what_a_step_is_about_is_told_whole(run: Run, database: Database) -> None:
    """It was cut off in mid-word, and is what an agent names to skip one of several."""
    about = "shipment:shp_ktfiq4ohw7wngsx4htzsnfadtx:exception:2026-12-01T10:00:00+00:00"
    row = desk.touch("delivery-exception", "accepted", occurrence=about, accepted_at=desk.NOW)
    row.key = f"{row.key}:{about}"
    add(database, row)
    output = run("status", desk.JOURNEY).output
    assert max(len(line) for line in output.splitlines()) <= 100
    assert f"\n      [{about}]\n" in output
    assert "about this: A parcel was held up at its carrier.\n" in output


def test_without_an_open_complaint_none_is_spoken_of(run: Run, database: Database) -> None:
    assert "omplain" not in run("status", desk.JOURNEY).output
    complains(database, {"case-77": desk.PLACED}, settled={"": desk.NOW})
    assert "omplain" not in run("status", desk.JOURNEY).output


@pytest.mark.parametrize("settled", [{}, {"case-1": desk.NOW}])
def test_an_exchanges_complaint_is_told_once_as_the_journeys_own_order_has_it(
    run: Run, database: Database, settled: dict[str, datetime]
) -> None:
    """Both orders hear of it; that it was settled is often told of the first alone, which the gate reads."""
    held = OrderState(complaints={"case-1": desk.PLACED})
    add(
        database,
        desk.order(
            *("ord_exchange234567abcdefghij", desk.MINE, "5002", "#1043", desk.PERSON),
            parent_ref=desk.ORDER,
            journey_id=desk.JOURNEY,
            state=order_json(held),
        ),
    )
    complains(database, {"case-1": desk.PLACED}, settled)
    page = " ".join(run("status", desk.JOURNEY).output.split())
    assert page.count("complaint is open since") == (0 if settled else 1)
    found = json.loads(run("status", desk.JOURNEY, "--json").stdout)
    assert found["order"]["open_complaint"] is not bool(settled)
    assert [(one["open_complaint"], one["complaints"]) for one in found["other_orders"]] == [(False, [])]


def test_after_its_journey_a_complaint_that_is_open_holds_no_marketing_back(
    run: Run, database: Database
) -> None:
    complains(database, {"case-1": desk.NOW}, settled={})
    with database.writing() as connection:
        journeys = table(JourneyRow)
        over = {"status": "closed", "outcome": "completed", "closed_at": desk.NOW, "waits": [], "phase": ""}
        connection.execute(update(journeys).where(journeys.c.id == desk.JOURNEY).values(**over))
    page = " ".join(run("status", desk.JOURNEY).output.split())
    assert "completed. A complaint is open since Tue 10 Mar 2026, 08:00. Order #1042" in page


def complains(database: Database, since: dict[str, datetime], settled: dict[str, datetime]) -> None:
    """The customer does, of the order on the desk."""
    state = order_json(replace(desk.STATE, complaints=since, resolutions=settled))
    with database.writing() as connection:
        orders = table(OrderRow)
        connection.execute(update(orders).where(orders.c.id == desk.ORDER).values(state=state))


def test_status_finds_an_order_by_the_stores_own_id_and_as_json(run: Run) -> None:
    assert json.loads(run("status", "5001", "--json").stdout)["id"] == desk.JOURNEY


def test_a_number_that_two_stores_use_asks_which(run: Run) -> None:
    error = run("status", "1042").exception
    assert isinstance(error, DoorstepError)
    assert desk.JOURNEY in str(error)
    assert desk.OTHER_JOURNEY in str(error)


def test_a_misspelt_number_is_offered_the_nearest(run: Run) -> None:
    assert "Did you mean '#1042'?" in str(run("status", "#1O42").exception)


@pytest.mark.parametrize("number", ["straße-9", "STRASSE-X", "#straße-9", "Straße-9"])
def test_a_number_in_mixed_case_is_found_in_any(run: Run, database: Database, number: str) -> None:
    with database.write() as session:
        session.execute(update(OrderRow).where(OrderRow.id == desk.ORDER).values(number="Straße-9"))
        session.execute(update(OrderRow).where(OrderRow.id == desk.OTHER_ORDER).values(number="Strasse-x"))
    assert run("status", number).exit_code == 0


def test_a_mistyped_reference_is_offered_the_nearest(run: Run, database: Database) -> None:
    """It is not said to be coming; only of an order that is heard of can that be said."""
    for right, what in ((desk.JOURNEY, "journey"), (desk.ORDER, "order")):
        wrong = right[:-2] + "0" + right[-1] + "9"
        error = run("status", wrong).exception
        assert isinstance(error, NotFound)
        assert error.what == f"There is no {what} '{wrong}'. Did you mean '{right}'?"
        assert "yet" not in str(error)
    with database.write() as session:
        session.add(desk.order("ord_held", desk.MINE, "6001", "", desk.PERSON, whole=False, placed_at=None))
    assert "no journey of 'ord_held' yet" in str(run("status", "ord_held").exception)


def test_status_alone_shows_the_installation_and_its_quarantine(run: Run) -> None:
    done = run("status")
    assert "2 open" in done.output
    assert "whk_1" in done.output
    assert "created_at is no instant" in done.output
    assert json.loads(run("status", "--json").stdout)["quarantined"] == 1


def test_explain_goes_rule_by_rule_and_says_when_it_could_go(run: Run) -> None:
    """As the tables know it: Temporal is away here, which is said with it."""
    done = run("explain", desk.JOURNEY, "review-request")
    assert max(len(line) for line in done.output.splitlines()) <= 100
    assert "pass  consent" in done.output
    assert "defer frequency" in done.output
    assert "sent=1, limit=1" in done.output
    told = " ".join(done.output.split())
    assert (
        "As the tables last knew (Tue 10 Mar 2026, 08:00), it could go next on Wed 11 Mar 2026, 04:00" in told
    )


def test_what_a_rule_read_is_told_without_what_is_nothing(run: Run, database: Database) -> None:
    """Of `fell={}, "window_hours": 168.0, holding=false` a person reads nothing; the JSON has all of it."""
    cap = {"limit": 4, "window_hours": 168.0, "used": 0, "free_at": "2026-03-11T08:00:00+00:00"}
    facts = {"fell": {}, "channels": ["email", "sms"], "holding": False, "caps": [cap], "reachable": True}
    rule = {"rule": "frequency", "verdict": "pass", "facts": facts, "detail": "A slot is left."}
    with database.writing() as connection:
        rows = table(DecisionRow)
        asked = update(rows).where(rows.c.key == f"{desk.JOURNEY}:review-request")
        connection.execute(asked.values(trace=[rule]))
    told = " ".join(run("explain", desk.JOURNEY, "review-request").output.split())
    assert (
        "A slot is left. (channels=email sms, caps=(limit=4, window hours=168, used=0, "
        "free at=Wed 11 Mar 2026, 04:00), reachable=yes)"
    ) in told
    [step] = json.loads(run("explain", desk.JOURNEY, "review-request", "--json").stdout)["steps"]
    assert step["decisions"][0]["rules"][0]["facts"] == facts


def test_explain_tells_of_what_has_not_been_asked_about_yet(run: Run) -> None:
    assert "is due on Thu 12 Mar 2026, 08:00" in run("explain", desk.JOURNEY, "care-guide").output
    steps = json.loads(run("explain", desk.JOURNEY, "--json").stdout)["steps"]
    assert {step["step"] for step in steps} == {"order-confirmation", "review-request", "cross-sell"}


def test_explain_says_when_it_cannot_tell_what_the_gate_would_say(run: Run) -> None:
    """Temporal is away: what was decided is told all the same, from the tables."""
    told = json.loads(run("explain", desk.JOURNEY, "care-guide", "--json").stdout)
    assert [w["name"] for w in told["waits"]] == ["care-guide"]
    assert told["ahead"] == []
    assert "cannot be told: Temporal" in told["note"]
    assert "cannot be told: Temporal" in run("explain", desk.JOURNEY).output


def test_explain_asks_of_what_is_to_come_where_an_event_alone_is_waited_for(
    run: Run, database: Database
) -> None:
    """Where that cannot be told (Temporal is away, the code of its version is gone) it says so."""
    waits = waits_json((Wait(kind="event", name="order.delivered", until=desk.NOW),))
    with database.write() as session:
        session.execute(update(JourneyRow).where(JourneyRow.id == desk.OTHER_JOURNEY).values(waits=waits))
    told = json.loads(run("explain", desk.OTHER_JOURNEY, "--json").stdout)
    assert "cannot be told: Temporal" in told["note"]


def test_explain_offers_the_nearest_step(run: Run) -> None:
    assert "Did you mean 'care-guide'?" in str(run("explain", desk.JOURNEY, "care-gide").exception)


def test_explain_knows_the_steps_that_a_journey_has_not_come_to(run: Run) -> None:
    """In its first seconds there is nothing yet that a misspelt step could be compared with but its code."""
    assert "Did you mean 'win-back-45'?" in str(run("explain", desk.JOURNEY, "win-bakc-45").exception)
    told = str(run("explain", desk.JOURNEY, "win-back-45").exception)
    assert "has not come to its step 'win-back-45'" in told
    assert "Did you mean" not in told


@pytest.mark.parametrize(
    ("as_of", "side"),
    [("2126-03-31T10:00+02:00", "lies in the future"), ("2026-02-01", "before this journey began")],
)
def test_an_instant_that_is_not_of_its_past_is_told_on_which_side_it_lies(
    run: Run, as_of: str, side: str
) -> None:
    """And which would do, from the first to the last."""
    error = run("plan", desk.JOURNEY, "--as-of", as_of).exception
    assert isinstance(error, BadInput)
    assert side in error.what
    assert "by the customer's clock" in error.what  # in New York
    assert "from 2026-03-01T07:00:00-05:00 to 20" in error.mend


def test_a_key_made_here_opens_the_api_until_it_is_revoked(run: Run, database: Database) -> None:
    made = json.loads(run("keys", "create", "desk 4", "--scope", "support", "--json").stdout)
    found = recognise(database, made["key"])
    assert found is not None
    assert found.key_id == made["id"]
    listed = run("keys", "list")
    assert made["id"] in listed.output
    assert made["key"] not in listed.output
    assert run("keys", "revoke", made["id"]).exit_code == 0
    assert recognise(database, made["key"]) is None
    assert "revoked" in run("keys", "list").output


def test_a_misspelt_scope_or_key_is_offered_the_nearest(run: Run) -> None:
    assert "Did you mean 'support'?" in str(run("keys", "create", "x", "--scope", "suport").exception)
    made = json.loads(run("keys", "create", "x", "--scope", "support", "--json").stdout)["id"]
    assert f"Did you mean '{made}'?" in str(run("keys", "revoke", made[:-1] + "9").exception)


def test_redrive_wants_to_know_which(run: Run) -> None:
    assert "--webhook ID or --all" in str(run("redrive").exception)
    assert "no webhook 'whk_none'" in str(run("redrive", "--webhook", "whk_none").exception)


def test_redrive_all_says_what_became_of_it(run: Run) -> None:
    done = run("redrive", "--all", "--json")
    assert done.exit_code == 0, done.exception
    assert set(json.loads(done.stdout)) == {"webhooks", "mended", "events", "requeued", "still"}


def test_on_the_tables_of_a_newer_release_commands_run_and_say_so(
    run: Run, put_at: Callable[[str], None]
) -> None:
    """One line on stderr; a script that reads JSON does not meet it."""
    put_at("9999")
    done = run("status", desk.JOURNEY, "--json")
    assert json.loads(done.stdout)["id"] == desk.JOURNEY
    (line,) = done.stderr.splitlines()
    assert "revision 9999 of a newer release, which serves this one" in line
    done = run("migrate")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "9999 of a newer release" in done.stdout
    assert "Nothing is to be done." in done.stdout
    assert json.loads(run("migrate", "--json").stdout) == {"revision": "9999", "standing": "ahead"}


@pytest.mark.parametrize(("at", "said"), [("0004", "doorstep migrate"), ("9999_since_9998", "backup")])
def test_on_tables_that_do_not_serve_commands_refuse(
    run: Run, put_at: Callable[[str], None], at: str, said: str
) -> None:
    """And say how to mend it."""
    put_at(at)
    error = run("status").exception
    assert isinstance(error, SetupError)
    assert said in error.mend


def test_without_a_database_it_says_how_to_get_one_and_makes_none(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "doorstep", "status", "1"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={"DOORSTEP_DATA_DIR": str(tmp_path), "PYTHONPATH": "src"},
        check=False,
    )
    assert done.returncode == 1
    assert "There is no database at" in done.stderr
    assert "doorstep migrate" in done.stderr
    assert not list(tmp_path.iterdir())
