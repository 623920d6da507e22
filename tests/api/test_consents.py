"""An agent records what a person said: in force with the answer, with reason and proof, and no further than it goes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import select

import shop
from api import desk
from api.conftest import Client
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.outcomes import Decision, Send, Skip
from doorstep.models.access import AuditRow
from doorstep.models.addresses import address_hash
from doorstep.models.base import Database
from doorstep.models.facts import FactsReader, addresses_of
from doorstep.models.inbox import InboxEventRow
from doorstep.models.people import ConsentRow, PersonRow, SuppressionRow
from doorstep.policies.gate import decide

PATH = "/persons/consent"
NO = {"person": desk.PERSON, "granted": False, "reason": "asked on the phone"}
SAID = (desk.NOW - timedelta(hours=1)).isoformat()
PROOF = {"by": "chat", "text": "wants offers by SMS; ticket 4711", "said_at": SAID}
YES = {"person": desk.PERSON, "granted": True, "channel": "sms", "reason": "asked in chat", "evidence": PROOF}


@pytest.fixture
def ticking(app: FastAPI) -> FastAPI:
    """Every look at the clock is a second later, as in life."""
    ticks: Iterator[int] = iter(range(10_000))
    app.state.services.clock = lambda: desk.NOW + timedelta(seconds=next(ticks))
    return app


def gate(app: FastAPI, channel: Channel, purpose: Purpose = Purpose.MARKETING) -> Decision:
    """What the gate says on that channel, from the facts in the database."""
    parts = app.state.services
    request = shop.a_request(
        store_id=desk.MINE,
        person_ref=desk.PERSON,
        order_ref=desk.ORDER,
        journey_id=desk.JOURNEY,
        channels=(channel,),
        purpose=purpose,
        due_at=desk.NOW,
        expires_at=desk.NOW + timedelta(days=3),
        as_of=desk.NOW + timedelta(hours=6),
    )
    with parts.database.read() as session:
        connection = session.connection()
        addresses = addresses_of(connection, desk.PERSON)
        reader = FactsReader(parts.settings.secret_key())
        facts = reader.facts(connection, request, request.as_of, addresses)
    return decide(request, facts, request.as_of)


def kept(database: Database) -> list[tuple[Any, ...]]:
    """The consent ledger's rows from agents, the events they became, the audit's lines."""
    with database.read() as session:
        words = session.exec(select(ConsentRow).where(ConsentRow.source == "agent"))
        told = session.exec(select(InboxEventRow).where(InboxEventRow.connection_id == "agent"))
        lines = session.exec(select(AuditRow).where(AuditRow.subject == desk.PERSON))
        return [
            *(("word", w.channel, w.purpose, w.granted, w.at) for w in words),
            *(("event", e.type, e.person_id, dict(e.data)) for e in told),
            *(("audit", a.action, a.actor.split(":")[0], a.reason) for a in lines),
        ]


async def test_an_opt_out_holds_with_the_answer(
    agent: httpx.AsyncClient, ticking: FastAPI, furnished: Database
) -> None:
    """On the channel named; the ledger says who told it, the journeys hear it, the audit says who and why."""
    assert isinstance(gate(ticking, Channel.EMAIL), Send)
    answer = await agent.post(PATH, json={**NO, "channel": "email"})
    assert answer.status_code == 200, answer.text
    [told] = answer.json()["channels"]
    assert (told["granted"], told["source"], told["blocked"]) == (False, "agent", None)
    refused = gate(ticking, Channel.EMAIL)
    assert isinstance(refused, Skip)
    assert refused.reason == "not_consented"
    assert kept(furnished) == [
        ("word", "email", "marketing", False, desk.NOW),
        ("event", "consent.withdrawn", desk.PERSON, {"channel": "email", "purpose": "marketing"}),
        ("audit", "consent.withdrawn", "key", "asked on the phone"),
    ]


async def test_an_opt_out_may_be_of_every_channel_and_of_every_kind(
    agent: httpx.AsyncClient, ticking: FastAPI
) -> None:
    """By the person's address, which stands in the body alone; order messages only when they are meant."""
    body = {"email": desk.EMAIL.upper(), "granted": False, "reason": "wants nothing", "store": desk.MINE}
    answer = (await agent.post(PATH, json=body)).json()
    assert answer["person"] == desk.PERSON
    assert [one["granted"] for one in answer["channels"]] == [False] * len(Channel)
    assert isinstance(gate(ticking, Channel.SMS), Skip)
    assert isinstance(gate(ticking, Channel.SMS, Purpose.TRANSACTIONAL), Send)
    await agent.post(PATH, json={**body, "purpose": "transactional"})
    assert isinstance(gate(ticking, Channel.SMS, Purpose.TRANSACTIONAL), Skip)


