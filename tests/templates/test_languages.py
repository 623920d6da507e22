"""A message is in one language, whole; each language of a template says the same; a store's own words go first."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jinja2 import FileSystemLoader, nodes

from doorstep.domain.messages import Channel, Purpose
from doorstep.errors import BadInput, SetupError, TemplateError
from doorstep.models.storekeeping import _brand
from doorstep.templates import plain
from doorstep.templates.brand import Brand
from doorstep.templates.environment import TextEnvironment
from doorstep.templates.renderer import LIBRARY, Renderer
from doorstep.templates.samples import SAMPLE_BRAND, minimal_content, sample_content

EMAIL, SMS = Channel.EMAIL, Channel.SMS
RENDERER = Renderer(brand=SAMPLE_BRAND)
EVERY = [(name, channel) for name in RENDERER.names() for channel in sorted(RENDERER.channels(name))]
DEFAULTS = sorted(
    path.relative_to(LIBRARY).as_posix()
    for path in LIBRARY.rglob("*.j2")
    if path.parent.parent == LIBRARY and (path.parent.name != "_layout" or path.name == "words.j2")
)
_ENGLISH = re.compile(
    r"\b(the|your|you|and|of|with|order|hello|we|is|are|unsubscribe|questions|from|to|expected|carrier|pieces)\b",
    re.I,
)
"""What a German text does not say."""
_SHOPS_OWN = re.compile(r"Linen shirt|natural|Harbour roast coffee|Wool overshirt|Stoneware cup, set of two")


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def german(content: dict[str, Any]) -> dict[str, Any]:
    content["person"]["locale"] = "de-DE"
    return content


# --- every language says the same --------------------------------------------------------------------------


def in_german(name: str) -> str:
    folder, _, file = name.rpartition("/")
    return f"{folder}/de/{file}"


def asked(name: str) -> set[str]:
    """What a template asks for: variables by their path, parts, filters, blocks, macros and what it extends."""
    tree = TextEnvironment(FileSystemLoader(LIBRARY)).parse((LIBRARY / name).read_text(encoding="utf-8"))
    return set(_asked(tree))


def _asked(tree: nodes.Node) -> Iterator[str]:
    for node in tree.find_all((nodes.Getattr, nodes.Name)):
        if path := _path(node):
            yield path
    yield from (f"|{node.name}" for node in tree.find_all(nodes.Filter))
    yield from (f"block {node.name}" for node in tree.find_all(nodes.Block))
    for macro in tree.find_all(nodes.Macro):
        yield f"macro {macro.name}({', '.join(a.name for a in macro.args)})"
    for node in tree.find_all((nodes.Extends, nodes.Import)):
        yield f"uses {node.template.value.replace('/de/', '/')}"


def _path(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{inner}.{node.attr}" if (inner := _path(node.node)) else ""
    return ""


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_shipped_text_has_german_that_asks_for_the_same(name: str) -> None:
    """No template without German; none that says more, less or something else than the English."""
    assert (LIBRARY / in_german(name)).is_file(), f"{in_german(name)} is missing"
    assert asked(in_german(name)) == asked(name)


def test_no_german_is_left_of_a_text_that_is_gone() -> None:
    """What lies in a language's folder has a default beside it."""
    found = {p.relative_to(LIBRARY).as_posix() for p in LIBRARY.rglob("de/*")}
    assert found == {in_german(name) for name in DEFAULTS}


@pytest.mark.parametrize(("name", "channel"), EVERY)
@pytest.mark.parametrize("content_of", [sample_content, minimal_content])
def test_every_german_message_is_german_whole(name: str, channel: Channel, content_of) -> None:  # type: ignore[no-untyped-def] # either factory
    """No English word is left in one, whatever is known; a text still fits one SMS."""
    made = RENDERER.render(name, channel, german(content_of(name)))
    said = _SHOPS_OWN.sub(
        "", re.sub(r"\S+@\S+|https?://\S+|\bGermany\b|Field", "", f"{made.subject}\n{made.text}")
    )
    assert not _ENGLISH.search(said), _ENGLISH.search(said)
    assert "None" not in made.text
    if channel is EMAIL:
        assert '<html lang="de">' in made.html
        assert "Guten Tag" in made.text
        assert "Haben Sie Fragen?" in made.html
        assert made.html.count("<td") == made.html.count("</td>")
    else:
        assert plain.segments(made.text) == 1, made.text


