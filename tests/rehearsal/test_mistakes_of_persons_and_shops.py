"""A mistake in who, where and what is bought is refused with its line and what would be right."""

from __future__ import annotations

import pytest
from tests.rehearsal.mistakes import check

MISTAKES = {
    "pieces": ("scenario: it\norder:\n  lines: [1000000000000000000000 fern]\n", 3, "from 1 to 10000"),
    "no piece": ("scenario: it\norder:\n  lines: [0 fern]\n", 3, "from 1 to 10000"),
    "superscript": ("scenario: it\norder:\n  lines: [² fern]\n", 3, "no line"),
    "product": ("scenario: it\norder:\n  lines: [ferm]\n", 3, "'fern'"),
    "zone": ("scenario: it\nperson: {zone: Europe/Berlim}\n", 2, "no time zone"),
    "shop's zone": ("scenario: it\nshop: {zone: Europe/Berln}\n", 2, "Did you mean 'Europe/Berlin'?"),
    "no zone at all": ("scenario: it\nshop: {zone: Foo}\n", 2, "'Foo' is no time zone. Give an IANA name"),
    "nearest zone": ("scenario: it\nperson: {zone: Berlin}\n", 2, "Did you mean 'Europe/Berlin'?"),
    "country by name": ("scenario: it\nperson:\n  country: Germany\n", 3, "Did you mean 'DE'? Give its two"),
    "country misspelt": ("scenario: it\nshop: {country: germny}\n", 2, "Did you mean 'DE'?"),
    "three letters": ("scenario: it\norder: {country: USA}\n", 2, "Did you mean 'US'?"),
    "locale": ("scenario: it\nperson: {locale: xx-klingon}\n", 2, "'xx-klingon' is no locale."),
    "shop's locale": ("scenario: it\nshop: {locale: de-DX}\n", 2, "Did you mean 'de-DE'?"),
    "language": ("scenario: it\nperson: {langauge: de}\n", 2, "There are:"),
    "policy": ("scenario: it\nshop:\n  policy: {capz: []}\n", 3, "'caps'"),
    "currency": ("scenario: it\nshop:\n  currency: euros\n", 3, "Did you mean 'EUR'?"),
    "a small currency": ("scenario: it\nshop: {currency: eur}\n", 2, "three capital letters"),
    "no currency": ("scenario: it\nshop: {currency: QQQ}\n", 2, "'QQQ' is no currency"),
    "no change": (
        "scenario: it\nplaced: 10:00, 2 days before a clock change\nperson: {zone: UTC}\n",
        2,
        "never changes",
    ),
    "a policy that is none": ("scenario: it\nshop:\n  policy: 3\n", 3, "'policy' is no mapping"),
    "nothing to sell": ("scenario: it\nshop: {products: {}}\n", 2, "sells nothing"),
    "a line twice": (
        "scenario: it\norder: {lines: [fern, 2 fern]}\n",
        2,
        "stands twice in the order. Write '3 fern'.",
    ),
    "nothing ordered": ("scenario: it\norder: {lines: []}\n", 2, "holds nothing"),
    "what its shop lacks": ("scenario: it\nshop: {products: {tea: {title: Tea}}}\n", 2, "no product 'fern'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_it_is_told_with_its_line_and_what_would_be_right(name: str) -> None:
    check(MISTAKES[name])
