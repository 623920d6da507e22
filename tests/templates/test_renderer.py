"""The renderer: what it refuses, whose conventions it writes in, and what its digests stand for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from doorstep.domain.messages import Channel
from doorstep.errors import TemplateError
from doorstep.templates.brand import Brand
from doorstep.templates.formats import FILTERS
from doorstep.templates.renderer import Renderer
from doorstep.templates.samples import SAMPLE_BRAND, sample_content

EMAIL, SMS = Channel.EMAIL, Channel.SMS
BUILT_IN = Renderer()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A store package's template directory with one template of its own."""
    write(tmp_path, "hello/subject.txt.j2", "Hello {{ person.first_name or 'you' }}")
    write(
        tmp_path,
        "hello/email.html.j2",
        '{% extends "_layout/email.html.j2" %}{% block body %}{{ context.gift }}{% endblock %}',
    )
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def failure(renderer: Renderer, name: str, content: dict[str, Any], channel: Channel = EMAIL) -> str:
    with pytest.raises(TemplateError) as caught:
        renderer.render(name, channel, content)
    return str(caught.value)


def test_an_unknown_template_offers_the_nearest() -> None:
    """A typing mistake is answered with the name that was meant."""
    with pytest.raises(TemplateError, match="Did you mean 'shipped'"):
        BUILT_IN.channels("shiped")


def test_a_missing_value_is_named_with_template_channel_and_path(own: Path) -> None:
    """Undefined is an error that says where and what, top level and deep, and quotes no personal data."""
    content = sample_content("hello")
    said = failure(Renderer([own]), "hello", content)
    assert "'hello' (email)" in said
    assert "hello/email.html.j2, line 1" in said
    assert "'context.gift', which is not in the content" in said
    del content["order"]["number"]
    said = failure(BUILT_IN, "shipped", content)
    assert "'order.number', which is not in the content" in said
    del content["person"]
    said = failure(BUILT_IN, "shipped", content, SMS)
    assert "'shipped' (sms)" in said
    assert "'person', which is not in the content" in said
    assert "Lena" not in said


def test_what_a_journey_gave_is_asked_for_by_its_whole_name(tmp_path: Path) -> None:
    """`send(context={"months": 24})`: said with the name it has in a template."""
    folder = tmp_path / "warranty"
    folder.mkdir()
    (folder / "sms.txt.j2").write_text("For {{ months }} months.")
    renderer, content = Renderer([tmp_path]), sample_content("hello")
    assert "Did you mean" not in failure(renderer, "warranty", content, SMS)
    content["context"] = {"months": 24}
    said = failure(renderer, "warranty", content, SMS)
    assert said.endswith("'months', which is not in the content. Did you mean 'context.months'?")


_ARGUMENTS = {
    "money": "('EUR')",
    "plural": "('one', 'many')",
    "names_any": "(['tea'])",
    "with_query": "(rating=5)",
}


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_no_filter_takes_what_is_missing_for_what_is_empty(own: Path, name: str) -> None:
    """`links.trakc|href` would be a button that is not there, or five links that lead nowhere."""
    asks = f"{{{{ links.trakc|{name}{_ARGUMENTS.get(name, '')} }}}}"
    write(
        own,
        "hello/email.html.j2",
        f"{{% extends '_layout/email.html.j2' %}}{{% block body %}}{asks}{{% endblock %}}",
    )
    said = failure(Renderer([own]), "hello", sample_content("hello"))
    assert "hello/email.html.j2, line 1) asks for 'links.trakc', which is not in the content" in said


@pytest.mark.parametrize(
    "asked", ["ui.button('See it', links.trakc)", "ui.rating(links.trakc)", "ui.link('It', links.trakc)"]
)
def test_no_button_or_link_leads_to_what_is_missing(own: Path, asked: str) -> None:
    """The parts of a mail ask before they leave anything out; the template that has the mistake is named."""
    body = f"{{% block body %}}{{{{ {asked} }}}}{{% endblock %}}"
    write(own, "hello/email.html.j2", f"{{% extends '_layout/email.html.j2' %}}{body}")
    said = failure(Renderer([own]), "hello", sample_content("hello"))
    assert "'links.trakc', which is not in the content" in said


@pytest.mark.parametrize(
    "wrong", [{"total_minor": 11.5}, {"currency": ""}, {"placed_at": "yesterday"}, {"lines": None}]
)
def test_a_value_of_the_wrong_kind_is_a_template_error(wrong: dict[str, Any]) -> None:
    """Whatever goes wrong inside is one kind of error, and it does not repeat the value."""
    content = sample_content("order-confirmation")
    content["order"].update(wrong)
    said = failure(BUILT_IN, "order-confirmation", content)
    assert "'order-confirmation' (email)" in said
    assert "yesterday" not in said


@pytest.mark.parametrize(
    ("locale", "day", "total"),
    [
        ("en", "Friday, May 15", "€118.00"),
        ("en-GB", "Friday 15 May", "€118.00"),
        ("nl", "Friday, 15 May", "€ 118,00"),
        ("sv-SE", "Friday, 15 May", "118,00 €"),
        ("pt_BR", "Friday, 15 May", "€118.00"),
        ("not a locale", "Friday, 15 May", "€118.00"),
    ],
)
def test_english_words_keep_english_with_the_readers_numbers(locale: str, day: str, total: str) -> None:
    """An English text never says 'fredag', but writes money the way the reader's country does."""
    said = BUILT_IN.render(
        "order-confirmation", EMAIL, sample_content("order-confirmation", locale=locale)
    ).text
    assert f"Total: {total}" in said.replace("\xa0", " ")
    assert day in BUILT_IN.render("shipped", EMAIL, sample_content("shipped", locale=locale)).text


