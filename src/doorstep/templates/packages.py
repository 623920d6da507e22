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
    brands = [place / "brand.toml" for place in homes if (place / "brand.toml").is_file()]
    return Renderer(_templates(homes), brand=Brand.load(brands[0]) if brands else DEFAULT_BRAND)


def page_words(packages: Iterable[str]) -> PageWords:
    """What the customer's pages say, over `templates/` of each store package, the first package first. Raises
    `SetupError` for a package that is not there, `TemplateError` for a language that is not whole."""
    return PageWords(_templates(_homes(packages)))


def _homes(packages: Iterable[str]) -> list[Path]:
    return [found for package in packages if (found := home(package)) is not None]


def _templates(homes: Iterable[Path]) -> list[Path]:
    return [place / "templates" for place in homes if (place / "templates").is_dir()]
