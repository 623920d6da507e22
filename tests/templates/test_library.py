"""Every built-in template on every channel, with everything filled in and with as little as allowed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from doorstep.domain.messages import Channel, Purpose
from doorstep.templates import plain
from doorstep.templates.catalogue import BUILT_IN, purpose_of
from doorstep.templates.renderer import Renderer
from doorstep.templates.samples import SAMPLE_BRAND, minimal_content, preview, sample_content

RENDERER = Renderer(brand=SAMPLE_BRAND)
EVERY = [(name, channel) for name in RENDERER.names() for channel in sorted(RENDERER.channels(name))]
MAILS = [name for name, channel in EVERY if channel is Channel.EMAIL]
TEXTED = {
    "shipped",
    "out-for-delivery",
    "available-for-pickup",
    "attempt-failed",
    "delayed",
    "shipping-exception",
    "delivered",
    "refund-confirmation",
    "review-request",
}
_LEAK = re.compile(
    r"\b(None|undefined|Undefined|nan|True|False|lorem)\b|\{\{|\}\}|\{%|<built-in|object at 0x"
)
_VOID = {"meta", "br", "img", "base"}


class _Balance(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def test_the_library_is_the_catalogue() -> None:
    """Every template the journey may name exists as mail, and the nine that are texted exist as SMS."""
    assert set(RENDERER.names()) == set(BUILT_IN)
    assert set(MAILS) == set(BUILT_IN)
    assert {name for name, channel in EVERY if channel is Channel.SMS} == TEXTED


@pytest.mark.parametrize(("name", "channel"), EVERY)
@pytest.mark.parametrize("content_of", [sample_content, minimal_content])
def test_every_template_reads_well_however_little_is_known(name: str, channel: Channel, content_of) -> None:  # type: ignore[no-untyped-def] # either factory
    """Nothing unfilled is said, the markup is whole, and a greeting without a name is still a greeting."""
    made = RENDERER.render(name, channel, content_of(name))
    for said in (made.subject, made.html, made.text):
        assert not _LEAK.search(said), _LEAK.search(said)
    assert made.text.strip()
    if channel is Channel.EMAIL:
        assert made.subject
        assert "\n" not in made.subject
        assert "<" not in made.text
        assert "  ," not in made.text
        assert "Hello ," not in made.text
        checker = _Balance()
        checker.feed(made.html)
        assert checker.open == []
        assert len(made.html) < 60_000, "Gmail clips mail past 102 KB"
    else:
        assert plain.segments(made.text) == 1, made.text


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_no_title_in_a_text_part_ends_twice(locale: str) -> None:
    """A question mark is followed by no colon."""
    for name in MAILS:
        made = RENDERER.render(name, Channel.EMAIL, sample_content(name, locale=locale))
        assert not re.search(r"[?!.:…]:(\s|$)", made.text), name


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Nobody at home?", "Nobody at home? Ask next door."),
        ("So soon!", "So soon! Ask next door."),
        ("Good to know", "Good to know: Ask next door."),
        ("", "Ask next door."),
    ],
)
def test_what_leads_to_something_has_one_sign_at_its_end(tmp_path: Path, title: str, said: str) -> None:
    """A note's title and a button's label."""
    source = """{% extends "_layout/email.html.j2" %}{% block body %}
{% call ui.note(title) %}Ask next door.{% endcall %}
{{ ui.button("Where is it?", links.tracking) }}{{ ui.button("See it", links.tracking) }}{% endblock %}"""
    for file, text in (("email.html.j2", source.replace("title", f'"{title}"')), ("subject.txt.j2", "Hi")):
        (tmp_path / "led").mkdir(exist_ok=True)
        (tmp_path / "led" / file).write_text(text)
    made = Renderer([tmp_path], brand=SAMPLE_BRAND).render("led", Channel.EMAIL, sample_content("led"))
    assert said in made.text.splitlines()
    assert "Where is it?\nhttps://" in made.text
    assert "See it:\nhttps://" in made.text


@pytest.mark.parametrize("name", MAILS)
@pytest.mark.parametrize("purpose", list(Purpose))
def test_marketing_says_how_to_leave_it(name: str, purpose: Purpose) -> None:
    """Marketing mail, and only that, carries the unsubscribe link; all mail carries the postal address."""
    content = sample_content(name) | {"purpose": purpose.value}
    made = RENDERER.render(name, Channel.EMAIL, content)
    for part in (made.html, made.text):
        assert (content["links"]["unsubscribe"] in part) is (purpose is Purpose.MARKETING)
    assert SAMPLE_BRAND.postal_address
    assert SAMPLE_BRAND.postal_address in made.text


@pytest.mark.parametrize("name", sorted(TEXTED))
def test_only_marketing_texts_offer_to_stop(name: str) -> None:
    """A text about a person's own parcel does not carry an opt-out hint; an advertisement does."""
    for purpose in Purpose:
        made = RENDERER.render(name, Channel.SMS, sample_content(name) | {"purpose": purpose.value})
        if purpose is purpose_of(name) or purpose is Purpose.MARKETING:
            assert ("STOP" in made.text) is (purpose is Purpose.MARKETING)


@pytest.mark.parametrize("name", MAILS)
def test_markup_in_what_people_type_stays_text(name: str) -> None:
    """A title, carrier or shop with a tag in its name is shown as typed and runs nothing."""
    content = sample_content(name)
    evil = "<script>alert(1)</script>"
    content["person"]["first_name"] = "<b>x"
    content["store"]["name"] = evil
    content["order"]["number"] = f"#1{evil}"
    for line in content["order"]["lines"]:
        line["title"] = evil
        line["image_url"] = "javascript:alert(1)"
    for product in content["products"]:
        product.update(title=evil, url="javascript:alert(1)", image_url='https://x.example/"onerror=alert(1)')
    content["shipment"].update(carrier=evil, tracking_number=evil, tracking_url="javascript:alert(1)")
    content["context"]["offer"]["code"] = evil
    content["context"]["return"]["url"] = "javascript:alert(1)"
    made = RENDERER.render(name, Channel.EMAIL, content)
    assert "<script" not in made.html
    assert "javascript:" not in made.html
    assert "onerror=alert" not in made.html.replace("&#34;onerror", "")
    assert "Hello," in made.text


_DIGESTS = """
from doorstep.templates.samples import *
r = Renderer(brand=SAMPLE_BRAND)
for n in r.names():
    for c in sorted(r.channels(n)):
        m = r.render(n, c, sample_content(n))
        print(n, c, m.digest, m.template_digest)
"""


def test_digests_do_not_depend_on_hash_order() -> None:
    """Two processes with different hash seeds render and name every message alike."""
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", _DIGESTS],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    seen = {run.communicate(timeout=120)[0] for run in runs}
    assert len(seen) == 1
    assert len(seen.pop().splitlines()) == len(EVERY)


def test_a_preview_needs_no_content_of_ones_own() -> None:
    """Any template can be looked at with sample data."""
    made = preview("shipped", Channel.EMAIL)
    assert made.subject == "Your order #1042 is on its way"
    assert "Friday 15 May" in made.text
