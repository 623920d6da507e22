"""Twilio's webhooks: their signature, what a status is read into, and what a person's words mean."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.domain.customers import SuppressionCause
from doorstep.domain.reports import ReportKind, Said
from doorstep.errors import SignatureInvalid, Unreadable
from doorstep.sources.base import URL, Headers, Reading, SourceContext
from doorstep.sources.twilio import Twilio, said
from simulators.twilio import TOKEN, signed

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CONTEXT = SourceContext(
    connection_id="sms",
    store_id="shop",
    received_at=AT,
    store_name="Fern & Fable",
    support_email="help@fern.example",
)
HERE = "https://hooks.example/webhooks/sms"
Read = Callable[[str], bytes]
Vectors = Callable[[str], list[dict[str, Any]]]


def fits(headers: Headers, body: bytes, *tokens: str) -> bool:
    try:
        Twilio().verify(headers, body, tokens, AT)
    except SignatureInvalid:
        return False
    return True


def form(**fields: str) -> bytes:
    return urlencode({"MessageSid": "SM" + "a" * 32, **fields}).encode()


def read(body: bytes, url: str = HERE) -> Reading:
    return Twilio().read({URL: url}, body, CONTEXT)


def test_the_published_vectors_pass_and_the_wrong_ones_fail(vectors: Vectors, payload: Read) -> None:
    """Forms and JSON, repeated keys, the port in the address, in the signature, or in neither."""
    told = vectors("twilio-hmac-sha1-base64")
    assert Counter(v["valid"] for v in told) == {True: 8, False: 2}
    for vector in told:
        headers = {**vector["headers"], URL: vector["url"], "Content-Type": vector["content_type"]}
        body = payload(vector["file"])
        assert fits(headers, body, vector["auth_token"]) is vector["valid"], vector["name"]
        assert not fits(headers, body + b"&x=1", vector["auth_token"])
        assert not fits(headers, body, "another token")


def test_both_tokens_of_a_rotation_are_accepted_and_no_other() -> None:
    body = {"MessageSid": "SM1", "MessageStatus": "sent"}
    content = urlencode(body).encode()
    for token in ("old", "new"):
        assert fits({**signed(HERE, body, token), URL: HERE}, content, "new", "old")
    assert not fits({**signed(HERE, body, "third"), URL: HERE}, content, "new", "old")


def test_without_token_signature_or_address_nothing_fits() -> None:
    """An empty token signs nothing, though anybody can compute with it; no header crashes."""
    body = {"MessageSid": "SM1"}
    content = urlencode(body).encode()
    good = {**signed(HERE, body), URL: HERE}
    assert fits(good, content, TOKEN)
    assert not fits({**signed(HERE, body, ""), URL: HERE}, content, "")
    assert not fits(good, content)
    for name, value in (
        ("X-Twilio-Signature", ""),
        ("X-Twilio-Signature", "é"),
        (URL, ""),
        (URL, "https://x:y/"),
    ):
        assert not fits(good | {name: value}, content, TOKEN)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_a_body_that_the_signature_does_not_cover_is_refused(kind: str) -> None:
    """Under another content type the parameters would not be signed, and nothing else binds the body."""
    good = {**signed(HERE, {}), URL: HERE, "Content-Type": kind}
    assert not fits(good, b"MessageSid=SM1&MessageStatus=failed", TOKEN)
    assert not fits({**good, URL: f"{HERE}?bodySHA256=00"}, b"{}", TOKEN)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        *((w, ReportKind.ACCEPTED) for w in ("accepted", "scheduled", "queued", "sending", "sent")),
        ("delivered", ReportKind.DELIVERED),
        ("partially_delivered", ReportKind.DELIVERED),
        ("read", ReportKind.OPENED),
        ("undelivered", ReportKind.UNDELIVERED),
        ("failed", ReportKind.FAILED),
        ("canceled", ReportKind.FAILED),
        ("levitated", ReportKind.UNKNOWN),
    ],
)
def test_each_status_is_a_word_of_ours(word: str, kind: ReportKind) -> None:
    """And names its touch by the address that it came to."""
    (report,) = read(form(MessageStatus=word, To="+4915112345678"), f"{HERE}?touch=jny_a%3Ashipped").reports
    assert (report.kind, report.touch, report.address) == (kind, "jny_a:shipped", "+4915112345678")
    assert report.data == {"word": word}


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("30005", SuppressionCause.BOUNCE),
        ("30006", SuppressionCause.BOUNCE),
        ("21610", SuppressionCause.STOP),
        ("30003", None),
        ("30007", None),
        ("x'; --", None),
    ],
)
def test_what_an_error_says_of_the_number(code: str, cause: SuppressionCause | None) -> None:
    """A number that is none is suppressed; a phone that is off, or a carrier's filter, says nothing of it."""
    (report,) = read(form(MessageStatus="undelivered", ErrorCode=code)).reports
    assert report.suppress is cause
    assert report.data.get("code") == (code if code.isdigit() else None)


