"""The outbox in the browser and as JSON: complete, harmless, and only for those who may see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from channels.posting import NOW, message
from doorstep.channels.outbox import OutboxSender
from doorstep.domain.messages import Channel
from doorstep.models import Database
from doorstep.models.keys import Scope, create
from doorstep.templates.samples import sample_content

Open = Callable[..., TestClient]
EVIL = '<script>alert("1")</script>'


def test_messages_are_listed_newest_first_by_cursor(outbox: OutboxSender, browser: Open) -> None:
    """A reader walks all messages once, whatever is sent at the same instant, and may filter them."""
    for n in range(7):
        at = NOW + timedelta(minutes=n // 2)
        outbox.send(message(key=f"jny_a:{n}", at=at, journey_id=f"jny_{n % 2}"))
    outbox.send(message(channel=Channel.SMS, key="jny_a:sms", at=NOW - timedelta(days=1)))
    client, seen, cursor = browser(), [], None
    while True:
        page = client.get("/outbox.json", params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        seen += page["items"]
        if (cursor := page["next"]) is None:
            break
    assert len(seen) == len({i["id"] for i in seen}) == 8
    assert [i["sent_at"] for i in seen] == sorted((i["sent_at"] for i in seen), reverse=True)
    count = lambda **params: len(client.get("/outbox.json", params=params).json()["items"])  # noqa: E731 - short
    assert count(journey="jny_1") == 3
    assert count(channel="sms") == 1
    assert count(since=(NOW + timedelta(minutes=3)).isoformat()) == 1
    assert client.get("/outbox.json?cursor=abc").status_code == 400


def test_a_message_is_shown_as_the_customer_sees_it(outbox: OutboxSender, browser: Open) -> None:
    """Mail with sender, recipient and subject around a locked-down frame; a text message as a bubble."""
    mail = outbox.send(message("cross-sell-7")).provider_message_id
    text = outbox.send(message(channel=Channel.SMS)).provider_message_id
    page = browser().get(f"/outbox/{mail}").text
    for part in (
        "Chosen to go with your order",
        "hello@fjord.example",
        "lena@mail.example",
        "List-Unsubscribe-Post",
    ):
        assert part in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox allow-same-origin"' in page
    body = browser().get(f"/outbox/{mail}/body")
    assert "Good company for what you chose" in body.text
    assert (
        '<div class="bubble">Fjord &amp; Field: your order #1042 is on its way'
        in browser().get(f"/outbox/{text}").text
    )
    assert browser().get("/outbox/msg_none").status_code == 404


def test_the_same_address_answers_json(outbox: OutboxSender, browser: Open) -> None:
    """A test or a script asks for JSON and gets everything, HTML included for a single message."""
    id_ = outbox.send(message()).provider_message_id
    client = browser()
    client.headers["accept"] = "application/json"
    assert client.get("/outbox").json()["items"][0]["id"] == id_
    one = client.get(f"/outbox/{id_}").json()
    assert one["html"].startswith("<!doctype html>")
    assert one["accepted_under_key"] == 1


def test_a_double_send_is_marked(outbox: OutboxSender, browser: Open) -> None:
    """Two messages under one key are flagged in the list and on the page."""
    outbox.send(message())
    id_ = outbox.send(message()).provider_message_id
    assert "&times;2" in browser().get("/outbox").text
    assert "accepted 2 times" in browser().get(f"/outbox/{id_}").text


def test_markup_in_a_message_runs_nowhere(outbox: OutboxSender, browser: Open) -> None:
    """A customer, shop or text with a script in it is shown as typed; the policy forbids scripts besides."""
    content = sample_content("shipped")
    content["order"]["number"] = EVIL
    mail = outbox.send(message(content=content, to=f"{EVIL}@mail.example")).provider_message_id
    text = outbox.send(message(content=content, channel=Channel.SMS, to=EVIL)).provider_message_id
    for path in ("/outbox", f"/outbox/{mail}", f"/outbox/{text}", f"/outbox/{mail}/body"):
        answer = browser().get(path)
        assert answer.status_code == 200
        assert EVIL not in answer.text
        assert "<i>" not in answer.text
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
    assert "script-src" not in policy
    assert "allow-scripts" not in policy
    assert "img-src data:;" in policy
    assert (
        "img-src data: https:"
        in browser().get(f"/outbox/{mail}/body?images=true").headers["content-security-policy"]
    )


def test_no_page_asks_the_network_for_anything(outbox: OutboxSender, browser: Open) -> None:
    """List and message page carry their own style and script; nothing in them names another server."""
    id_ = outbox.send(message(channel=Channel.SMS)).provider_message_id
    for path in ("/outbox", f"/outbox/{id_}"):
        page = browser().get(path).text
        assert 'src="http' not in page
        assert "@import" not in page
        assert 'href="http' not in page


@pytest.mark.parametrize(
    ("client", "base_url", "headers"),
    [
        ("203.0.113.7", "http://127.0.0.1:8080", {}),
        ("127.0.0.1", "http://evil.example:8080", {}),
        ("127.0.0.1", "http://127.0.0.1.evil.example", {}),
        ("127.0.0.1", "http://127.0.0.1:8080", {"x-forwarded-for": "203.0.113.7"}),
        ("127.0.0.1", "http://127.0.0.1:8080", {"host": "localhost@evil.example"}),
    ],
)
@pytest.mark.parametrize("path", ["/outbox", "/outbox.json", "/outbox/msg_x", "/outbox/msg_x/body"])
def test_others_need_a_key(
    browser: Open, client: str, base_url: str, headers: dict[str, str], path: str
) -> None:
    """From elsewhere, under another name (DNS rebinding) or through a proxy, every address answers 401."""
    assert browser(client, base_url).get(path, headers=headers).status_code == 401


@pytest.mark.parametrize("base_url", ["http://localhost:8080", "http://[::1]:8080", "http://127.0.0.1"])
def test_this_machine_needs_none(browser: Open, base_url: str) -> None:
    """Whoever sits at the machine looks without a key."""
    assert browser("::1", base_url).get("/outbox").status_code == 200


@pytest.mark.parametrize("path", ["/outbox", "/outbox.json", "/outbox/msg_x", "/outbox/msg_x/body"])
def test_without_the_setting_this_machine_needs_a_key_too(browser: Open, path: str) -> None:
    """Behind a plain reverse proxy everybody connects from 127.0.0.1 and names it."""
    assert browser(outbox_open=False).get(path).status_code == 401


def test_a_stores_key_sees_that_stores_messages(
    outbox: OutboxSender, browser: Open, database: Database
) -> None:
    """With a key, what belongs to another store does not exist."""
    mine = outbox.send(message()).provider_message_id
    other = outbox.send(message(store_id="sto_b", key="jny_b:x")).provider_message_id
    _, key = create(database, name="agent", scopes=[Scope.SUPPORT], now=NOW, store_id="sto_a")
    client = browser("203.0.113.7", "http://shop.example")
    client.headers["authorization"] = f"Bearer {key}"
    assert [i["id"] for i in client.get("/outbox.json").json()["items"]] == [mine]
    assert client.get(f"/outbox/{mine}").status_code == 200
    assert client.get(f"/outbox/{other}").status_code == 404
    assert client.get(f"/outbox/{other}/body").status_code == 404


def test_the_page_says_who_sends(browser: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a message stays here or goes out, per channel, and what would change it."""
    for name in ("SENDGRID_API_KEY", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    page = browser().get("/outbox", headers={"Accept": "text/html"}).text
    assert "Email stays in the outbox: SENDGRID_API_KEY is not set." in page
    assert "SMS stays in the outbox: TWILIO_ACCOUNT_SID is not set." in page
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.x")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "half of it")
    page = browser().get("/outbox", headers={"Accept": "text/html"}).text
    assert "SG.x" not in page
    assert "Twilio is half set up" in page
