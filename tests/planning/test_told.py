"""What a plan and an explanation say to people: in the customer's time, and without the code's words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update
from tests.planning.test_knew import Whole
from tests.planning.test_paused import RESUMED, support, until

from doorstep.api.schemas.plan import PlanAnswer
from doorstep.cli import explain as explaining
from doorstep.cli import plan as planning
from doorstep.contracts import Wait
from doorstep.domain.customers import UNDATED
from doorstep.models.base import Database
from doorstep.models.people import ConsentRow
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.recorded import facts_told
from doorstep.models.tables import table
from doorstep.rehearsal.assuming import Arrival, Assumption, assumed

INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\bUTC\b")
MACHINES = {"utc", "local", "facts", "projected_at", "created_at", "done_at", "received_at"}


def said(told: Any, under: str = "") -> Iterator[str]:
    """Every text of an answer that is not a machine's."""
    if isinstance(told, dict):
        for name, value in told.items():
            if name not in MACHINES:
                yield from said(value, f"{under}.{name}")
    elif isinstance(told, list):
        for one in told:
            yield from said(one, under)
    elif isinstance(told, str):
        yield f"{under} {told}"


def test_what_a_rule_waits_for_is_told_in_the_customers_time(database: Database) -> None:
    """In the answer's sentences and on the page; the facts that it read stay as they were recorded."""
    waits = support(database, RESUMED, "community", paused=False)
    told = waits.explain("community")
    quiet = [rule for touch in told.ahead for rule in touch.rules]
    assert quiet
    assert any(INSTANT.search(str(rule.facts)) for rule in quiet)
    assert not [text for text in said(told.model_dump(mode="json")) if INSTANT.search(text)]
    page = "\n".join(explaining.page(told, waits.detail()))
    assert not INSTANT.search(page)
    assert max(map(len, page.splitlines())) <= 100


def test_what_a_step_is_about_stands_in_brackets(database: Database) -> None:
    """It is for machines, and what an agent copies; it stood beside the name as if it were a word."""
    waits = support(database, RESUMED, "community", paused=False)
    told = waits.explain("community")
    about = "customer:ord_ktfiq4ohw7:ordered_again"
    [touch] = told.ahead
    other = touch.model_copy(update={"occurrence": about})
    page = explaining.page(told.model_copy(update={"ahead": [other]}), waits.detail())
    assert f"community [{about}]" in page


def test_a_consent_that_nobody_dated_is_told_so(database: Database) -> None:
    """It stands in the table before every other word, which is no day on which anybody said it."""
    waits = support(database, RESUMED, "community", paused=False)
    with database.writing() as connection:
        connection.execute(update(table(ConsentRow)).values(at=UNDATED))
    told = waits.explain("community")
    [read] = [
        rule.facts["consents"]["email"] for t in told.ahead for rule in t.rules if rule.rule == "consent"
    ]
    assert read["at"] is None
    page = " ".join("\n".join(explaining.page(told, waits.detail())).split())
    assert "at=not said when" in page
    assert "1970" not in page


def test_a_consent_that_nobody_dated_was_recorded_as_it_stood() -> None:
    """Decisions from before are told the same."""
    read = {
        "email": {"granted": True, "at": "1970-01-01T00:00:00+00:00"},
        "sms": {"granted": True, "at": "2026-07-01"},
    }
    told = facts_told({"consents": read, "held": 1})
    assert told == {"consents": {**read, "email": {"granted": True, "at": None}}, "held": 1}
    assert facts_told({"consents": None}) == {"consents": None}


def test_when_a_parcel_is_taken_to_arrive_is_told_in_the_customers_time(database: Database) -> None:
    """By what people know it by, not by our reference. And so is what an error of the code names, where only what was
    recorded can be told."""
    waits = support(database, RESUMED, "community", paused=False)
    comes = (Arrival(shipment="shp_1", at=RESUMED, name="DHL, 0034"),)
    made = replace(
        waits.planner.made(until(RESUMED), RESUMED),
        assumed=assumed(Assumption.ARRIVES, comes),
        note=f"The code goes another way, at {RESUMED:%Y-%m-%d %H:%M:%S} UTC of virtual time.",
    )
    told, at = PlanAnswer.of(made, waits.detail()), Clock(waits.detail().person.zone).words(RESUMED)
    assert told.assumed[0] == f"A parcel (DHL, 0034) arrives on {at}, as its carrier says."
    assert told.note == f"The code goes another way, on {at} of virtual time."
    assert not INSTANT.search("\n".join(planning.page(told, waits.detail())))


def test_why_a_message_would_not_go_is_told_without_the_journeys_own_names(database: Database) -> None:
    """The shop has nothing else to offer, which the journey records in a word of its own code."""
    whole = Whole(database, "a-part-goes-back")
    answer = whole.as_of(5.5)
    sentences = [t.sentence for t in answer.touches if t.step.startswith("cross-sell")]
    assert sentences
    assert all(text.endswith(": There is nothing left to offer.") for text in sentences)
    assert not [text for text in said(answer.model_dump(mode="json")) if "the case" in text]


def test_a_step_that_an_agent_had_skipped_stands_under_its_own_day(database: Database) -> None:
    """The journey ends it as soon as it comes to it; it is looked for where it would have gone."""
    whole = Whole(database, "sent-now-skipped-and-cancelled-by-an-agent")
    at = datetime(
        2026, 11, 25, 19, 13, 43, 40_000, tzinfo=UTC
    )  # 'community' is to be skipped, 'education' waits
    answer = PlanAnswer.of(whole.planner.made(whole.history, whole.now, at), whole.detail(), past=True)
    [skipped] = [t for t in answer.touches if t.step == "community"]
    assert (skipped.outcome, skipped.when) == ("cancelled", skipped.due)
    assert skipped.sentence == f"Would not go ({skipped.due.words}): skipped by an agent."
    assert [t.when.utc for t in answer.touches] == sorted(t.when.utc for t in answer.touches)


def test_what_it_waits_for_is_listed_by_when(database: Database) -> None:
    """As `status` does; what has no end in sight comes last."""
    waits = support(database, RESUMED, "community", paused=False)
    made = waits.planner.made(until(RESUMED), RESUMED)
    first, second = made.waits
    listening = Wait(kind="event", name="return.requested")
    told = PlanAnswer.of(replace(made, waits=(listening, second, first)), waits.detail())
    assert [wait.name for wait in told.waits] == [first.name, second.name, "return.requested"]