def test_german_typography() -> None:
    """Quotes are „so“, a percent stands apart from its sign, and no straight quote is left in a sentence."""
    for name in DEFAULTS:
        text = re.sub(
            r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", (LIBRARY / in_german(name)).read_text(), flags=re.S
        )
        assert not re.search(r"[\"”]|(?<![\u00a0 ])%| %| - ", text), name


def test_only_marketing_texts_tell_a_german_how_to_leave() -> None:
    """In German, with the word that the provider knows."""
    for purpose in Purpose:
        content = german(sample_content("shipped")) | {"purpose": purpose.value}
        text = RENDERER.render("shipped", SMS, content).text
        assert text.endswith(" Abmelden? Antworten Sie mit STOP.") is (purpose is Purpose.MARKETING)


def test_markup_in_what_people_type_stays_text_in_german_words() -> None:
    """The words of the frame are filled in escaped, in every language."""
    content = german(sample_content("shipped"))
    content["order"]["number"] = content["store"]["name"] = "<script>alert(1)</script>"
    content["person"]["first_name"] = "Ö & Co"
    content["order"]["lines"][0]["title"] = content["shipment"]["lines"][0]["title"] = "<i>x</i>"
    made = RENDERER.render("shipped", EMAIL, content)
    assert "<script" not in made.html
    assert "<i>" not in made.html
    assert "Guten Tag Ö &amp; Co," in made.html
    assert "&amp;lt;" not in made.html
    assert "<script>" in made.text


# --- whole, or not at all ----------------------------------------------------------------------------------


def test_a_language_that_nobody_has_written_is_answered_in_the_default_one() -> None:
    """Template and frame, with the reader's numbers."""
    made = RENDERER.render("order-confirmation", EMAIL, sample_content("order-confirmation", locale="fr"))
    assert '<html lang="en">' in made.html
    assert "Unsubscribe" in RENDERER.render("community", EMAIL, sample_content("community", locale="fr")).text
    assert "Total: 118,00\xa0€" in made.text


@pytest.mark.parametrize(
    "replaced",
    ["shipped/subject.txt.j2", "shipped/email.html.j2", "_layout/email.html.j2", "_layout/parts.txt.j2"],
)
def test_what_a_store_wrote_itself_is_not_passed_over_for_our_german(tmp_path: Path, replaced: str) -> None:
    """Its own English, whole, until it writes its German."""
    text = (LIBRARY / replaced).read_text()
    write(tmp_path, replaced, re.sub(r"words\.\w+(\([^)]*\))?", '"Ours"', text) + "{# ours #}")
    store = Renderer([tmp_path], brand=SAMPLE_BRAND)
    made = store.render("shipped", EMAIL, german(sample_content("shipped")))
    assert '<html lang="en">' in made.html
    assert not re.search(
        r"Bestellung|Haben Sie Fragen|Guten Tag|Freitag", made.html + made.text + made.subject
    )


def test_a_frame_that_a_store_drew_itself_speaks_german_by_its_words(tmp_path: Path) -> None:
    """One that takes its words from the table is in no language itself."""
    write(
        tmp_path, "_layout/email.html.j2", (LIBRARY / "_layout/email.html.j2").read_text() + "<!-- ours -->"
    )
    made = Renderer([tmp_path]).render("shipped", EMAIL, german(sample_content("shipped")))
    assert "<!-- ours -->" in made.html
    assert "Haben Sie Fragen?" in made.html


def test_a_stores_own_tips_in_english_make_the_whole_mail_english(tmp_path: Path) -> None:
    """What a template imports counts as it does."""
    write(tmp_path, "_care/tips.j2", (LIBRARY / "_care/tips.j2").read_text())
    store = Renderer([tmp_path])
    assert "Make it last" in store.render("care-guide", EMAIL, german(sample_content("care-guide"))).text
    assert "ist unterwegs" in store.render("shipped", EMAIL, german(sample_content("shipped"))).subject


def test_a_mail_whose_subject_is_not_translated_is_in_the_default_language(tmp_path: Path) -> None:
    """No German subject over an English mail, and no English one over a German."""
    for file in ("subject.txt.j2", "email.html.j2"):
        write(tmp_path, f"hello/{file}", "Hi")
    write(
        tmp_path,
        "hello/email.html.j2",
        '{% extends "_layout/email.html.j2" %}{% block body %}Hi{% endblock %}',
    )
    for lacks in ("subject.txt.j2", "email.html.j2"):
        shutil.rmtree(tmp_path / "hello/de", ignore_errors=True)
        for file in {"subject.txt.j2", "email.html.j2"} - {lacks}:
            write(tmp_path, f"hello/de/{file}", (tmp_path / "hello" / file).read_text().replace("Hi", "Moin"))
        made = Renderer([tmp_path]).render("hello", EMAIL, german(sample_content("hello")))
        assert made.subject == "Hi"
        assert "Moin" not in made.html
        assert "Hello Lena" not in made.text
        assert "Questions?" in made.text


