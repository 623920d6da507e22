"""What the customer's pages say: a language is one file, whole, and one that is not is refused at the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from doorstep.api.customer.words import TOLD
from doorstep.domain.customers import SuppressionCause
from doorstep.domain.messages import Channel
from doorstep.domain.shipments import ShipmentStatus
from doorstep.errors import SetupError, TemplateError
from doorstep.templates.packages import page_words
from doorstep.templates.pages import PageWords, When
from doorstep.templates.renderer import LIBRARY
from templates.pseudo import marked

ENGLISH = (LIBRARY / "_pages/words.j2").read_text(encoding="utf-8")
SAVE = '{% set save = "Save" %}'


def write(root: Path, language: str, text: str) -> None:
    file = root / "_pages" / language / "words.j2"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_the_tables_have_a_word_for_all_there_is() -> None:
    """Every state of a parcel that is under way, every channel, every cause for which a channel is blocked."""
    assert set(TOLD) == set(ShipmentStatus) - {ShipmentStatus.PENDING, ShipmentStatus.CANCELLED}
    for language in PageWords().languages:
        words = PageWords().of(language).words
        assert set(words.states) == set(words.one_parcel) == set(TOLD)
        assert set(words.channels) == set(words.no_more) == set(Channel)
        assert set(words.blocked) == set(SuppressionCause) - {SuppressionCause.ERASURE}


def test_english_and_german_come_with_it() -> None:
    pages = PageWords()
    assert pages.languages == ("de", "en")
    said = {tag: pages.of(tag).words.save for tag in ("de-AT", "DE_ch", "en-GB", "fr", "", "x-y")}
    assert said == {
        "de-AT": "Speichern",
        "DE_ch": "Speichern",
        "en-GB": "Save",
        "fr": "Save",
        "": "Save",
        "x-y": "Save",
    }
    assert [pages.has(tag) for tag in ("de-LI", "en", "fr")] == [True, True, False]


def test_a_language_is_one_file_and_the_first_package_goes_before(tmp_path: Path) -> None:
    """Also before a built-in one, which it hides whole."""
    for root in ("one", "two"):
        write(tmp_path / root, "fr", ENGLISH.replace(SAVE, f'{{% set save = "{root}" %}}'))
    write(tmp_path / "two", "de", ENGLISH.replace(SAVE, '{% set save = "Sichern" %}'))
    pages = PageWords([tmp_path / "one", tmp_path / "two"])
    assert pages.languages == ("de", "en", "fr")
    assert (pages.of("fr").words.save, pages.of("de").words.save) == ("one", "Sichern")


def test_a_languages_own_plurals_are_asked_for(tmp_path: Path) -> None:
    """Of the text's language: Polish has a form for few."""
    polish = '{{ count }} {{ count|plural("paczka", "paczki", few="paczki", many="paczek") }}'
    macro = "{% macro leaves_in(count) %}"
    write(tmp_path, "pl", ENGLISH.replace(macro, f"{macro}{polish}; "))
    leaves_in = PageWords([tmp_path]).of("pl-PL").words.leaves_in
    assert [leaves_in(n).split(";")[0] for n in (1, 3, 5)] == ["1 paczka", "3 paczki", "5 paczek"]


def test_what_is_filled_in_is_escaped_once() -> None:
    """Whoever says it: a name into a sentence, a sentence's day into another."""
    for language in PageWords().languages:
        words = PageWords().of(language).words
        assert "&lt;b&gt;" in words.thank_you("<b>")
        day = words.on("<b>")
        assert "&lt;b&gt;" in words.delivered(When("", day))
        assert "&amp;" not in words.delivered(When("", day))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (SAVE, "", r"_pages/fr/words\.j2 does not say 'save'\."),
        (SAVE, '{% set savve = "x" %}', r"does not say 'save'\. Did you mean 'savve'\?"),
        ('"stop": ', '"stopp": ', r"does not say 'blocked\.stop'\. Did you mean 'blocked\.stopp'\?"),
        ('"push": {"name": "Push messages", "text"', '"push": {"text"', r"'channels\.push\.name'"),
        (
            "macro kept(count)",
            "macro kept(count, x=1)",
            r"'kept' as a macro of \(count, x\), and the pages ask for a macro of \(count\)",
        ),
        (
            SAVE,
            "{% macro save() %}Save{% endmacro %}",
            r"'save' as a macro of \(\), and the pages ask for a text",
        ),
        ("{{ count }} kept", "{{ count + 'x' }} kept", r"line \d+\): TypeError"),
        (SAVE, "{% set save = 3 %}", r"'save' as int"),
        (SAVE, '{% set save = "Save %}', r"_pages/fr/words\.j2, line \d+: "),
        (
            "on {{ day }}",
            "on {{ dya }}",
            r"_pages/fr/words\.j2, line \d+, asks for 'dya'",
        ),
        ("{% else %}Your order{% endif %}", "{% else %}{{ nmae }}{% endif %}", r"line \d+, asks for 'nmae'"),
        ("Your order{% endif %}", "{{ 1 / name|length }}{% endif %}", r"line \d+\): ZeroDivisionError"),
        ("{{ when.on }}", "{{ when.one }}", r"asks for 'one', which is not there"),
    ],
)
def test_a_language_that_is_not_whole_is_refused_at_the_start(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    """With the file, the word, and the nearest there is; nobody finds it on a phone."""
    assert old in ENGLISH
    write(tmp_path, "fr", ENGLISH.replace(old, new, 1))
    with pytest.raises(TemplateError, match=told):
        PageWords([tmp_path])


def test_a_folder_that_is_no_language_is_refused(tmp_path: Path) -> None:
    """`de-AT` would never be asked for."""
    write(tmp_path, "de-AT", ENGLISH)
    with pytest.raises(TemplateError, match=r"_pages/de-AT/ is no language"):
        PageWords([tmp_path])


def test_store_packages_bring_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside their messages' templates; one without any changes nothing."""
    for name in ("wordless", "wordy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    marked(tmp_path / "wordy/templates/_pages/fr/words.j2")
    monkeypatch.syspath_prepend(tmp_path)
    assert page_words(["wordless", "wordy"]).languages == ("de", "en", "fr")
    with pytest.raises(SetupError, match="'wordyy' cannot be imported"):
        page_words(["wordyy"])
