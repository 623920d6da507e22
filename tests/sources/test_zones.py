"""Whose clock a person lives by, and one spelling for numbers and addresses."""

from __future__ import annotations

import pytest

from doorstep.sources import person, zones
from doorstep.sources.base import SourceContext
from doorstep.sources.registry import SOURCES, source
from doorstep.sources.zone_tables import MAJORITY, PROVINCES


@pytest.mark.parametrize(
    ("country", "province", "zone"),
    [
        ("DE", "", "Europe/Berlin"),
        ("gb", "", "Europe/London"),
        ("CH", "ZH", "Europe/Zurich"),
        ("US", "KY", "America/New_York"),
        ("US", "US-CA", "America/Los_Angeles"),
        ("US", "HI", "Pacific/Honolulu"),
        ("US", "", None),
        ("US", "AE", None),
        ("CA", "NL", "America/St_Johns"),
        ("AU", "QLD", "Australia/Brisbane"),
        ("BR", "AM", "America/Manaus"),
        ("BR", "", "America/Sao_Paulo"),
        ("MX", "Q ROO", "America/Cancun"),
        ("MX", "JAL", "America/Mexico_City"),
        ("RU", "KHA", "Asia/Vladivostok"),
        ("ES", "GC", "Atlantic/Canary"),
        ("ES", "M", "Europe/Madrid"),
        ("PT", "PT-20", "Atlantic/Azores"),
        ("XX", "", None),
        ("", "", None),
    ],
)
def test_an_address_settles_the_zone_where_it_can(country: str, province: str, zone: str | None) -> None:
    assert zones.from_address(country, province) == zone


def test_every_zone_of_the_tables_exists() -> None:
    named = [*MAJORITY.values(), *(z for table in PROVINCES.values() for z in table.values())]
    assert [z for z in named if zones.known(z) is None] == []


def test_the_surest_word_counts() -> None:
    """Stated before address, address before phone, and the store's only when nothing else says."""
    known = {"country": "US", "province": "CA", "phone": "+12125550123"}
    assert zones.derive(stated="Europe/Paris", **known) == ("Europe/Paris", "stated")
    assert zones.derive(stated="Europe/Atlantis", **known) == ("America/Los_Angeles", "address")
    assert zones.derive(country="US", phone="+12125550123") == ("America/New_York", "phone")
    assert zones.derive(country="US", phone="+18005550123") == (None, "")
    assert zones.derive_or_store("Asia/Tokyo", country="US") == "Asia/Tokyo"


@pytest.mark.parametrize(
    "name", ["", "EST", "localtime", "../etc/passwd", "Europe/\x00", "/etc/passwd", "a/b" * 200]
)
def test_a_name_that_is_no_zone_is_none(name: str) -> None:
    assert zones.known(name) is None


@pytest.mark.parametrize(
    ("given", "country", "e164"),
    [
        ("030 901820", "DE", "+4930901820"),
        ("+49 30 901820", "", "+4930901820"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("555-555-SHIP", "US", None),
        ("1-800-FLOWERS", "US", None),
        ("123-123-1234", "CA", None),
        ("030 901820", "", None),
        ("030 901820", "QQ", None),
        ("+" * 30, "DE", None),
        ("tel:+4930901820;ext=1", "DE", None),
        (4930901820, "DE", None),
        (None, "DE", None),
    ],
)
def test_a_number_has_one_spelling_or_is_none(given: object, country: str, e164: str | None) -> None:
    assert person.phone(given, country) == e164


@pytest.mark.parametrize(
    ("given", "address"),
    [
        (" Ada@Example.COM ", "ada@example.com"),
        ("ada+shop@mail.example.co.uk", "ada+shop@mail.example.co.uk"),
        ("ada@localhost", None),
        ("ada@@example.com", None),
        ("ada@example.com\r\nBcc: eve@example.com", None),
        ("Ada <ada@example.com>", None),
        ("ada@example..com", None),
        (f"{'a' * 65}@example.com", None),
        ("", None),
        (7, None),
    ],
)
def test_an_address_has_one_spelling_or_is_none(given: object, address: str | None) -> None:
    assert person.email(given) == address


def test_sources_are_found_by_name() -> None:
    from doorstep.errors import NotFound

    assert source("shopify") is SOURCES["shopify"]
    with pytest.raises(NotFound, match="Did you mean 'shopify'"):
        source("shopfy")
    assert SourceContext(connection_id="c", store_id="s", received_at=None).currency == ""  # type: ignore[arg-type]
