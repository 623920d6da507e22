"""Signed links and the never-send list's hashes: neither can be made, moved or read without the secret."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.domain.messages import Channel
from doorstep.errors import NotFound
from doorstep.models.addresses import address_hash, normal_address
from doorstep.models.links import Link, LinkPurpose, covered, sign, uncovered, url, verify

SECRET = b"one"
LINK = Link(
    purpose=LinkPurpose.UNSUBSCRIBE, store_id="shop", person_ref="per_1", order_ref="ord_1", channel="email"
)


def test_a_token_says_what_was_signed() -> None:
    """What goes in comes out."""
    assert verify(SECRET, sign(SECRET, LINK), LinkPurpose.UNSUBSCRIBE) == LINK
    assert url("https://a.example/", SECRET, LINK).startswith("https://a.example/u/")


@given(st.integers(0, 200), st.integers(0, 255))
def test_no_changed_token_verifies(at: int, byte: int) -> None:
    """Any other character anywhere is refused."""
    token = sign(SECRET, LINK)
    at %= len(token)
    other = token[:at] + chr(byte) + token[at + 1 :]
    if other != token:
        with pytest.raises(NotFound):
            verify(SECRET, other, LinkPurpose.UNSUBSCRIBE)


@given(st.text())
def test_rubbish_is_refused_and_nothing_else_happens(token: str) -> None:
    """Whatever is sent, the answer is the same one."""
    with pytest.raises(NotFound):
        verify(SECRET, token, LinkPurpose.UNSUBSCRIBE)


def test_a_token_of_another_installation_or_purpose_is_refused() -> None:
    """A tracking link does not unsubscribe, and another secret's link does nothing."""
    for secret, purpose in ((b"two", LinkPurpose.UNSUBSCRIBE), (SECRET, LinkPurpose.TRACKING)):
        with pytest.raises(NotFound):
            verify(secret, sign(SECRET, LINK), purpose)


def test_a_token_holds_references_only() -> None:
    """Who decodes a token finds ids."""
    said = sign(SECRET, LINK).partition(".")[0]
    raw = base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)).decode()
    assert raw.split("\x1f") == ["u", "shop", "per_1", "ord_1", "email"]


def test_a_reference_cannot_smuggle_a_field() -> None:
    """A separator inside a reference is refused when signing."""
    with pytest.raises(ValueError, match="separator"):
        sign(SECRET, Link(purpose=LinkPurpose.REVIEW, store_id="a\x1fb", person_ref="p"))


def test_where_a_message_went_travels_covered() -> None:
    """It opens with the same token and secret only; beside another token the same address looks different."""
    hashed = address_hash(SECRET, Channel.EMAIL, "a@b.c")
    here, there = sign(SECRET, LINK), sign(SECRET, replace(LINK, person_ref="per_2"))
    sealed = covered(SECRET, here, hashed)
    assert uncovered(SECRET, here, sealed) == hashed
    for secret, token, said in (
        (b"two", here, sealed),
        (SECRET, there, sealed),
        (SECRET, here, sealed[:-2] + ("AA" if sealed[-2:] != "AA" else "BA")),
        (SECRET, here, ""),
        (SECRET, here, "not base64 "),
    ):
        assert uncovered(secret, token, said) is None
    other = covered(SECRET, there, hashed)
    assert not {sealed[at : at + 6] for at in range(50)} & {other[at : at + 6] for at in range(50)}


@pytest.mark.parametrize(
    ("channel", "written", "normal"),
    [
        (Channel.EMAIL, " Ada@Example.ORG ", "ada@example.org"),
        (Channel.SMS, "+49 (151) 123-456", "+49151123456"),
        (Channel.PUSH, "TokenAbC", "TokenAbC"),
    ],
)
def test_one_address_has_one_spelling(channel: Channel, written: str, normal: str) -> None:
    """However it is written, an address has one hash."""
    assert normal_address(channel, written) == normal
    assert address_hash(SECRET, channel, written) == address_hash(SECRET, channel, normal)


def test_hashes_differ_by_secret_and_channel() -> None:
    """Neither another installation nor another channel shares an entry."""
    hashes = {
        address_hash(SECRET, Channel.EMAIL, "a@b.c"),
        address_hash(b"two", Channel.EMAIL, "a@b.c"),
        address_hash(SECRET, Channel.PUSH, "a@b.c"),
    }
    assert len(hashes) == 3
