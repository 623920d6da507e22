"""How settings are read from text: each kind with what it allows, in the words that a wrong value is answered with."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Kind:
    """How one setting is read: `parse` raises ValueError on what is not `allowed`."""

    parse: Callable[[str], Any]
    allowed: str


def _between(low: float, high: float, number: Callable[[str], Any]) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        value = number(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return parse


def _matching(pattern: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(text)
        return text

    return parse


def _packages(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    if not all(all(piece.isidentifier() for piece in name.split(".")) for name in names):
        raise ValueError(text)
    return names


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


PORT = Kind(_between(1, 65535, int), "a port from 1 to 65535")
ADDRESS = Kind(_matching(r"[^\s/:]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}"), "host:port, without a scheme")
DATABASE = Kind(_matching(r"(sqlite|postgresql(\+psycopg)?)://\S+"), "sqlite:///path or postgresql://…")
NAME = Kind(_matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"), "letters, digits, dots, dashes; at most 100")
URL = Kind(
    _matching(r"https://[^\s?#@]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?(/[^\s?#@]*)?"),
    "https://…, or http:// on this machine",
)
MAILBOX = Kind(_matching(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+"), "an email address")
HOST = Kind(_matching(r"[A-Za-z0-9.:-]+"), "an address or host name to listen on")
PATH = Kind(_path, "a path")
LEVEL = Kind(
    lambda text: _matching("DEBUG|INFO|WARNING|ERROR")(text.upper()), "DEBUG, INFO, WARNING or ERROR"
)
YES_OR_NO = Kind(lambda text: _matching("[01]")(text) == "1", "1 or 0")
FORMAT = Kind(_matching("auto|json|pretty"), "auto, json or pretty")
SECONDS = Kind(_between(0.0, 3600.0, float), "seconds, from 0 to 3600")
BYTES = Kind(_between(1024, 64 * 1024 * 1024, int), "bytes, from 1024 to 67108864")
DAYS = Kind(_between(1, 36_500, int), "whole days, from 1 to 36500")
COUNT = Kind(_between(1, 10_000, int), "a whole number from 1 to 10000")
NICENESS = Kind(_between(0, 19, int), "a whole number from 0 to 19")
ORIGINS = Kind(
    lambda text: tuple(_matching(r"https?://[^/\s]+")(part.strip()) for part in text.split(",")),
    "origins like https://temporal.example, separated by commas",
)
RATE = Kind(_between(0, 10_000_000, int), "so many a minute, up to 10000000; 0 for no limit")
PACE = Kind(
    _between(0, 10_000, float), "so many messages a second, up to 10000 (0.5: one in two); 0 for no limit"
)
PACKAGES = Kind(_packages, "importable package names, separated by commas")
