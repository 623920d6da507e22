"""Pages that come as files: no build, no CDN, nothing fetched from elsewhere."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from string import Template


@lru_cache
def page(name: str) -> str:
    """A page of this folder as it is."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def filled(name: str, **values: str) -> str:
    """A page with `$name` filled in. Values must be escaped already."""
    return Template(page(name)).substitute(values)
