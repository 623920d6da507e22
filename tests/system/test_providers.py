"""The whole way with the vendors' packages and protocols: a store's webhook in, the vendor's API, its signed callback
back, and what support and the next message make of it."""

from __future__ import annotations

import asyncio

import pytest
from callbacks import SMS, hook, report
from house import House
from shopkeeper import IDA, Order

from simulators.loopback import Answer
from simulators.sendgrid import SendGrid
from simulators.twilio import Twilio

pytestmark = pytest.mark.system


async def placed(house: House, number: int) -> Order:
    order = Order(id=number, customer=IDA, placed=house.now())
    await house.tell(order.placed_event())
    await house.pass_time(seconds=3)
    return order


async def test_an_order_is_confirmed_by_mail_and_support_sees_it_delivered(
    connected: House, mail: SendGrid, sms: Twilio
) -> None:
    """Order in, mail at SendGrid with our key and nobody's name in it, signed callback back, delivered in the API."""
    order = await placed(connected, 47001)
    (sent,) = mail.accepted
    assert sent.to == IDA.email
    assert sent.body["from"] == {"email": "post@fern.example", "name": "Fern & Fable"}
    assert sent.touch == f"{order.journey}:order-confirmation"
    await report(connected, mail, sent, "processed", "delivered")
    await report(connected, mail, sent, "open", sg_machine_open=True)
    step = (await connected.steps(order.journey))["order-confirmation"]
    assert (step["outcome"], step["provider"], step["provider_message_id"]) == ("sent", "sendgrid", sent.id)
    assert [(r["type"], r["detail"]) for r in step["reports"]] == [
        ("accepted", ""),
        ("delivered", ""),
        ("opened", "by a machine"),
    ]
    assert step["sentence"].endswith("; delivered.")
    await report(connected, mail, sent, "open")
    step = (await connected.steps(order.journey))["order-confirmation"]
    assert step["sentence"].endswith("; delivered, opened.")
    assert await connected.sent(order.journey) == []  # nothing stayed in the outbox


async def test_stop_by_sms_ends_the_texts_and_a_reply_reaches_a_person(
    connected: House, mail: SendGrid, sms: Twilio
) -> None:
    """The parcel is told by SMS and reported delivered; a reply is a ticket of that order; after STOP the next text
    is skipped, though Twilio would refuse it too; START lets the one after go."""
    order = await placed(connected, 47002)
    await connected.tell(order.scan("in_transit", connected.now()))
    await connected.pass_time(seconds=3)
    (text,) = sms.accepted
    assert text.to == IDA.phone
    assert text.callback.startswith(hook(connected, SMS) + "?touch=jny_")
    for status in ("sent", "delivered", "sent"):
        answer = await asyncio.to_thread(sms.report, text, status)
        assert answer.status_code == 200
    steps = await connected.steps(order.journey)
    assert [r["type"] for r in steps["shipped"]["reports"]] == ["accepted", "delivered"]

    await asyncio.to_thread(
        sms.inbound, hook(connected, SMS), IDA.phone, "Can you leave it with a neighbour?"
    )
    (ticket,) = (await connected.journey(order.journey))["tickets"]
    assert (ticket["reason"], ticket["status"]) == ("customer_reply", "open")
    assert ticket["message"] == "Can you leave it with a neighbour?"

    stopped = await asyncio.to_thread(sms.inbound, hook(connected, SMS), IDA.phone, "Stop")
    assert stopped.status_code == 200
    asked = len(sms.requests)
    await connected.tell(order.scan("delivered", connected.now()))
    await connected.pass_time(seconds=3)
    step = (await connected.steps(order.journey))["delivered"]
    assert (step["outcome"], step["reason"]) == ("skipped", "suppressed")
    assert len(sms.requests) == asked


async def test_twilio_knows_of_a_stop_that_we_missed(connected: House, mail: SendGrid, sms: Twilio) -> None:
    """21610: the touch ends, the number is on our list too, and the next text does not ask again."""
    sms.stopped.add(IDA.phone)
    order = await placed(connected, 47003)
    await connected.tell(order.scan("in_transit", connected.now()))
    await connected.pass_time(seconds=3)
    steps = await connected.steps(order.journey)
    assert (steps["shipped"]["outcome"], steps["shipped"]["reason"]) == ("skipped", "provider_rejected")
    asked = len(sms.requests)
    await connected.tell(order.scan("delivered", connected.now()))
    await connected.pass_time(seconds=3)
    steps = await connected.steps(order.journey)
    assert (steps["delivered"]["outcome"], steps["delivered"]["reason"]) == ("skipped", "suppressed")
    assert len(sms.requests) == asked


async def test_an_unsubscribe_at_the_provider_ends_marketing_here(
    connected: House, mail: SendGrid, sms: Twilio
) -> None:
    """The care guide that was planned does not go: consent is withdrawn by the person's own word there."""
    order = await placed(connected, 47004)
    await report(connected, mail, mail.accepted[0], "unsubscribe")
    for what in ("in_transit", "delivered"):
        await connected.tell(order.scan(what, connected.now()))
        await connected.pass_time(seconds=3)
    await connected.pass_time(days=4)
    step = (await connected.steps(order.journey))["care-guide"]
    assert (step["outcome"], step["reason"]) == ("skipped", "not_consented")
    assert len(mail.accepted) == 1


async def test_a_busy_provider_is_asked_again_when_it_says(
    connected: House, mail: SendGrid, sms: Twilio
) -> None:
    """A 429 puts the touch off as told; then it goes, once."""
    mail.script = [Answer(429, {"errors": []}, {"Retry-After": "40"})]
    order = await placed(connected, 47005)
    step = (await connected.steps(order.journey))["order-confirmation"]
    assert step["outcome"] == "deferred"
    assert len(mail.requests) == 1
    await connected.pass_time(seconds=60)
    assert (await connected.steps(order.journey))["order-confirmation"]["outcome"] == "sent"
    assert (len(mail.requests), len(mail.accepted)) == (2, 1)


async def test_a_lost_answer_is_settled_by_the_callback(
    connected: House, mail: SendGrid, sms: Twilio
) -> None:
    """SendGrid took it and its answer was lost: the callback within R accepts the touch, and nothing goes twice."""
    mail.script = [Answer(503, b"")]  # and it had taken it, as the callback will tell
    order = await placed(connected, 47006)
    step = (await connected.steps(order.journey))["order-confirmation"]
    assert step["outcome"] == "open"
    mail.serve(mail.requests[0])
    await report(connected, mail, mail.accepted[0], "processed")
    await connected.pass_time(minutes=12)
    step = (await connected.steps(order.journey))["order-confirmation"]
    assert (step["outcome"], step["attempts"]) == ("sent", 1)
    assert len(mail.requests) == 1


async def test_a_lost_answer_without_a_callback_goes_again_after_r(
    connected: House, mail: SendGrid, sms: Twilio
) -> None:
    """Nothing is heard within R: a transactional message goes again, and not before."""
    mail.script = [Answer(503, b"")]
    order = await placed(connected, 47007)
    await connected.pass_time(minutes=9)
    assert len(mail.requests) == 1
    await connected.pass_time(minutes=3)
    step = (await connected.steps(order.journey))["order-confirmation"]
    assert (step["outcome"], step["attempts"]) == ("sent", 2)
    assert len(mail.accepted) == 1