async def test_that_somebody_agrees_needs_proof(
    agent: httpx.AsyncClient, ticking: FastAPI, furnished: Database
) -> None:
    """Without it, or without a channel, or with a date to come, nothing is kept; with it marketing may go."""
    ahead = {**PROOF, "said_at": (desk.NOW + timedelta(days=1)).isoformat()}
    naive = {**PROOF, "said_at": "2026-03-10T11:00:00"}
    for wrong in (
        {**YES, "evidence": None},
        {**YES, "channel": None},
        {**YES, "evidence": {**PROOF, "text": "yes"}},
        {**YES, "evidence": naive},
        {**YES, "evidence": ahead},
        {**NO, "evidence": PROOF},
        {**NO, "reason": ""},
    ):
        assert (await agent.post(PATH, json=wrong)).status_code in (400, 422)
    assert kept(furnished) == []
    assert isinstance(gate(ticking, Channel.SMS), Skip)
    [told] = (await agent.post(PATH, json=YES)).json()["channels"]
    assert (told["granted"], told["since"][:19]) == (True, SAID[:19])
    assert isinstance(gate(ticking, Channel.SMS), Send)
    assert ("audit", "consent.granted", "key", f"asked in chat — {PROOF['text']}") in kept(furnished)


async def test_the_later_word_holds_whichever_was_recorded_first(
    agent: httpx.AsyncClient, ticking: FastAPI
) -> None:
    """Monday's letter, worked on after Tuesday's no, changes nothing, and the answer says so."""
    await agent.post(PATH, json={**NO, "channel": "sms"})
    [told] = (await agent.post(PATH, json=YES)).json()["channels"]
    assert told["granted"] is False
    assert "the later word holds" in told["sentence"]
    assert isinstance(gate(ticking, Channel.SMS), Skip)


@pytest.mark.parametrize(
    ("cause", "said"), [("stop", "START"), ("bounce", "came back"), ("erasure", "erased")]
)
async def test_an_agent_lifts_no_block(
    agent: httpx.AsyncClient, ticking: FastAPI, furnished: Database, cause: str, said: str
) -> None:
    """A carrier's STOP, a bounce, an erasure after the yes: recorded, said, and nothing goes out."""
    secret = ticking.state.services.settings.secret_key()
    hashed = address_hash(secret, Channel.SMS, desk.PHONE)
    with furnished.write() as session:
        session.add(
            SuppressionRow(
                store_id=desk.MINE, channel="sms", address_hash=hashed, cause=cause, since=desk.NOW
            )
        )
    [told] = (await agent.post(PATH, json=YES)).json()["channels"]
    assert (told["granted"], told["blocked"]) == (True, cause)
    assert said in told["sentence"]
    assert isinstance(gate(ticking, Channel.SMS), Skip)
    with furnished.read() as session:
        assert session.exec(select(SuppressionRow)).one().lifted_at is None


async def test_only_support_may_and_only_for_its_store(
    client: Client, furnished: Database, ticking: FastAPI
) -> None:
    """Another store's person does not exist for the key; an erased one is not written about."""
    assert (await client(None).post(PATH, json=NO)).status_code == 401
    assert (await client(("store",)).post(PATH, json=NO)).status_code == 403
    assert (await client(store=desk.OTHER).post(PATH, json=NO)).status_code == 404
    assert (await client(store=desk.MINE).post(PATH, json={**NO, "store": desk.OTHER})).status_code == 404
    assert kept(furnished) == []
    with furnished.write() as session:
        person = session.get(PersonRow, desk.PERSON)
        assert person is not None
        person.erased_at = desk.NOW
    answer = await client(store=desk.MINE).post(PATH, json=NO)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert kept(furnished) == []
