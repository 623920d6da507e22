"""SendGrid's Event Webhook: its signature, and what its words are read into."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.test_fuzz import ANYTHING

from doorstep.domain.customers import SuppressionCause
from doorstep.domain.reports import ReportKind
from doorstep.errors import NotJson, SignatureInvalid, Unreadable
from doorstep.sources.base import Headers, Reading, SourceContext
from doorstep.sources.sendgrid import SIGNATURE, TIMESTAMP, SendGrid
from simulators.sendgrid import SendGrid as Vendor
from simulators.sendgrid import batch

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CONTEXT = SourceContext(connection_id="mail", store_id="shop", received_at=AT)
Read = Callable[[str], bytes]
Vectors = Callable[[str], list[dict[str, Any]]]


def fits(headers: Headers, body: bytes, *keys: str, at: datetime = AT) -> bool:
    try:
        SendGrid().verify(headers, body, keys, at)
    except SignatureInvalid:
        return False
    return True


def read(*events: Any) -> Reading:
    return SendGrid().read({}, batch(*events), CONTEXT)


def event(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "event": kind,
        "email": "Ada@Example.org",
        "timestamp": int(AT.timestamp()) - 60,
        "sg_event_id": f"id-{kind}",
        "sg_message_id": "abc.filter-1",
        "doorstep_touch": "jny_a:shipped",
        **more,
    }


def test_the_published_vectors_pass_and_the_wrong_ones_fail(vectors: Vectors, payload: Read) -> None:
    """SendGrid's own, and its eleven events with CR LF between them; on their own day."""
    told = vectors("sendgrid-ecdsa-p256-sha256")
    assert Counter(v["valid"] for v in told) == {True: 2, False: 3}
    for vector in told:
        body, seconds = payload(vector["file"]), vector["headers"][TIMESTAMP]
        at = datetime.fromtimestamp(int(seconds), UTC) if seconds.isdigit() else AT
        assert fits(vector["headers"], body, vector["public_key"], at=at) is vector["valid"], vector["name"]
        assert not fits(vector["headers"], body.strip() + b" ", vector["public_key"], at=at)


def test_a_signature_is_good_for_as_long_as_sendgrid_tries_again() -> None:
    """A batch that comes after a day's outage is taken; last week's, or tomorrow's, is not."""
    vendor, body = Vendor(), b"[]"
    headers = vendor.signed(body, int(AT.timestamp()))
    for late, good in (
        (-6 / 60, False),
        (-4 / 60, True),
        (0, True),
        (24, True),
        (26, False),
        (24 * 7, False),
    ):
        assert fits(headers, body, vendor.public_key, at=AT + timedelta(hours=late)) is good, late


def test_both_keys_of_a_rotation_are_accepted_and_no_other() -> None:
    old, new, body = Vendor(), Vendor(), b"[]"
    for vendor in (old, new):
        assert fits(vendor.signed(body, int(AT.timestamp())), body, new.public_key, old.public_key)
    assert not fits(Vendor().signed(body, int(AT.timestamp())), body, new.public_key, old.public_key)


@pytest.mark.parametrize("secret", ["", "a", "AAAA", "é", Vendor().public_key[:-8]])
def test_a_key_that_is_none_fits_nothing(secret: str) -> None:
    vendor = Vendor()
    assert not fits(vendor.signed(b"[]", int(AT.timestamp())), b"[]", secret)


