"""The templates and the brand that store packages bring, before the built-in ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from doorstep.packages import home
from doorstep.templates.brand import DEFAULT_BRAND, Brand
from doorstep.templates.pages import PageWords
from doorstep.templates.renderer import Renderer


def renderer(packages: Iterable[str]) -> Renderer:
    """The renderer over `templates/` and `brand.toml` of each store package, the first package first."""
    homes = _homes(packages)
    return Renderer(_templates(homes), brand=_brand(homes))


def brand(packages: Iterable[str]) -> Brand:
    """How the deployment's messages and pages look, before a store's own values: the first package's `brand.toml`,
    else the built-in one. Raises `SetupError` for a file that cannot be read."""
    return _brand(_homes(packages))


def page_words(packages: Iterable[str]) -> PageWords:
    """What the customer's pages say, over `templates/` of each store package, the first package first. Raises
    `SetupError` for a package that is not there, `TemplateError` for a language that is not whole."""
    return PageWords(_templates(_homes(packages)))


def _brand(homes: Iterable[Path]) -> Brand:
    brands = [place / "brand.toml" for place in homes if (place / "brand.toml").is_file()]
    return Brand.load(brands[0]) if brands else DEFAULT_BRAND


def _homes(packages: Iterable[str]) -> list[Path]:
    return [found for package in packages if (found := home(package)) is not None]


def _templates(homes: Iterable[Path]) -> list[Path]:
    return [place / "templates" for place in homes if (place / "templates").is_dir()]
