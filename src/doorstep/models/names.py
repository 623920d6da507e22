"""How a name is folded for search: the same here, where it is stored, and where it is looked for."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """Lower case, no accents, single blanks: `Zoë  Müller` and `zoe muller` are one. `ß` is `ss`."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in apart if not unicodedata.combining(c)).split())


def name_key(first: str, last: str) -> str:
    """`persons.name_key`: the folded "first last"."""
    return folded(f"{first} {last}")
