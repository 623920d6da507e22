"""What providers report and people write back: each once, in any order, late; and what it does to the next touch."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel, select

from doorstep.domain.customers import SuppressionCause
from doorstep.domain.facts import MessageClicked
from doorstep.domain.messages import Channel, Message, Purpose
from doorstep.domain.outcomes import OutcomeKind, SkipReason
from doorstep.domain.reports import ReportKind, Said
from doorstep.errors import ProviderAmbiguous
from doorstep.ingest import Accepted, Answer, Connected, Raw
from doorstep.ingest.accept import accept_in
from doorstep.ingest.inputs import webhook_id
from doorstep.models.base import Database
from doorstep.models.people import SuppressionRow
from doorstep.models.store import SqlStore
from doorstep.models.stores import ConnectionRow, StoreRow
from doorstep.ports import Ports
from doorstep.sources.base import ReadEvent, Reading
from doorstep.sources.heard import InboundSighting, ReportSighting
from doorstep.sources.sightings import PersonSighting
from doorstep.touch import perform
from doorstep.workflows import registry
from ingest.telling import rows, value
from senders import FakeRenderer, FakeSender
from shop import EMAIL, NOON, PHONE, SECRET, STORE, a_request, add, add_person, open_shop

MINUTE = timedelta(minutes=1)
MAIL = Connected(id="mail", store_id=STORE, source="sendgrid")
TEXTS = Connected(id="texts", store_id=STORE, source="twilio")
CARE = a_request().key
BOTH = (Channel.EMAIL, Channel.SMS)


@pytest.fixture
def sender() -> FakeSender:
    return FakeSender()


@pytest.fixture
def ports(database: Database, sender: FakeSender) -> Ports:
    furnish(database)
    store = SqlStore(database, secret=SECRET)
    return Ports(store=store, renderer=FakeRenderer(), senders=dict.fromkeys(BOTH, sender))


def furnish(database: Database) -> None:
    open_shop(database)
    for at in (MAIL, TEXTS):
        add(database, ConnectionRow(id=at.id, store_id=STORE, source=at.source, created_at=NOON))


def report(kind: ReportKind, minutes: float = 1, **more: Any) -> ReportSighting:
    given_: dict[str, Any] = {
        "id": f"{kind}-{minutes}",
        "provider": "sendgrid",
        "channel": Channel.EMAIL,
        "kind": kind,
        "at": NOON + minutes * MINUTE,
        "touch": CARE,
        "message_id": "abc",
        "address": EMAIL,
        "data": {"word": kind.value},
    }
    return ReportSighting(**given_ | more)


def bounce(minutes: float = 2, **more: Any) -> ReportSighting:
    return report(ReportKind.BOUNCED, minutes, suppress=SuppressionCause.BOUNCE, **more)


def message(said: Said, minutes: float = 1, address: str = PHONE) -> InboundSighting:
    return InboundSighting(channel=Channel.SMS, at=NOON + minutes * MINUTE, said=said, address=address)


def tell(database: Database, reading: Reading, delivery: str = "", at: datetime | None = None) -> Accepted:
    """One webhook, in a transaction of its own."""
    connection = TEXTS if reading.inbound else MAIL
    raw = Raw(external_id=delivery or repr(reading), body=b"[]")
    with database.writing() as conn:
        return accept_in(conn, connection, reading, raw, at or NOON + timedelta(days=1), lambda: SECRET)


def heard(database: Database, *reports: ReportSighting) -> Accepted:
    return tell(database, Reading(reports=reports))


def wrote(database: Database, said: Said, minutes: float = 1, **more: Any) -> Accepted:
    return tell(database, Reading(inbound=(message(said, minutes, **more),)))


def ledger(database: Database, key: str = CARE) -> Any:
    (row,) = rows(database, "SELECT * FROM ledger WHERE key = :key", key=key)
    return row


# --- the ledger ------------------------------------------------------------------------------------


def died(_: Message) -> None:
    raise ProviderAmbiguous("the answer was lost")


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("kind", [ReportKind.ACCEPTED, ReportKind.DELIVERED, ReportKind.UNKNOWN])
def test_any_word_about_a_message_proves_that_it_was_taken(
    database: Database, ports: Ports, sender: FakeSender, purpose: Purpose, kind: ReportKind
) -> None:
    """A touch whose answer was lost is accepted, marketing's `unknown` too; it is not sent again after R."""
    request = a_request(purpose=purpose)
    sender.answer = died
    perform(ports, request, NOON)
    assert ledger(database)["state"] == ("unknown" if purpose is Purpose.MARKETING else "sending")
    heard(database, report(kind))
    row = ledger(database)
    assert (row["state"], row["provider"], row["provider_message_id"]) == ("accepted", "sendgrid", "abc")
    sender.answer = lambda message: None
    assert perform(ports, request, NOON + 2 * sender.reconcile).kind is OutcomeKind.SENT
    assert sender.sent == []


