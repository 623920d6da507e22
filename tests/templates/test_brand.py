"""The brand file."""

from __future__ import annotations

from pathlib import Path

import pytest

from doorstep.errors import SetupError
from doorstep.templates.brand import Brand


def load(tmp_path: Path, text: str) -> Brand:
    path = tmp_path / "brand.toml"
    path.write_text(text)
    return Brand.load(path)


def test_a_brand_file_is_read_whole(tmp_path: Path) -> None:
    """Keys are the fields, social links a table in their order."""
    brand = load(
        tmp_path,
        'name = "Nord"\nsupport_email = "hi@nord.example"\nprimary = "#102030"\n'
        '[social]\nInstagram = "https://i.example/nord"\nMastodon = "https://m.example/nord"\n',
    )
    assert (brand.name, brand.primary) == ("Nord", "#102030")
    assert [label for label, _ in brand.social] == ["Instagram", "Mastodon"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('nmae = "x"', "Did you mean 'name'"),
        ('primary = "red"', "primary"),
        ("name = 3", "name"),
        ('support_email = "nobody"', "support"),
        ('website = "javascript:1"', "website"),
        ('name = "x', "cannot be read"),
    ],
)
def test_a_mistake_in_it_is_one_clear_sentence(tmp_path: Path, text: str, said: str) -> None:
    """Every mistake names the key and what would be right."""
    with pytest.raises(SetupError, match=said):
        load(tmp_path, text)
