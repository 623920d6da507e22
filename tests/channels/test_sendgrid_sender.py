"""SendGrid's sender against a server that speaks its API: what goes out, and what every answer proves."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from channels.posting import message
from doorstep.channels.base import Identity
from doorstep.channels.sendgrid import SendGridSender
from doorstep.contracts import TOUCH_START_TO_CLOSE
from doorstep.domain.messages import Message
from doorstep.errors import ProviderAmbiguous, ProviderRefused, ProviderRejected
from simulators.loopback import Answer, Fault
from simulators.sendgrid import SendGrid, problem

FROM = Identity(name="Fjord & Field", mailbox="post@fjord.example", reply_to="help@fjord.example")
TO = "lena@mail.example"


@pytest.fixture
def vendor() -> Iterator[SendGrid]:
    with SendGrid() as running:
        yield running


def sender(vendor: SendGrid, **more: Any) -> SendGridSender:
    return SendGridSender(vendor.api_key, lambda store: FROM, url=vendor.url, **more)


def refused(vendor: SendGrid, said: Answer | Fault, **more: Any) -> Exception:
    """What `send` raises when the vendor says that, after exactly one request."""
    vendor.script = [said]
    with pytest.raises((ProviderRefused, ProviderRejected, ProviderAmbiguous)) as raised:
        sender(vendor, **more).send(message())
    assert len(vendor.requests) == 1
    return raised.value


def test_a_message_goes_out_once_with_our_key_and_nobody_in_it(vendor: SendGrid) -> None:
    """One request; the receipt is SendGrid's id; sender, replies, both bodies and the touch key are there."""
    sent = message()
    receipt = sender(vendor).send(sent)
    (mail,) = vendor.accepted
    assert len(vendor.requests) == 1
    assert (receipt.provider, receipt.provider_message_id) == ("sendgrid", mail.id)
    assert mail.to == TO
    assert mail.body["from"] == {"email": "post@fjord.example", "name": "Fjord & Field"}
    assert mail.body["reply_to"] == {"email": "help@fjord.example"}
    assert mail.touch == sent.key
    assert mail.content("text/plain") == sent.rendered.text
    assert mail.content("text/html") == sent.rendered.html
    assert "List-Unsubscribe" not in mail.headers  # it tells of their own order


def test_marketing_carries_one_click_unsubscribe(vendor: SendGrid) -> None:
    """RFC 8058's two headers reach SendGrid as they were made."""
    sent: Message = message("cross-sell-7")
    sender(vendor).send(sent)
    (mail,) = vendor.accepted
    assert mail.headers == dict(sent.headers)
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.headers["List-Unsubscribe"].startswith("<http")


@pytest.mark.parametrize("to", ["lena@home", "lena at home", "Lena <lena@mail.example>"])
def test_a_bad_address_is_final_and_suppressed(vendor: SendGrid, to: str) -> None:
    """SendGrid names the recipient's field; its sentence, which quotes the address, goes nowhere."""
    with pytest.raises(ProviderRejected) as raised:
        sender(vendor).send(message(to=to))
    assert raised.value.suppress
    assert "lena" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    "said", [problem(400, "The subject is required", "subject"), problem(413, "Payload too large", None)]
)
def test_a_message_that_is_none_is_final_and_suppresses_nobody(vendor: SendGrid, said: Answer) -> None:
    error = refused(vendor, said)
    assert isinstance(error, ProviderRejected)
    assert not error.suppress


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"X-RateLimit-Reset": "1800000042", "Date": "Fri, 15 Jan 2027 08:00:00 GMT"}, 42),
        ({"Retry-After": "Fri, 15 Jan 2027 08:01:00 GMT", "Date": "Fri, 15 Jan 2027 08:00:00 GMT"}, 60),
        ({"Retry-After": "999999999"}, 3600),
        ({"X-RateLimit-Reset": "12"}, 1),
        ({"Retry-After": "soon"}, 15),
        ({}, 15),
    ],
)
def test_a_429_waits_as_told(vendor: SendGrid, headers: dict[str, str], seconds: int) -> None:
    """Proven not accepted, and back when SendGrid says: its own clock against its own reset."""
    error = refused(vendor, problem(429, "too many requests", None, **headers))
    assert isinstance(error, ProviderRefused)
    assert error.retry_after == timedelta(seconds=seconds)


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_retries_slowly_and_alarms(
    vendor: SendGrid, status: int, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Only a person can mend it: an error line says what and how, and nobody is called in a hurry."""
    error = refused(vendor, problem(status, "revoked", None))
    assert isinstance(error, ProviderRefused)
    assert error.retry_after is not None
    assert error.retry_after >= timedelta(minutes=1)
    told = capsys.readouterr().out + caplog.text  # wherever logs go
    assert "provider refuses this installation" in told
    assert "SENDGRID_API_KEY" in told


@pytest.mark.parametrize(
    "said",
    [
        Answer(500, b"oops"),
        Answer(503, b"<html>"),
        Answer(200, {}),
        Answer(302, None, {"Location": "/elsewhere"}),
        Fault("drop"),
        Fault("drop", taken=True),
    ],
    ids=["500", "503", "200", "302", "dropped", "taken and dropped"],
)
def test_what_proves_nothing_is_ambiguous(vendor: SendGrid, said: Answer | Fault) -> None:
    """Whether it was accepted is not known, and nothing here tries again. A redirect is followed by nobody of ours."""
    vendor.script = [said]
    with pytest.raises(ProviderAmbiguous):
        sender(vendor).send(message())
    assert [r.method for r in vendor.requests] == ["POST"]


@pytest.mark.parametrize("kind", ["silence", "drip"])
def test_a_call_ends_in_time_whatever_the_network_does(vendor: SendGrid, kind: str) -> None:
    """Silence is cut by the socket's timeout, a byte now and then by the call's own end; production's ends before
    the activity's."""
    began = time.monotonic()
    error = refused(vendor, Fault(kind, taken=True), socket_seconds=0.3, hard_seconds=1.0)
    assert isinstance(error, ProviderAmbiguous)
    assert time.monotonic() - began < 30
    assert len(vendor.accepted) == 1
    assert sender(vendor).timeout < TOUCH_START_TO_CLOSE


def test_no_connection_proves_not_accepted(vendor: SendGrid) -> None:
    """Nobody listens, or the name is none: the request never left."""
    for url in ("http://127.0.0.1:1", "http://nobody.invalid"):
        with pytest.raises(ProviderRefused) as raised:
            SendGridSender("k", lambda store: FROM, url=url).send(message())
        assert raised.value.retry_after is None


def test_nothing_personal_is_logged_at_any_level(vendor: SendGrid, caplog: pytest.LogCaptureFixture) -> None:
    """SendGrid's own package logs bodies and keys at DEBUG; ours keeps it silent."""
    with caplog.at_level(logging.DEBUG):
        sender(vendor).send(message())
        refused_once = SendGrid("another key", 0)
        with refused_once, pytest.raises(ProviderRefused):
            SendGridSender("SG.wrong", lambda store: FROM, url=refused_once.url).send(message())
    assert TO not in caplog.text
    assert "SG." not in caplog.text
