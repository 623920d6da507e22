"""The templates and the brand that store packages bring, before the built-in ones."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path

from doorstep.templates.brand import DEFAULT_BRAND, Brand
from doorstep.templates.renderer import Renderer


def renderer(packages: Iterable[str]) -> Renderer:
    """The renderer over `templates/` and `brand.toml` of each store package, the first package first."""
    homes = [home for package in packages if (home := package_home(package)) is not None]
    brands = [home / "brand.toml" for home in homes if (home / "brand.toml").is_file()]
    return Renderer(
        [home / "templates" for home in homes if (home / "templates").is_dir()],
        brand=Brand.load(brands[0]) if brands else DEFAULT_BRAND,
    )


def package_home(package: str) -> Path | None:
    """The folder of a store package; None for one without files of its own."""
    file = importlib.import_module(package).__file__
    return None if file is None else Path(file).parent
