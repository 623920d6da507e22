"""Whoever opts out while a message of theirs is being made: what is committed before `sending` wins, on every path."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlmodel import Session

from doorstep.api.choosing import Word, say_in
from doorstep.domain.customers import SuppressionCause
from doorstep.domain.messages import Channel, Purpose, Rendered
from doorstep.domain.outcomes import OutcomeKind
from doorstep.domain.reports import ReportKind, Said
from doorstep.ingest import Connected, Raw
from doorstep.ingest.accept import accept_in
from doorstep.ingest.forgetting import forget_person
from doorstep.models.base import Database
from doorstep.models.store import SqlStore
from doorstep.ports import Ports
from doorstep.sources.base import ReadEvent, Reading
from doorstep.sources.sightings import ConsentSighting, PersonSighting
from doorstep.touch import perform
from ingest.test_reports import BOTH, MAIL, TEXTS, furnish, message, report
from senders import FakeRenderer, FakeSender
from shop import EMAIL, NOON, PERSON, SECRET, STORE, a_request

ADA = PersonSighting(email=EMAIL)
NOW = NOON + timedelta(minutes=1)
Tell = Callable[[Connection], object]


def heard(reading: Reading, at: Connected = MAIL) -> Tell:
    return lambda conn: accept_in(conn, at, reading, Raw(external_id="x", body=b"[]"), NOW, lambda: SECRET)


def unsubscribed(**more: str) -> Tell:
    return heard(Reading(reports=(report(ReportKind.UNSUBSCRIBED, **more),)))


def complained(**more: str) -> Tell:
    return heard(
        Reading(reports=(report(ReportKind.COMPLAINED, suppress=SuppressionCause.COMPLAINT, **more),))
    )


def clicked(conn: Connection) -> None:
    with Session(bind=conn) as session:
        word = Word(
            store_id=STORE, person_ref=PERSON, channel="email", granted=False, page="unsubscribe", reason="x"
        )
        say_in(session, word, NOW)
        session.flush()


def told(type_: str) -> Tell:
    data = {"channel": "email", "purpose": "marketing"} if type_ == "consent.withdrawn" else {}
    event = ReadEvent(external_id="e", fact_key="e", type=type_, occurred_at=NOW, person=ADA, data=data)
    return heard(Reading(events=(event,)))


SHOWN = ConsentSighting(person=ADA, channel=Channel.EMAIL, granted=False, at=NOW, source="shopify")
PATHS: dict[str, tuple[Channel, Tell]] = {
    "a click in the message": (Channel.EMAIL, clicked),
    "SendGrid, by the touch": (Channel.EMAIL, unsubscribed(touch=a_request("other").key)),
    "SendGrid, by the address": (Channel.EMAIL, unsubscribed(touch="")),
    "a spam report": (Channel.EMAIL, complained(touch="")),
    "the event API": (Channel.EMAIL, told("consent.withdrawn")),
    "the shop's order": (Channel.EMAIL, heard(Reading(consents=(SHOWN,)))),
    "an erasure by webhook": (Channel.EMAIL, told("customer.erased")),
    "an erasure by an agent": (
        Channel.EMAIL,
        lambda conn: forget_person(conn, PERSON, actor="a", at=NOW, secret=lambda: SECRET),
    ),
    "STOP": (Channel.SMS, heard(Reading(inbound=(message(Said.STOP),)), TEXTS)),
    "STOP at another store's connection": (
        Channel.SMS,
        heard(
            Reading(inbound=(message(Said.STOP),)),
            Connected(id=TEXTS.id, store_id="another", source="twilio"),
        ),
    ),
}


@pytest.mark.parametrize("path", list(PATHS))
def test_an_opt_out_on_its_way_into_the_database_is_waited_for(database: Database, path: str) -> None:
    """The touch is reserved and its message made; the opt-out has written and not committed; `sending` waits for it."""
    furnish(database)
    channel, tell = PATHS[path]
    sender, rendered, go_on = FakeSender(), threading.Event(), threading.Event()

    class Slow(FakeRenderer):
        def render(self, template: str, channel: Channel, content: dict[str, Any]) -> Rendered:
            made = super().render(template, channel, content)
            rendered.set()
            assert go_on.wait(60)
            return made

    store = SqlStore(database, secret=SECRET)
    ports = Ports(store=store, renderer=Slow(), senders=dict.fromkeys(BOTH, sender))
    purpose = Purpose.TRANSACTIONAL if channel is Channel.SMS else Purpose.MARKETING
    request = a_request(channels=(channel,), purpose=purpose, prompted=True)
    with ThreadPoolExecutor(1) as threads:
        touch = threads.submit(perform, ports, request, NOON)
        assert rendered.wait(60)
        with database.writing() as conn:
            tell(conn)
            go_on.set()
            threading.Event().wait(0.3)
            assert not touch.done()
        assert touch.result(20).kind is OutcomeKind.SKIPPED
    assert sender.sent == []
