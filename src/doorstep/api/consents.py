"""A person's word on consent, told to an agent: on record with reason and proof, in force at once.

Bodies only: nobody's address stands in an address. An agent can record what a person said, not undo what a carrier,
a mailbox or a mail provider said: a STOP, a bounce and a complaint stay, and the answer says so.
"""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from doorstep.api.auth import Supporter, store_for
from doorstep.api.choosing import Word, say_in
from doorstep.api.customer.telling import wake_person
from doorstep.api.schemas import examples_consent as examples
from doorstep.api.schemas.consent import ChannelStanding, ConsentAnswer, ConsentRequest
from doorstep.api.schemas.errors import errors
from doorstep.api.schemas.examples import body, ok
from doorstep.api.wiring import Parts, Services
from doorstep.domain.customers import SuppressionCause
from doorstep.domain.messages import Channel, Purpose
from doorstep.errors import BadInput, Conflict
from doorstep.models.keys import Caller
from doorstep.models.people import PersonRow
from doorstep.models.reading.standing import Standing, standing_of
from doorstep.privacy.finding import Meant, find_person

SOURCE = "agent"
router = APIRouter(tags=["actions"])
_AHEAD = timedelta(minutes=5)  # an agent's clock may be ahead of ours by that much
_BLOCKED = {
    SuppressionCause.BOUNCE: "Nothing is sent all the same: messages to this address came back. A new address is free.",
    SuppressionCause.COMPLAINT: "No marketing is sent all the same: they reported it as unwanted to their provider.",
    SuppressionCause.STOP: "Nothing is sent all the same: they answered STOP. Only START from that number lifts it.",
    SuppressionCause.MANUAL: "Nothing is sent all the same: the address is on the list of those never to write to.",
    SuppressionCause.ERASURE: "No marketing is sent all the same: the address was erased after that was said.",
}


@router.post(
    "/persons/consent",
    summary="Record what a person said about consent",
    description="An opt-out holds with the answer: a message that has not left yet does not go. That somebody agrees "
    "needs evidence (how, what, when they said it); a later word of theirs outranks it. It never lifts a STOP, a "
    "bounce or a complaint: `blocked` and `sentence` say what still holds. Written into the audit log with its "
    "reason; every open journey of the person hears it.",
    responses={
        200: ok(examples.ANSWERS),
        **errors(
            "not_json",
            "unauthenticated",
            "forbidden",
            "bad_input",
            "not_found",
            "conflict",
            "invalid",
            "rate_limited",
        ),
    },
    openapi_extra=body(examples.REQUESTS),
)
async def record(request: Request, parts: Parts, caller: Supporter, asked: ConsentRequest) -> ConsentAnswer:
    told = await run_in_threadpool(_record, parts, caller, asked)
    wake_person(request, told.person)  # in the event loop, as the courier wants it
    return told


def _record(parts: Services, caller: Caller, asked: ConsentRequest) -> ConsentAnswer:
    now, secret = parts.clock(), parts.settings.secret_key()
    proof = asked.evidence
    if proof is not None and proof.said_at > now + _AHEAD:
        raise BadInput("evidence.said_at is yet to come; nothing was changed.", mend="Say when they said it.")
    with parts.database.write() as session:
        person = _person(session, caller, asked)
        channels = (asked.channel,) if asked.channel is not None else tuple(Channel)
        for channel in channels:
            word = Word(
                store_id=person.store_id,
                person_ref=person.id,
                channel=channel.value,
                granted=asked.granted,
                page=SOURCE,
                reason=asked.reason if proof is None else f"{asked.reason} — {proof.text}",
                purpose=asked.purpose,
                actor=caller.actor,
                said_at=None if proof is None else min(proof.said_at, now),
                detail={} if proof is None else {"by": proof.by.value, "said_at": proof.said_at.isoformat()},
            )
            say_in(session, word, now)
        stands = [
            standing_of(session, person.store_id, person.id, channel, asked.purpose, secret)
            for channel in channels
        ]
        return ConsentAnswer(
            person=person.id,
            store=person.store_id,
            purpose=asked.purpose,
            channels=[_told(one, asked) for one in stands],
        )


def _person(session: Session, caller: Caller, asked: ConsentRequest) -> PersonRow:
    meant = Meant(
        store_id=store_for(caller, asked.store),
        ref=asked.person or "",
        email=asked.email or "",
        phone=asked.phone or "",
    )
    person = session.get(PersonRow, find_person(session.connection(), meant))
    assert person is not None  # just found
    if person.erased_at is not None:
        raise Conflict(
            "This person was erased; nothing is recorded of them.",
            mend="Who came back has a reference of their own: give their address or their new order.",
        )
    return person


def _told(held: Standing, asked: ConsentRequest) -> ChannelStanding:
    assert held.granted is not None  # a word was just kept
    assert held.at is not None
    return ChannelStanding(
        channel=held.channel,
        granted=held.granted,
        since=held.at,
        source=held.source,
        reachable=held.reachable,
        blocked=held.blocked,
        sentence=_sentence(held, asked),
    )


def _sentence(held: Standing, asked: ConsentRequest) -> str:
    what = "marketing" if asked.purpose is Purpose.MARKETING else "messages about orders"
    if not held.granted:
        if asked.granted:
            return f"They said no after that, and the later word holds: no {what} by {held.channel}."
        return f"No {what} by {held.channel} from now on."
    said = f"They agree to {what} by {held.channel}."
    if held.blocked is not None:
        return f"{said} {_BLOCKED[held.blocked]}"
    return said if held.reachable else f"{said} No address for it is known yet."