def test_a_key_of_another_kind_fits_nothing() -> None:
    der = (
        rsa.generate_private_key(65537, 2048)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    assert not fits(Vendor().signed(b"[]", int(AT.timestamp())), b"[]", base64.b64encode(der).decode())


@pytest.mark.parametrize("name", [SIGNATURE, TIMESTAMP])
@pytest.mark.parametrize("value", ["", "é", "nan", "-1", "9" * 40, "١٢٣", "AAAA"])
def test_a_missing_or_malformed_header_is_a_401_not_a_crash(name: str, value: str) -> None:
    vendor = Vendor()
    assert not fits(vendor.signed(b"[]", int(AT.timestamp())) | {name: value}, b"[]", vendor.public_key)


def test_the_eleven_events_of_sendgrids_own_test(payload: Read) -> None:
    """Each word of theirs is one of ours, nothing is a problem, and nobody's address is in what may be shown."""
    reading = SendGrid().read({}, payload("sendgrid/events_all_types_vector.json"), CONTEXT)
    assert reading.problems == ()
    told = {report.data["word"]: (report.kind, report.suppress) for report in reading.reports}
    bounce, complaint = SuppressionCause.BOUNCE, SuppressionCause.COMPLAINT
    assert told == {
        "processed": (ReportKind.ACCEPTED, None),
        "deferred": (ReportKind.DELAYED, None),
        "delivered": (ReportKind.DELIVERED, None),
        "open": (ReportKind.OPENED, None),
        "click": (ReportKind.CLICKED, None),
        "bounce": (ReportKind.BOUNCED, bounce),
        "dropped": (ReportKind.UNDELIVERED, bounce),
        "spamreport": (ReportKind.COMPLAINED, complaint),
        "unsubscribe": (ReportKind.UNSUBSCRIBED, None),
        "group_unsubscribe": (ReportKind.UNSUBSCRIBED, None),
        "group_resubscribe": (ReportKind.RESUBSCRIBED, None),
    }
    assert all(r.address == "example@test.com" for r in reading.reports)
    assert "example@test.com" not in repr(reading)


@pytest.mark.parametrize("name", ["bounce", "click", "deferred", "processed_custom_args", "dropped_vector"])
def test_recorded_events_of_others_are_read(name: str, payload: Read) -> None:
    """Other programs' mail names no touch of ours."""
    reading = SendGrid().read({}, payload(f"sendgrid/event_{name}.json"), CONTEXT)
    assert reading.problems == ()
    assert [(r.touch, r.channel) for r in reading.reports] == [("", "email")]


def test_what_an_event_says() -> None:
    """Our key, SendGrid's id of the message, when it happened there; and what support may see."""
    (report,) = read(event("bounce", status="5.1.1", reason="550 5.1.1 <ada@example.org> unknown")).reports
    assert (report.touch, report.message_id, report.address) == ("jny_a:shipped", "abc", "ada@example.org")
    assert report.at == AT - timedelta(minutes=1)
    assert report.data == {"word": "bounce", "status": "5.1.1"}


def test_a_block_is_not_a_bounce_and_a_machine_is_not_a_reader() -> None:
    """A server that refuses this message says nothing of the address; Apple's proxy opens everything."""
    blocked, opened, seen = read(
        event("bounce", type="blocked"),
        event("open", sg_event_id="1", sg_machine_open=True),
        event("open", sg_event_id="2", sg_machine_open=False),
    ).reports
    assert (blocked.kind, blocked.suppress) == (ReportKind.UNDELIVERED, None)
    assert opened.data.get("machine") is True
    assert "machine" not in seen.data


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Spam Reporting Address", SuppressionCause.COMPLAINT),
        ("Invalid", SuppressionCause.BOUNCE),
        ("Unsubscribed Address", None),
        ("Spam Content", None),
    ],
)
def test_why_a_message_was_dropped(reason: str, cause: SuppressionCause | None) -> None:
    (report,) = read(event("dropped", reason=reason)).reports
    assert (report.kind, report.suppress) == (ReportKind.UNDELIVERED, cause)


def test_an_unknown_word_is_recorded_and_a_broken_event_keeps_no_other_back() -> None:
    reading = read(event("levitated"), 7, {"email": "a@b.example"}, event("delivered"))
    assert [(r.kind, r.data["word"]) for r in reading.reports] == [
        (ReportKind.UNKNOWN, "levitated"),
        (ReportKind.DELIVERED, "delivered"),
    ]
    assert reading.problems == ("events[1]: no event.", "events[2]: no event.")


def test_the_same_event_twice_in_a_batch_is_one() -> None:
    assert len(read(event("delivered"), event("delivered")).reports) == 1


@pytest.mark.parametrize("timestamp", [None, True, "soon", -1, 10**30, int(AT.timestamp()) + 3600])
def test_a_time_that_is_none_or_ahead_is_when_we_heard(timestamp: Any) -> None:
    (report,) = read(event("delivered", timestamp=timestamp)).reports
    assert report.at == AT


def test_what_is_no_list_is_refused_or_kept_aside() -> None:
    with pytest.raises(NotJson):
        SendGrid().read({}, b"event=open", CONTEXT)
    for body in (b"{}", b'"x"', json.dumps([{}] * 10_001).encode()):
        with pytest.raises(Unreadable):
            SendGrid().read({}, body, CONTEXT)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_whatever_stands_in_an_event_it_is_read_or_a_problem(data: st.DataObject) -> None:
    """No value of any field raises, or lets an address into what may be shown."""
    made = {
        name: data.draw(ANYTHING, label=name)
        for name in data.draw(st.sets(st.sampled_from(sorted(event("open")))))
    }
    reading = SendGrid().read({}, json.dumps([event("open") | made, event("click")]).encode(), CONTEXT)
    assert len(reading.reports) + len(reading.problems) in (1, 2)
    assert all("@" not in str(report.data) for report in reading.reports)
