"""Plain text: tidied, made fit for a text message, or drawn from HTML that was written by hand."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_FOLD = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201a": ",", "\u201c": '"', "\u201d": '"', "\u201e": '"',
        "\u2013": "-", "\u2014": "-", "\u2026": "...", "\u00a0": " ", "\u202f": " ", "\u2009": " ",
        "\u2022": "-", "\u2212": "-", "\u200b": None, "\u200e": None, "\u200f": None, "\ufeff": None,
    }
)  # fmt: skip
#: GSM 03.38 basic set; the second costs two septets a character
_GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = set("^{}\\[~]|€")


def tidy(text: str) -> str:
    """No trailing spaces, at most one empty line in a row, one newline at the end."""
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def one_line(text: str) -> str:
    """For a subject: one line without control characters, so that nothing in it can start a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def for_sms(text: str) -> str:
    """One line, typographic marks folded to the ones a plain text message has."""
    return " ".join(text.translate(_FOLD).split())


def segments(text: str) -> int:
    """How many SMS segments a text costs: 160 GSM-7 septets or 70 UCS-2 units in one, 153 or 67 in each
    of several (3GPP TS 23.038, 23.040)."""
    if all(c in _GSM or c in _GSM_EXTENSION for c in text):
        units = sum(2 if c in _GSM_EXTENSION else 1 for c in text)
        single, each = 160, 153
    else:
        units = len(text.encode("utf-16-le")) // 2
        single, each = 70, 67
    return 1 if units <= single else -(-units // each)


_BLOCKS = frozenset({"p", "div", "tr", "h1", "h2", "h3", "li", "ul", "ol", "table", "br", "hr", "blockquote"})
_SILENT = frozenset({"head", "style", "script", "title"})


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.silent = 0
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.silent += 1
        elif tag in _BLOCKS:
            self.out.append("\n" if tag in ("br", "tr", "li") else "\n\n")
            if tag == "li":
                self.out.append("- ")
        elif tag == "a":
            self.links.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self.silent = max(0, self.silent - 1)
        elif tag in _BLOCKS and tag not in ("br", "li"):
            self.out.append("\n")
        elif tag == "a" and self.links and (url := self.links.pop()):
            self.out.append(f" ({url})")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.out.append(re.sub(r"\s+", " ", data))


def from_html(html: str) -> str:
    """What a person would read of an HTML page, links in brackets behind their words. For templates that
    bring their own markup and no text part."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return tidy("\n".join(line.strip() for line in "".join(reader.out).split("\n")))
