"""Which journeys of an installation are verified: some of each version and step. The step is what a journey asked for
last, as its history tells; what it waits for is the same for many that have come to it in different ways."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from doorstep.domain.outcomes import TouchState
from doorstep.domain.touches import LedgerRow
from doorstep.models.base import Database
from doorstep.models.journeys import JourneyStatus
from doorstep.models.ledger import LedgerRowModel
from doorstep.models.ledger_rows import ledger_values
from doorstep.settings import load_settings
from doorstep.verifying.journeys import on_server
from shop import NOON, PERSON, STATE, a_request, add, add_order, open_shop

ASKED = {
    "jny_a": ("order-confirmation", "education"),
    "jny_b": ("order-confirmation", "education"),
    "jny_c": ("education", "review-sorry"),
    "jny_d": (),
}

ORDERED = replace(STATE, shipments={})


@pytest.fixture
def standing(database: Database) -> Database:
    """Beside the shop's own, which has asked for nothing: journeys that have asked for these, and all wait for the
    same. Dues are the other way round: what is asked for last need not be due last."""
    open_shop(database)
    with database.write() as session:
        for journey in ASKED:
            add_order(session, journey.replace("jny", "ord"), journey, PERSON, ORDERED)
    for journey, steps in ASKED.items():
        for n, step in enumerate(steps):
            request = a_request(step, journey_id=journey, due_at=NOON - timedelta(days=n))
            row = LedgerRow(request=request, state=TouchState.ACCEPTED, decided_at=NOON + timedelta(days=n))
            add(database, LedgerRowModel(**ledger_values(row)))
    return database


def test_a_sample_of_the_server_takes_some_of_each_step(standing: Database) -> None:
    chosen, _ = on_server(load_settings(), standing, 1, ended=False)
    assert len(chosen) == 3
    assert "jny_c" in chosen
    assert len({"jny_a", "jny_b"} & set(chosen)) == 1


def test_of_those_that_have_ended_it_is_that_they_have(standing: Database) -> None:
    with standing.write() as session:
        add_order(session, "ord_e", "jny_e", PERSON, ORDERED, status=JourneyStatus.CLOSED)
        add_order(session, "ord_f", "jny_f", PERSON, ORDERED, status=JourneyStatus.CLOSED)
    chosen, _ = on_server(load_settings(), standing, 1, ended=True)
    assert len(chosen) == 4
    assert len({"jny_e", "jny_f"} & set(chosen)) == 1