def test_recorded_callbacks_are_read(payload: Read) -> None:
    (delivered,) = read(payload("twilio/message_status_delivered.txt")).reports
    (undelivered,) = read(payload("twilio/message_status_undelivered.txt")).reports
    (inbound,) = read(payload("twilio/inbound_sms.txt")).inbound
    assert (delivered.kind, delivered.message_id[:3]) == (ReportKind.DELIVERED, "SMb")
    assert (undelivered.kind, undelivered.data["code"]) == (ReportKind.UNDELIVERED, "30003")
    assert (inbound.address, inbound.said) == ("+14155552671", Said.TEXT)


def test_a_delivery_is_named_by_sid_and_status_and_by_no_header() -> None:
    """Twilio's idempotency token is not signed: with it anybody could tell a callback again as another."""
    ids = {
        Twilio().delivery_id({"I-Twilio-Idempotency-Token": token}, form(MessageStatus=status))
        for token in ("a", "b")
        for status in ("sent", "delivered")
    }
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("body", "word"),
    [
        *(
            (w, Said.STOP)
            for w in ("STOP", "stop", " Stop\n", "Stop.", "STOPALL", "Stop all", "unsubscribe", "CANCEL")
        ),
        *((w, Said.STOP) for w in ("End", "quit", "Revoke", "OPTOUT", "opt out", "opt-out", "ＳＴＯＰ")),
        *((w, Said.START) for w in ("START", "unstop")),
        ("Yes", Said.YES),
        *((w, Said.HELP) for w in ("help", "INFO")),
        *(
            (w, Said.TEXT)
            for w in ("don't stop by", "Stop please", "please cancel my order", "STOP STOP", "nonstop")
        ),
        *((w, Said.TEXT) for w in ("", "helpful", "yes please", "when will it start", "the end", "S T O P")),
    ],
)
def test_only_a_whole_body_is_a_word(body: str, word: Said) -> None:
    """In any case, and never as a part of what somebody says."""
    assert said(body) is word
    assert read(form(Body=body, From="+4915112345678")).inbound[0].said is word


def test_twilios_own_word_goes_before_the_body() -> None:
    """Advanced Opt-Out knows words of other languages."""
    (message,) = read(form(Body="arrêt", From="+4915112345678", OptOutType="STOP")).inbound
    assert message.said is Said.STOP


def test_help_is_answered_and_nothing_else_is() -> None:
    """Who we are and where a person answers, as TwiML; not a second time where Twilio has answered itself."""
    answer = lambda body: Twilio().reply({}, body, CONTEXT)  # noqa: E731 - short
    kind, told = answer(form(Body="help", From="+49151"))
    assert kind == "text/xml"
    assert b"<Message>Fern &amp; Fable: messages about your orders." in told
    assert b"help@fern.example" in told
    assert b"STOP" in told
    empty = b"<Response></Response>"
    for body in (
        form(Body="STOP"),
        form(Body="hello"),
        form(MessageStatus="sent"),
        form(Body="help", OptOutType="HELP"),
    ):
        assert answer(body)[1].endswith(empty)


def test_what_is_no_message_is_kept_aside() -> None:
    assert read(form(CallSid="CA1")).ignored
    assert Twilio().read({"Content-Type": "application/json", URL: HERE}, b"{}", CONTEXT).ignored
    for body in (b"", b"\xff=1", b"{}"):
        with pytest.raises(Unreadable):
            read(body)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(body=st.binary(max_size=200), url=st.text(max_size=60), kind=st.sampled_from(["", "application/json"]))
def test_whatever_the_bytes_it_is_read_or_refused(body: bytes, url: str, kind: str) -> None:
    """No body and no address crashes the reading, the answer or the check of a signature."""
    headers = {
        URL: url,
        "Content-Type": kind or "application/x-www-form-urlencoded",
        "X-Twilio-Signature": "AAAA",
    }
    assert not fits(headers, body, TOKEN)
    assert Twilio().delivery_id(headers, body)
    assert Twilio().reply(headers, body, CONTEXT)[0] == "text/xml"
    with contextlib.suppress(Unreadable):
        Twilio().read(headers, b"MessageSid=SM1&MessageStatus=sent&" + body, CONTEXT)
