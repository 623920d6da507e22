"""The brand: name, voice, colours, addresses. One `brand.toml`, read once; a store's row is laid over it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self

from doorstep.domain.ids import digest
from doorstep.errors import SetupError, nearest

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_COLOURS = ("primary", "on_primary", "accent", "ink", "muted", "line", "paper", "canvas")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_PHRASES = ("sign_off", "signed_by", "story", "promise", "community_name")
_LINKS = ("website", "logo_url", "returns_url", "help_url", "community_url")


@dataclass(frozen=True, kw_only=True)
class Brand:
    """How a store looks and sounds. Everything optional may be `None`: the templates then leave it out
    rather than invent it. Colours are `#rrggbb`; `SetupError` names what does not fit."""

    name: str = "Your shop"
    support_email: str = "help@shop.example"
    logo_text: str | None = None
    """Shown where there is no `logo_url`; the name when not given."""
    logo_url: str | None = None
    website: str | None = None
    postal_address: str | None = "Your shop, 1 Example Street, 10000 Example City"
    """One line. The law asks for it in marketing mail."""
    sign_off: str = "Warmly,"
    signed_by: str | None = None
    """A person or a team (`"Mara, founder"`); the name when not given."""
    story: str | None = None
    """Two or three sentences about why the shop exists, in its own words."""
    promise: str | None = None
    """What a customer can rely on (`"Send anything back within 30 days, free of charge."`)."""
    hashtag: str | None = None
    community_url: str | None = None
    community_name: str | None = None
    returns_url: str | None = None
    help_url: str | None = None
    social: tuple[tuple[str, str], ...] = ()
    """(label, URL)"""
    language: str = "en"
    """What sign-off, story, promise and community name are written in."""
    phrases: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    """The same in other languages: (language, ((field, text), …)), a table `[de]` of the file."""
    primary: str = "#1f4d3f"
    on_primary: str = "#ffffff"
    accent: str = "#f3ede2"
    ink: str = "#1d211f"
    muted: str = "#5c655f"
    line: str = "#e4e2dc"
    paper: str = "#ffffff"
    canvas: str = "#f4f2ed"

    def __post_init__(self) -> None:
        for name in _COLOURS:
            if not isinstance(value := getattr(self, name), str) or not _COLOUR.fullmatch(value):
                raise SetupError(f"The brand's colour '{name}' is {value!r}.", mend="Write it as #rrggbb.")
        for name, url in (*((n, getattr(self, n)) for n in _LINKS), *self.social):
            if url is not None and not url.startswith(("https://", "http://")):
                raise SetupError(f"The brand's '{name}' is no web address.", mend="Begin it with https://.")
        for language in (self.language, *(said for said, _ in self.phrases)):
            if not _LANGUAGE.fullmatch(language):
                raise SetupError(f"The brand's language '{language}' is none.", mend='Write it as "de".')
        if not self.name.strip() or "@" not in self.support_email:
            raise SetupError(
                "A brand needs a name and a support e-mail address.", mend="Give 'name' and 'support_email'."
            )

    @classmethod
    def load(cls, path: Path) -> Self:
        """The brand of a `brand.toml`: the fields above as keys, `social` as a table of label = URL, a
        language (`[de]`) as a table of the phrases in it.
        Raises `SetupError` naming the file and the key."""
        try:
            with path.open("rb") as file:
                raw = tomllib.load(file)
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise SetupError(f"The brand file {path} cannot be read: {error}.") from error
        known = {f.name for f in fields(cls)} - {"phrases"}
        raw["phrases"] = _phrases_of(raw, path)
        for key in raw:
            if key not in known and key != "phrases":
                raise SetupError(f"{path}: there is no brand key '{key}'.{nearest(key, known)}")
        if isinstance(raw.get("social"), Mapping):
            raw["social"] = tuple((str(label), str(url)) for label, url in raw["social"].items())
        for key, value in raw.items():
            if key not in ("social", "phrases") and not isinstance(value, str):
                raise SetupError(f"{path}: '{key}' must be text.", mend=f'Write {key} = "…".')
        return cls(**raw)

    def over(self, store: Mapping[str, Any]) -> Brand:
        """This brand with a store's own values laid over it; `None`, unknown and unsafe ones change nothing."""
        own = tuple(
            (name, value)
            for name, value in store.items()
            if name in _TEXT
            and isinstance(value, str)
            and value != getattr(self, name)
            and _usable(name, value)
        )
        return _laid_over(self, own) if own else self

    def said_in(self, language: str) -> Brand:
        """This brand as it speaks in that language. A phrase that it has not in it is not said in another: the
        sign-off is then the frame's, story, promise and community name are left out."""
        return self if language == self.language else _said_in(self, language)

    @cached_property
    def palette(self) -> tuple[tuple[str, str], ...]:
        """The colours by field."""
        return tuple((name, getattr(self, name)) for name in _COLOURS)

    @cached_property
    def digest(self) -> str:
        """Names this look: two brands that would render differently have different digests."""
        return digest(*(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self)))


_TEXT = frozenset(f.name for f in fields(Brand) if f.name not in ("social", "phrases"))


@lru_cache(maxsize=256)
def _laid_over(brand: Brand, own: tuple[tuple[str, str], ...]) -> Brand:
    return replace(brand, **dict(own))  # type: ignore[arg-type] # only text fields get here


@lru_cache(maxsize=256)
def _said_in(brand: Brand, language: str) -> Brand:
    own = dict(dict(brand.phrases).get(language, ()))
    unsaid: dict[str, str | None] = {"sign_off": "", "story": None, "promise": None, "community_name": None}
    return replace(brand, **{**unsaid, **own})  # type: ignore[arg-type] # phrases only


def _phrases_of(raw: dict[str, Any], path: Path) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """The tables of languages, taken out of what a brand's file says. Raises `SetupError`."""
    spoken = [key for key, value in raw.items() if _LANGUAGE.fullmatch(key) and isinstance(value, Mapping)]
    tables = [(key, raw.pop(key)) for key in spoken]
    for language, table in tables:
        for key, said in table.items():
            if key not in _PHRASES:
                raise SetupError(f"{path}: '{language}' has no phrase '{key}'.{nearest(key, _PHRASES)}")
            if not isinstance(said, str):
                raise SetupError(f"{path}: '{key}' of '{language}' must be text.", mend=f'Write {key} = "…".')
    return tuple((language, tuple(table.items())) for language, table in tables)


def _usable(name: str, value: str) -> bool:
    if name == "language":
        return _LANGUAGE.fullmatch(value) is not None
    if name in _COLOURS:
        return _COLOUR.fullmatch(value) is not None
    if name in _LINKS:
        return value.startswith(("https://", "http://"))
    return bool(value.strip()) and (name != "support_email" or "@" in value)


DEFAULT_BRAND = Brand()