def test_a_report_of_a_touch_that_was_never_sent_is_none(database: Database, ports: Ports) -> None:
    """A deferred touch stays deferred, whoever claims to have delivered it; an unknown one is nobody's."""
    night = NOON + timedelta(hours=10)
    perform(ports, a_request(as_of=night), night)
    heard(database, report(ReportKind.DELIVERED), report(ReportKind.OPENED, touch="jny_other:care-guide"))
    assert ledger(database)["state"] == "deferred"
    assert {r["key"] for r in rows(database, "SELECT key FROM message_events")} == {CARE}


# --- what journeys hear of it ----------------------------------------------------------------------


class HearsClicks:
    """Of a journey all that counts here."""

    hears = (MessageClicked,)


def inbox_of(database: Database) -> list[dict[str, Any]]:
    return [dict(r) for r in rows(database, "SELECT * FROM inbox_events ORDER BY type, id")]


def test_a_click_is_told_once_to_a_journey_that_hears_clicks(
    database: Database, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the machine that fetches pictures, nor what the journey did not ask for, nor a second click."""
    perform(ports, a_request(), NOON)
    clicks = [report(ReportKind.CLICKED, minutes) for minutes in (6, 7)]
    opened = [report(ReportKind.OPENED, 5), report(ReportKind.CLICKED, 3, data={"machine": True})]
    heard(database, *opened, clicks[0])
    assert inbox_of(database) == [], "the standard journey does not ask"

    monkeypatch.setitem(registry._JOURNEYS, a_request().journey_type, HearsClicks)
    accepted = heard(database, report(ReportKind.OPENED, 8), report(ReportKind.CLICKED, 9), clicks[1])
    [row] = inbox_of(database)
    assert (row["type"], row["status"], row["subject"]) == ("message.clicked", "pending", CARE)
    assert row["order_ref"] == a_request().order_ref
    assert value(row["data"]) == {"step": a_request().step, "channel": "email"}
    assert accepted.journeys == {a_request().journey_id}
    heard(database, report(ReportKind.CLICKED, 20))
    assert len(inbox_of(database)) == 1


# --- once, in any order ----------------------------------------------------------------------------

STORY = (
    report(ReportKind.ACCEPTED, 1),
    report(ReportKind.DELAYED, 2),
    report(ReportKind.DELIVERED, 3),
    report(ReportKind.OPENED, 3.1, data={"word": "open", "machine": True}),
    report(ReportKind.OPENED, 5),
    report(ReportKind.CLICKED, 6),
    bounce(7),
    bounce(9, touch="jny_else:step"),
    report(ReportKind.COMPLAINED, 8, suppress=SuppressionCause.COMPLAINT),
    report(ReportKind.UNSUBSCRIBED, 8.5),
)
SAID = (message(Said.STOP, 1), message(Said.START, 4), message(Said.STOP, 6), message(Said.START, 5))
TOLD = tuple(Reading(reports=(r,)) for r in STORY) + tuple(Reading(inbound=(m,)) for m in SAID)
MANY = (Reading(reports=STORY[:4]), Reading(reports=STORY[2:]))


def outcome(database: Database, told: list[Reading]) -> tuple[Any, ...]:
    """What is known after hearing that, of one message that was sent."""
    with database.writing() as connection:
        for table in reversed(SQLModel.metadata.sorted_tables):
            connection.execute(table.delete())
    furnish(database)
    store = SqlStore(database, secret=SECRET)
    perform(
        Ports(store=store, renderer=FakeRenderer(), senders={Channel.EMAIL: FakeSender()}), a_request(), NOON
    )
    for n, reading in enumerate(told):
        # a redrive reads with the time at which it first came: what was said hangs on that, not on the order
        tell(database, reading, f"delivery-{n}")
    row = ledger(database)
    return (
        (row["state"], row["provider"], row["provider_message_id"]),
        {
            (r["key"], r["type"], str(r["at"]), str(value(r["data"])))
            for r in rows(database, "SELECT * FROM message_events")
        },
        {
            (r["channel"], r["cause"], str(r["since"]), str(r["lifted_at"]))
            for r in rows(database, "SELECT * FROM suppressions")
        },
        {(r["channel"], r["granted"], str(r["at"])) for r in rows(database, "SELECT * FROM consents")},
        [(r["type"], r["person_id"]) for r in rows(database, "SELECT * FROM inbox_events")],
    )


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
)
@given(data=st.data())
def test_any_order_and_multiplicity_gives_the_same(database: Database, data: st.DataObject) -> None:
    """Batches overlap, repeat and come late: each event counts once, and the latest word on the number holds."""
    repeated = data.draw(st.lists(st.sampled_from((*TOLD, *MANY)), max_size=6))
    assert outcome(database, data.draw(st.permutations([*TOLD, *repeated]))) == outcome(database, list(TOLD))


def test_the_story_told_in_order_is_what_it_says(database: Database) -> None:
    state, events, suppressed, consents, inbox = outcome(database, list(TOLD))
    assert state == ("accepted", "fake", f"{CARE}#1")
    assert len(events) == 9  # all but the one about another's message
    held = {(channel, cause): lifted for channel, cause, _, lifted in suppressed}
    assert held == {("email", "bounce"): "None", ("email", "complaint"): "None", ("sms", "stop"): "None"}
    assert len([c for c in consents if not c[1]]) == 1
    assert inbox == [("consent.withdrawn", "per_ada")]


def test_the_same_batch_again_is_a_duplicate(database: Database, ports: Ports) -> None:
    perform(ports, a_request(), NOON)
    reading = Reading(reports=STORY[:3])
    assert tell(database, reading, "batch").events == 3
    assert tell(database, reading, "batch").status is Answer.DUPLICATE
    assert tell(database, replace(reading, reports=STORY[:4]), "the next batch").events == 1


# --- what it does to the next touch ----------------------------------------------------------------


def next_touch(ports: Ports, purpose: Purpose = Purpose.TRANSACTIONAL, channels: Any = BOTH) -> Any:
    request = a_request("shipped", purpose=purpose, channels=channels, prompted=True)
    return perform(ports, request, NOON + timedelta(minutes=30))


def test_after_a_hard_bounce_the_next_touch_takes_the_next_channel(database: Database, ports: Ports) -> None:
    """The address is dead for everything; the message that bounced is not sent again elsewhere."""
    perform(ports, a_request(purpose=Purpose.TRANSACTIONAL, channels=BOTH), NOON)
    heard(database, bounce())
    assert (next_touch(ports).kind, next_touch(ports).channel) == (OutcomeKind.SENT, Channel.SMS)
    alone = perform(
        ports, a_request("delivered", purpose=Purpose.TRANSACTIONAL), NOON + timedelta(minutes=31)
    )
    assert (alone.kind, alone.reason) == (OutcomeKind.SKIPPED, SkipReason.SUPPRESSED)


def test_a_dead_address_and_a_stop_say_when_they_were_heard(database: Database, ports: Ports) -> None:
    """Providers tell late. Told once more it is known since the first time; lifted and said anew it begins again."""
    hear = [NOON + timedelta(hours=n) for n in range(5)]
    told = ((bounce(2), 1), (bounce(3, touch="jny_else:step"), 2))
    for reported, n in told:
        tell(database, Reading(reports=(reported,)), at=hear[n])
    for said, n in ((Said.STOP, 1), (Said.START, 2), (Said.STOP, 3)):
        tell(database, Reading(inbound=(message(said, n),)), at=hear[n + 1])
    with database.read() as session:
        found = {row.cause: row for row in session.execute(select(SuppressionRow)).scalars()}
    assert (found["bounce"].since, found["bounce"].heard_at) == (NOON + 3 * MINUTE, hear[1])
    assert (found["stop"].since, found["stop"].heard_at) == (NOON + 3 * MINUTE, hear[4])


def test_a_complaint_ends_marketing_and_nothing_else(database: Database, ports: Ports) -> None:
    heard(database, report(ReportKind.COMPLAINED, suppress=SuppressionCause.COMPLAINT))
    assert next_touch(ports, channels=(Channel.EMAIL,)).kind is OutcomeKind.SENT
    assert perform(ports, a_request(), NOON + MINUTE).reason is SkipReason.SUPPRESSED


def test_an_unsubscribe_is_on_the_list_of_the_store_that_wrote_whoever_hears_it(
    database: Database, ports: Ports
) -> None:
    """One account for two stores: consent and event are the person's store's, not the connection's."""
    perform(ports, a_request(), NOON)
    add(database, StoreRow(id="other", name="Other", created_at=NOON))
    add(database, ConnectionRow(id="other-mail", store_id="other", source="sendgrid", created_at=NOON))
    elsewhere = Connected(id="other-mail", store_id="other", source="sendgrid")
    reading = Reading(reports=(report(ReportKind.UNSUBSCRIBED),))
    with database.writing() as conn:
        told = accept_in(conn, elsewhere, reading, Raw(external_id="w", body=b"[]"), NOON + MINUTE)
    assert told.persons == {"per_ada"}
    for table, which in (("consents", "NOT granted"), ("inbox_events", "type = 'consent.withdrawn'")):
        (row,) = rows(database, f"SELECT store_id, person_id FROM {table} WHERE {which}")
        assert (row["store_id"], row["person_id"]) == (STORE, "per_ada")
    later = perform(ports, a_request("check-in", due_at=NOON + MINUTE), NOON + 2 * MINUTE)
    assert later.reason is SkipReason.NOT_CONSENTED


def test_an_unsubscribe_withdraws_consent_and_every_open_journey_hears_it(
    database: Database, ports: Ports
) -> None:
    """By the touch it names, or by the address alone; an address that is nobody's makes no person."""
    told = heard(database, report(ReportKind.UNSUBSCRIBED, touch=""))
    assert told.persons == {"per_ada"}
    assert perform(ports, a_request(), NOON + MINUTE * 5).reason is SkipReason.NOT_CONSENTED
    (event,) = rows(database, "SELECT * FROM inbox_events")
    assert (event["type"], event["status"], value(event["data"])["channel"]) == (
        "consent.withdrawn",
        "pending",
        "email",
    )
    assert (
        heard(database, report(ReportKind.UNSUBSCRIBED, touch="", address="x@example.org")).persons == set()
    )
    assert len(rows(database, "SELECT id FROM persons")) == 1


def test_stop_ends_every_text_and_start_lifts_it(database: Database, ports: Ports) -> None:
    """Transactional too; mail still goes. The latest word holds."""
    sms = (Channel.SMS,)
    wrote(database, Said.STOP, 1)
    assert next_touch(ports, channels=sms).reason is SkipReason.SUPPRESSED
    wrote(database, Said.START, 2)
    one = perform(
        ports, a_request("delivered", purpose=Purpose.TRANSACTIONAL, channels=sms, prompted=True), NOON
    )
    assert one.kind is OutcomeKind.SENT
    wrote(database, Said.STOP, 3)
    two = perform(
        ports, a_request("check-in", purpose=Purpose.TRANSACTIONAL, channels=sms, prompted=True), NOON
    )
    assert two.reason is SkipReason.SUPPRESSED


def test_stop_holds_for_every_store_that_sends_from_the_number(database: Database, ports: Ports) -> None:
    """One account, one number, one address for what comes in: whose connection hears it says nothing of who wrote."""
    add(database, StoreRow(id="other", name="Other", created_at=NOON))
    in_force = "SELECT store_id FROM suppressions WHERE lifted_at IS NULL AND cause = 'stop'"
    wrote(database, Said.STOP, 1)
    assert {r["store_id"] for r in rows(database, in_force)} == {STORE, "other"}
    wrote(database, Said.START, 2)
    assert rows(database, in_force) == []


def test_start_takes_no_dead_number_off_the_list(database: Database, ports: Ports) -> None:
    """It answers STOP, not a bounce."""
    heard(database, bounce(channel=Channel.SMS, address=PHONE, provider="twilio"))
    wrote(database, Said.START, 30)
    assert next_touch(ports, channels=(Channel.SMS,)).reason is SkipReason.SUPPRESSED


# --- a person answers ------------------------------------------------------------------------------


def tickets(database: Database) -> list[tuple[str, ...]]:
    found = rows(database, "SELECT * FROM tickets")
    return [(t["person_id"], t["journey_id"], t["order_ref"], t["reason"], t["status"]) for t in found]


def test_a_reply_becomes_a_ticket_about_what_we_wrote_last(database: Database, ports: Ports) -> None:
    next_touch(ports, channels=(Channel.SMS,))
    wrote(database, Said.TEXT)
    assert tickets(database) == [("per_ada", "jny_one", "ord_one", "customer_reply", "open")]


def test_a_stranger_reaches_a_person_too(database: Database, ports: Ports) -> None:
    wrote(database, Said.TEXT, address="+15005550009")
    assert tickets(database) == [("", "", "", "customer_reply", "open")]


@pytest.mark.parametrize("word", [Said.STOP, Said.START, Said.HELP])
def test_a_word_for_the_machine_bothers_nobody(database: Database, ports: Ports, word: Said) -> None:
    wrote(database, word)
    assert tickets(database) == []


def test_an_erasure_finds_the_person_in_what_providers_sent(database: Database, ports: Ports) -> None:
    """A number as a form spells it, an address in a batch that another store's connection heard; strangers' stay."""
    add(database, StoreRow(id="other", name="Other", created_at=NOON))
    other = Connected(id="other-mail", store_id="other", source="sendgrid")
    add(database, ConnectionRow(id=other.id, store_id="other", source="sendgrid", created_at=NOON))
    bodies = {
        "sms": (TEXTS, f"Body=hi&From={quote_plus(PHONE)}".encode()),
        "batch": (other, b'[{"email":"' + EMAIL.encode() + b'"}]'),
        "stranger": (TEXTS, b"Body=hi&From=%2B15005550009"),
    }
    who = PersonSighting(email=EMAIL, phone=PHONE)
    asked = ReadEvent(external_id="e", fact_key="e", type="customer.erased", occurred_at=NOON, person=who)
    with database.writing() as conn:
        for name, (at, body) in bodies.items():
            accept_in(conn, at, Reading(), Raw(external_id=name, body=body), NOON, lambda: SECRET)
        accept_in(conn, MAIL, Reading(events=(asked,)), Raw(external_id="x", body=b""), NOON, lambda: SECRET)
    left = {r["id"]: bytes(r["body"]) for r in rows(database, "SELECT * FROM inbox_webhooks")}
    names = {"sms": TEXTS, "batch": other, "stranger": TEXTS, "x": MAIL}
    told = {name: left[webhook_id(at.id, name)] for name, at in names.items()}
    assert told == {"sms": b"", "batch": b"", "stranger": bodies["stranger"][1], "x": b""}


def test_yes_opts_in_after_a_stop_and_is_an_answer_otherwise(database: Database, ports: Ports) -> None:
    """Twilio counts it as START; who never wrote STOP says yes to a question of ours."""
    wrote(database, Said.STOP, 1)
    wrote(database, Said.YES, 2)
    assert tickets(database) == []
    assert next_touch(ports, channels=(Channel.SMS,)).kind is OutcomeKind.SENT
    wrote(database, Said.YES, 3)
    assert len(tickets(database)) == 1


# --- after an erasure ------------------------------------------------------------------------------


def forgotten(database: Database) -> None:
    who = PersonSighting(email=EMAIL)
    asked = ReadEvent(external_id="e", fact_key="e", type="customer.erased", occurred_at=NOON, person=who)
    tell(database, Reading(events=(asked,)), "forget me")


@pytest.mark.parametrize("kind", [ReportKind.DELIVERED, ReportKind.BOUNCED])
def test_a_report_after_an_erasure_settles_the_touch_and_leaves_nothing_of_the_person(
    database: Database, ports: Ports, sender: FakeSender, kind: ReportKind
) -> None:
    """Erased while a message was on its way: the provider's word still counts, the address it quotes is not kept."""
    sender.answer = died
    perform(ports, a_request(purpose=Purpose.TRANSACTIONAL), NOON)
    forgotten(database)
    raw = Raw(external_id="late", body=b'[{"email":"' + EMAIL.encode() + b'"}]', headers={"X-Of": "ada"})
    with database.writing() as conn:
        accept_in(conn, MAIL, Reading(reports=(report(kind),)), raw, NOON + MINUTE, lambda: SECRET)
    assert (ledger(database)["state"], ledger(database)["provider_message_id"]) == ("accepted", "")
    (hook,) = rows(database, "SELECT * FROM inbox_webhooks WHERE id = :id", id=webhook_id(MAIL.id, "late"))
    assert (bytes(hook["body"]), value(hook["headers"]), hook["status"]) == (b"", {}, "erased")


def test_who_leaves_the_list_by_a_message_from_before_an_erasure_has_left_it(
    database: Database, ports: Ports
) -> None:
    """The address belongs to a new person by now, who agreed again: it is they who ask for no more."""
    perform(ports, a_request(), NOON)
    forgotten(database)
    with database.write() as session:
        add_person(session, "per_new", email=EMAIL)
    told = heard(database, report(ReportKind.UNSUBSCRIBED, 600))
    assert told.persons == {"per_new"}
    left = rows(database, "SELECT person_id FROM consents WHERE NOT granted")
    assert [r["person_id"] for r in left] == ["per_new"]
