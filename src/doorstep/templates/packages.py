"""The templates and the brand that store packages bring, before the built-in ones."""

from __future__ import annotations

from collections.abc import Iterable

from doorstep.packages import home
from doorstep.templates.brand import DEFAULT_BRAND, Brand
from doorstep.templates.renderer import Renderer


def renderer(packages: Iterable[str]) -> Renderer:
    """The renderer over `templates/` and `brand.toml` of each store package, the first package first."""
    homes = [found for package in packages if (found := home(package)) is not None]
    brands = [place / "brand.toml" for place in homes if (place / "brand.toml").is_file()]
    return Renderer(
        [place / "templates" for place in homes if (place / "templates").is_dir()],
        brand=Brand.load(brands[0]) if brands else DEFAULT_BRAND,
    )
