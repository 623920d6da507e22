"""Signatures: the published vectors, and every way of not having one."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from doorstep.errors import SetupError, SignatureInvalid
from doorstep.sources.base import Headers, Source
from doorstep.sources.shopify import Shopify, signature
from doorstep.sources.signed import Signed, secret_from, signed_headers

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
OLD, NEW = secret_from(b"o" * 32), secret_from(b"n" * 32)
BODY = b'{"type":"review.submitted"}'


def fits(source: Source, headers: Headers, body: bytes, *secrets: str, at: datetime = AT) -> bool:
    try:
        source.verify(headers, body, secrets, at)
    except SignatureInvalid:
        return False
    return True


@pytest.mark.parametrize("style", ["X-Shopify-Hmac-Sha256", "shopify-hmac-sha256"])
def test_shopify_vectors_pass_and_wrong_ones_fail(
    style: str, vectors: Callable[[str], list[dict[str, Any]]], payload: Callable[[str], bytes]
) -> None:
    """What Shopify's scheme signs is accepted under both styles of header name, anything else is not."""
    told = vectors("shopify-hmac-sha256-base64")
    assert {v["valid"] for v in told} == {True, False}
    for vector in told:
        headers = {style: vector["headers"]["X-Shopify-Hmac-Sha256"]}
        assert fits(Shopify(), headers, payload(vector["file"]), vector["secret"]) is vector["valid"]


def test_standard_webhooks_vectors_pass_and_wrong_ones_fail(
    vectors: Callable[[str], list[dict[str, Any]]], payload: Callable[[str], bytes]
) -> None:
    """The specification's own vector is accepted on its own day, and refused on any other."""
    told = vectors("standard-webhooks-v1")
    assert any(v["valid"] for v in told)
    for vector in told:
        body, headers, secret = payload(vector["file"]), vector["headers"], vector["secret"]
        signed_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        assert fits(Signed(), headers, body, secret, at=signed_at) is vector["valid"]
        assert not fits(Signed(), headers, body, secret, at=AT)


def test_both_secrets_of_a_rotation_are_accepted() -> None:
    """While a secret is being exchanged, the old and the new one both sign; a third does not."""
    for secret in (OLD, NEW):
        assert fits(Signed(), signed_headers(secret, "msg_1", AT, BODY), BODY, NEW, OLD)
        assert fits(Shopify(), {"X-Shopify-Hmac-Sha256": signature(secret, BODY)}, BODY, NEW, OLD)
    other = secret_from(b"x" * 32)
    assert not fits(Signed(), signed_headers(other, "msg_1", AT, BODY), BODY, NEW, OLD)
    assert not fits(Shopify(), {"X-Shopify-Hmac-Sha256": signature(other, BODY)}, BODY, NEW, OLD)


@pytest.mark.parametrize("changed", [b"", BODY + b" ", BODY[:-1], b"\xff\xfe"])
def test_another_body_does_not_fit(changed: bytes) -> None:
    """One byte more or less, and the signature is not this body's; bytes that are no text do not crash it."""
    assert not fits(Signed(), signed_headers(OLD, "msg_1", AT, BODY), changed, OLD)
    assert not fits(Shopify(), {"X-Shopify-Hmac-Sha256": signature(OLD, BODY)}, changed, OLD)


def test_without_a_secret_nothing_fits() -> None:
    """No secret, an empty one, or one that is no base64: nobody can sign, not even with an empty key."""
    for secrets in ((), ("",), ("whsec_",), ("whsec_a",)):
        assert not fits(Signed(), signed_headers(OLD, "msg_1", AT, BODY), BODY, *secrets)
        assert not fits(Shopify(), {"X-Shopify-Hmac-Sha256": signature("", BODY)}, BODY, *secrets)


def test_a_timestamp_is_good_for_five_minutes_both_ways() -> None:
    """A replay from six minutes ago is refused, and so is one from a clock six minutes ahead."""
    headers = signed_headers(OLD, "msg_1", AT, BODY)
    for minutes, good in ((-6, False), (-4, True), (0, True), (4, True), (6, False)):
        assert fits(Signed(), headers, BODY, OLD, at=AT + timedelta(minutes=minutes)) is good


@pytest.mark.parametrize(
    "entries", ["{v1} junk", "junk {v1}", "v1 {v1}", "v1,,, {v1}", "v1a,AAAA {v1}", "v1,é {v1}", "v2,x {v1}"]
)
def test_a_good_signature_counts_beside_malformed_ones(entries: str) -> None:
    """The library's own check crashes on an entry without a comma; here the good one is found."""
    headers = signed_headers(OLD, "msg_1", AT, BODY)
    headers["webhook-signature"] = entries.format(v1=headers["webhook-signature"])
    assert fits(Signed(), headers, BODY, OLD)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", ["", " ", "nan", "1e9", "-1", "9" * 40, "v1a,AAAA", "é,\x00", "١٢٣"])
def test_a_missing_or_malformed_header_is_a_401_not_a_crash(name: str, value: str) -> None:
    headers = signed_headers(OLD, "msg_1", AT, BODY) | {name: value}
    assert not fits(Signed(), headers, BODY, OLD)


def test_the_id_is_signed() -> None:
    """A replay under another webhook-id does not pass as a new delivery."""
    headers = signed_headers(OLD, "msg_1", AT, BODY) | {"webhook-id": "msg_2"}
    assert not fits(Signed(), headers, BODY, OLD)


def test_a_secret_has_24_to_64_bytes() -> None:
    assert base64.b64decode(secret_from(b"k" * 24).removeprefix("whsec_")) == b"k" * 24
    for length in (0, 23, 65):
        with pytest.raises(SetupError):
            secret_from(b"k" * length)


def test_a_delivery_without_an_id_is_known_by_its_bytes() -> None:
    """Shopify's webhook id names the delivery; without one the same topic and body do."""
    shopify, topic = Shopify(), {"X-Shopify-Topic": "orders/create"}
    assert shopify.delivery_id({"Shopify-Webhook-Id": "w-1"}, b"{}") == "w-1"
    assert shopify.delivery_id(topic, b"{}") == shopify.delivery_id(topic, b"{}")
    assert shopify.delivery_id(topic, b"{}") != shopify.delivery_id({"X-Shopify-Topic": "orders/paid"}, b"{}")
    assert Signed().delivery_id({"Webhook-Id": "msg_1"}, b"{}") == "msg_1"
