"""Twilio's sender against a server that speaks its API: what goes out, and what every answer proves."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from channels.posting import message
from doorstep.channels.twilio import TwilioSender
from doorstep.contracts import TOUCH_START_TO_CLOSE
from doorstep.domain.messages import Channel, Message
from doorstep.errors import ProviderAmbiguous, ProviderRefused, ProviderRejected
from simulators.loopback import Answer, Fault
from simulators.twilio import NUMBER, SID, TOKEN, Twilio, problem

TO = "+4915112345678"
CALLBACK = "https://hooks.example/webhooks/sms"


@pytest.fixture
def vendor() -> Iterator[Twilio]:
    with Twilio() as running:
        yield running


def sender(vendor: Twilio, callback: str = CALLBACK, **more: Any) -> TwilioSender:
    given = {"number": NUMBER, "url": vendor.url, **more}
    return TwilioSender(SID, TOKEN, lambda store: callback, **given)


def text(**more: Any) -> Message:
    return message(channel=Channel.SMS, key="jny_a:shipped:shipment:shp_1:in_transit", **more)


def refused(vendor: Twilio, said: Answer | Fault, **more: Any) -> Exception:
    """What `send` raises when the vendor says that, after exactly one request."""
    vendor.script = [said]
    with pytest.raises((ProviderRefused, ProviderRejected, ProviderAmbiguous)) as raised:
        sender(vendor, **more).send(text())
    assert len(vendor.requests) == 1
    return raised.value


def test_a_text_goes_out_once_and_asks_to_be_reported_under_our_key(vendor: Twilio) -> None:
    """One request; the receipt is Twilio's sid; the callback's address names the touch and nobody."""
    receipt = sender(vendor).send(text())
    (sent,) = vendor.accepted
    assert len(vendor.requests) == 1
    assert (receipt.provider, receipt.provider_message_id) == ("twilio", sent.sid)
    assert (sent.to, sent.body, sent.form["From"]) == (TO, text().rendered.text, NUMBER)
    assert sent.callback.startswith(f"{CALLBACK}?")
    assert parse_qs(urlsplit(sent.callback).query) == {"touch": [text().key]}


def test_a_messaging_service_goes_before_a_number(vendor: Twilio) -> None:
    sender(vendor, messaging_service="MG" + "1" * 32).send(text())
    (sent,) = vendor.accepted
    assert sent.form["MessagingServiceSid"] == "MG" + "1" * 32
    assert "From" not in sent.form


def test_where_nobody_listens_no_callback_is_asked_for(vendor: Twilio) -> None:
    sender(vendor, callback="").send(text())
    assert vendor.accepted[0].callback == ""


@pytest.mark.parametrize("to", ["+49", "four"])
def test_a_number_that_is_none_is_final_and_suppressed(vendor: Twilio, to: str) -> None:
    """Twilio's sentence quotes the number; ours does not."""
    with pytest.raises(ProviderRejected) as raised:
        sender(vendor).send(text(to=to))
    assert raised.value.suppress
    assert to not in str(raised.value)
    assert raised.value.__cause__ is None


def test_who_wrote_stop_is_opted_out(vendor: Twilio) -> None:
    """21610: not a dead number, but a person's will."""
    vendor.stopped.add(TO)
    with pytest.raises(ProviderRejected) as raised:
        sender(vendor).send(text())
    assert raised.value.opted_out
    assert not raised.value.suppress


@pytest.mark.parametrize("code", [21408, 21612, 21617, 99999])
def test_another_refusal_is_final_and_suppresses_nobody(vendor: Twilio, code: int) -> None:
    error = refused(vendor, problem(400, code, "no"))
    assert isinstance(error, ProviderRejected)
    assert not error.suppress
    assert not error.opted_out


@pytest.mark.parametrize(("headers", "seconds"), [({"Retry-After": "3"}, 3), ({}, 15)])
def test_a_429_waits_as_told(vendor: Twilio, headers: dict[str, str], seconds: int) -> None:
    error = refused(vendor, problem(429, 20429, "Too Many Requests", **headers))
    assert isinstance(error, ProviderRefused)
    assert error.retry_after == timedelta(seconds=seconds)


@pytest.mark.parametrize(("status", "code"), [(401, 20003), (403, 20403), (400, 21606), (400, 21703)])
def test_an_account_that_is_wrong_retries_slowly_and_alarms(
    vendor: Twilio,
    status: int,
    code: int,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Token, account, number or service: only a person can mend it, and an error line tells them."""
    error = refused(vendor, problem(status, code, "no"))
    assert isinstance(error, ProviderRefused)
    assert error.retry_after is not None
    assert error.retry_after >= timedelta(minutes=1)
    assert "TWILIO_AUTH_TOKEN" in capsys.readouterr().out + caplog.text  # wherever logs go


@pytest.mark.parametrize(
    "said",
    [
        problem(500, 20500, "oops"),
        Answer(503, b"<html>"),
        Answer(200, {"sid": "SM1"}),
        Answer(201, b"not json"),
        Answer(201, {}),
        Answer(302, None, {"Location": "/elsewhere"}),
        Fault("drop"),
        Fault("drop", taken=True),
    ],
    ids=["500", "503", "200", "201 and no JSON", "201 and no sid", "302", "dropped", "taken and dropped"],
)
def test_what_proves_nothing_is_ambiguous(vendor: Twilio, said: Answer | Fault) -> None:
    """Whether it was accepted is not known, and nothing here tries again."""
    assert isinstance(refused(vendor, said), ProviderAmbiguous)


@pytest.mark.parametrize("kind", ["silence", "drip"])
def test_a_call_ends_in_time_whatever_the_network_does(vendor: Twilio, kind: str) -> None:
    began = time.monotonic()
    error = refused(vendor, Fault(kind, taken=True), socket_seconds=0.3, hard_seconds=1.0)
    assert isinstance(error, ProviderAmbiguous)
    assert time.monotonic() - began < 30
    assert len(vendor.accepted) == 1
    assert sender(vendor).timeout < TOUCH_START_TO_CLOSE


def test_no_connection_proves_not_accepted(vendor: Twilio) -> None:
    for url in ("http://127.0.0.1:1", "http://nobody.invalid"):
        with pytest.raises(ProviderRefused) as raised:
            sender(vendor, url=url).send(text())
        assert raised.value.retry_after is None


def test_nothing_personal_is_logged_at_any_level(vendor: Twilio, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        sender(vendor).send(text())
        with pytest.raises(ProviderRejected):
            sender(vendor).send(text(to="+49"))
    assert TO not in caplog.text
    assert TOKEN not in caplog.text