def test_a_translated_template_is_used_for_its_readers(own: Path) -> None:
    """A folder of a language goes to readers of that language, dates and plurals included."""
    write(own, "shipped/de/subject.txt.j2", "Unterwegs: {{ order.number }}")
    write(
        own,
        "shipped/de/email.html.j2",
        '{% extends "_layout/email.html.j2" %}{% block body %}{% call ui.p() %}Kommt am '
        '{{ shipment.expected_at|day }}, {{ order.total_minor|money("EUR") }}, '
        '{{ 2|plural("Stück", "Stücke") }}{% endcall %}{% endblock %}',
    )
    made = Renderer([own]).render("shipped", EMAIL, sample_content("shipped", locale="de-AT"))
    assert made.subject == "Unterwegs: #1042"
    assert "Kommt am Freitag, 15. Mai, € 118,00, Stücke" in made.text.replace("\xa0", " ")
    assert '<html lang="de">' in made.html
    assert (
        "on its way"
        in Renderer([own]).render("shipped", EMAIL, sample_content("shipped", locale="fr")).subject
    )


def test_a_day_is_the_readers_day() -> None:
    """The same instant is another date in another zone."""
    content = sample_content("shipped", zone="Pacific/Auckland")
    assert "Saturday 16 May" in BUILT_IN.render("shipped", EMAIL, content).text


def test_a_store_package_goes_before_the_library_file_by_file(own: Path) -> None:
    """A store replaces a subject and keeps the built-in body."""
    write(own, "shipped/subject.txt.j2", "Off it goes\n\nBcc: everyone@example.org")
    made = Renderer([own]).render("shipped", EMAIL, sample_content("shipped"))
    assert made.subject == "Off it goes Bcc: everyone@example.org", (
        "a subject is one line: no header can begin"
    )
    assert "It has left our hands" in made.text


def test_mail_with_markup_of_its_own_still_has_a_text_part(own: Path) -> None:
    """A template that brings HTML instead of parts gets its text drawn from it."""
    write(
        own,
        "hello/email.html.j2",
        "<html><style>p{}</style><body><p>Dear {{ person.first_name }},</p><ul><li>one</li>"
        '<li><a href="{{ links.unsubscribe }}">leave</a></li></ul></body></html>',
    )
    made = Renderer([own]).render("hello", EMAIL, sample_content("hello"))
    assert made.text == "Dear Lena,\n\n- one\n- leave (https://doorstep.example/t/unsubscribe/q7d1)\n"


def test_marketing_that_cannot_be_left_is_not_rendered(own: Path) -> None:
    """A layout without the unsubscribe link, or a brand without an address, stops marketing mail."""
    write(own, "hello/email.html.j2", "<p>Buy!</p>")
    assert "unsubscribe" in failure(Renderer([own]), "hello", sample_content("hello"))
    no_address = Renderer(brand=replace(SAMPLE_BRAND, postal_address=None))
    assert "postal address" in failure(no_address, "community", sample_content("community"))


def test_a_name_that_is_an_advertisement_is_not_said() -> None:
    """What bots type into a checkout's name field does not reach anyone in our voice."""
    for name in ("Win $500 at evil.example", "http://evil.example", "x" * 41, "www.x"):
        content = sample_content("shipped")
        content["person"]["first_name"] = name
        assert "Hello," in BUILT_IN.render("shipped", EMAIL, content).text
    content["person"]["first_name"] = "Anne-Marie O’Neil"
    assert "Hello Anne-Marie O’Neil," in BUILT_IN.render("shipped", EMAIL, content).text


def test_the_template_digest_changes_with_every_source_and_the_brand(own: Path) -> None:
    """Body, subject, layout, parts, care tips and brand each change it; other templates do not."""

    def digest(brand: Brand = SAMPLE_BRAND, template: str = "care-guide") -> str:
        return Renderer([own], brand=brand).template_digest(template, EMAIL)

    seen = {digest(), digest(replace(SAMPLE_BRAND, primary="#123456"))}
    library = Path(__file__).parents[2] / "src/doorstep/templates/library"
    for name in ("care-guide/email.html.j2", "care-guide/subject.txt.j2", "_layout/email.html.j2",
                 "_layout/email.txt.j2", "_layout/parts.html.j2", "_layout/parts.txt.j2", "_care/tips.j2"):  # fmt: skip
        write(own, name, (library / name).read_text() + "{# changed #}")
        seen.add(digest())
    assert len(seen) == 9
    before = digest(template="shipped")
    write(own, "care-guide/email.html.j2", "{# again #}")
    assert digest(template="shipped") == before


def test_the_stores_row_is_laid_over_the_brand() -> None:
    """Name and colours come from the store; a colour that is none, or a script for a logo, changes nothing."""
    content = sample_content("shipped")
    content["store"].update(
        name="Other", primary="#aa0011", accent="red;}", logo_url="javascript:1", website=None
    )
    made = Renderer(brand=SAMPLE_BRAND).render("shipped", EMAIL, content)
    assert "at Other" in made.text
    assert "#aa0011" in made.html
    assert SAMPLE_BRAND.accent in made.html
    assert "red;}" not in made.html
    assert "javascript" not in made.html
    assert SAMPLE_BRAND.website
    assert SAMPLE_BRAND.website in made.html
