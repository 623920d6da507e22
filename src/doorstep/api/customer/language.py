"""Whose language a page speaks: the person's, as their messages do; of somebody we do not know, the browser's."""

from __future__ import annotations

import re

from fastapi import Request

from doorstep.api.wiring import Services
from doorstep.models.people import PersonRow
from doorstep.models.stores import StoreRow
from doorstep.templates.files import DEFAULT_LANGUAGE
from doorstep.templates.pages import Speech

_LONGEST = 500  # characters of a header that are read: it is anybody's to fill
_WANTED = re.compile(
    r"\s*([A-Za-z]{2,3})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?"
)


def locale_of(person: PersonRow, store: StoreRow) -> str:
    """What a message to them is written by (`templates.assembling`): their own locale, else the store's."""
    return person.locale or store.locale


def of_stranger(parts: Services, request: Request, store: StoreRow | None = None) -> Speech:
    """For somebody of whom nothing is known: what their browser asks for first and we speak; else the language of the
    shop whose link it is; else English."""
    asked = (tag for tag in wanted(request.headers.get("accept-language", "")) if parts.pages.has(tag))
    return parts.pages.of(next(asked, store.locale if store is not None else DEFAULT_LANGUAGE))


def wanted(header: str) -> list[str]:
    """The languages of an Accept-Language header (RFC 9110, 12.5.4), the most wanted first. What cannot be read, what
    is not wanted at all and `*` are left out."""
    found = []
    for part in header[:_LONGEST].split(","):
        read = _WANTED.fullmatch(part)
        if read is not None and (weight := float(read[2] or 1)) > 0:
            found.append((weight, read[1]))
    return [language for _, language in sorted(found, key=lambda item: -item[0])]