def test_a_template_in_a_language_without_its_words_is_refused(tmp_path: Path) -> None:
    """Before anyone is written to, with what to write."""
    write(tmp_path, "shipped/fr/sms.txt.j2", "En route")
    with pytest.raises(TemplateError, match=r"shipped/fr/sms\.txt\.j2.*'fr'.*_layout/fr/words\.j2"):
        Renderer([tmp_path])
    write(tmp_path, "_layout/fr/words.j2", (LIBRARY / "_layout/words.j2").read_text())
    content = sample_content("shipped", locale="fr_CA")
    assert Renderer([tmp_path]).render("shipped", SMS, content).text == "En route"


def test_a_template_may_ask_for_the_words_itself(tmp_path: Path) -> None:
    """In a subject, a text message and a mail, as the frame does."""
    write(tmp_path, "shipped/sms.txt.j2", "{{ words.order(order.number) }}: {{ words.stages[1] }}")
    assert (
        Renderer([tmp_path]).render("shipped", SMS, sample_content("shipped")).text == "Order #1042: Shipped"
    )


# --- digests -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "whose"),
    [
        ("shipped/de/email.html.j2", {"de"}),
        ("shipped/de/subject.txt.j2", {"de"}),
        ("_layout/de/words.j2", {"de"}),
        ("_layout/words.j2", {"en"}),
        ("_layout/email.html.j2", {"de", "en"}),
    ],
)
def test_another_wording_is_another_digest_for_its_readers_only(
    tmp_path: Path, changed: str, whose: set[str]
) -> None:
    """A change of the German is none for readers of English; readers of French read the default."""
    write(tmp_path, changed, (LIBRARY / changed).read_text() + "{# changed #}")
    own = Renderer([tmp_path])
    shared = Renderer()
    for locale, language in (("de-AT", "de"), ("en-GB", "en"), ("fr", "en")):
        asked = [r.template_digest("shipped", EMAIL, locale=locale) for r in (own, shared)]
        assert (asked[0] != asked[1]) is (language in whose), locale
        content = sample_content("shipped", locale=locale)
        content["store"] = {"name": shared.brand.name, "support_email": shared.brand.support_email}
        assert [r.render("shipped", EMAIL, content).template_digest for r in (own, shared)] == asked


# --- the brand's own phrases -------------------------------------------------------------------------------


def test_a_brand_speaks_the_language_of_the_mail_or_leaves_it_out(tmp_path: Path) -> None:
    """Its phrases in that language; without them the frame's sign-off, and no story in another one."""
    path = tmp_path / "brand.toml"
    path.write_text('story = "We began."\nsign_off = "Cheers,"\n[de]\nstory = "Wir fingen an."\n')
    brand = replace(Brand.load(path), postal_address="Weg 1, 12345 Ort")
    text = Renderer(brand=brand).render("education", EMAIL, german(sample_content("education"))).text
    assert "Wir fingen an." in text
    assert "Herzliche Grüße" in text
    plainly = replace(brand, phrases=())
    text = Renderer(brand=plainly).render("education", EMAIL, german(sample_content("education"))).text
    assert "We began." not in text
    assert "Warum wir das machen".upper() not in text


def test_a_brand_written_in_german_says_so() -> None:
    """Then its phrases go into German mail and not into English."""
    brand = Brand(language="de", sign_off="Bis bald", story="Wir fingen an.")
    german_text = Renderer(brand=brand).render("education", EMAIL, german(sample_content("education"))).text
    english = Renderer(brand=brand).render("education", EMAIL, sample_content("education")).text
    assert "Bis bald" in german_text
    assert "Wir fingen an." in german_text
    assert "Warmly," in english
    assert "Wir fingen an." not in english


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[de]\nstroy = "x"', "Did you mean 'story'"),
        ("[de]\nstory = 3", "'story' of 'de'"),
        ('language = "German"', "language 'German'"),
    ],
)
def test_what_a_brand_cannot_say_in_a_language_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "brand.toml"
    path.write_text(text)
    with pytest.raises(SetupError, match=said):
        Brand.load(path)


def test_a_stores_row_sends_a_languages_table_to_the_brand_file() -> None:
    """A row holds texts only."""
    with pytest.raises(BadInput, match=r"`de` belongs into the brand\.toml"):
        _brand({"de": {"story": "x"}})
