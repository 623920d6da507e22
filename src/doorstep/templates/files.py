"""Which files a rendering uses: by template, channel and language, over a store's own and the built-in library.

A message is in one language, whole. A folder of a language inside a template (`shipped/de/`) is used for readers of
that language when all they would read is in it: mail, subject, what it imports, and the words of the frame
(`_layout/de/words.j2`). Else they get the default language, all of it. A store's own text goes before a built-in
translation: one that replaced `shipped/email.html.j2` is not passed over for our `shipped/de/email.html.j2`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

from jinja2 import meta

from doorstep.domain.messages import Channel
from doorstep.errors import TemplateError
from doorstep.templates.environment import TextEnvironment

DEFAULT_LANGUAGE = "en"
"""What is written outside of a language's folder."""
PARTS, WORDS = "_layout/parts.html.j2", "_layout/words.j2"
MAIN = {Channel.EMAIL: "email.html.j2", Channel.SMS: "sms.txt.j2", Channel.PUSH: "push.txt.j2"}

LANGUAGE = re.compile(r"[a-z]{2,3}")
"""How a language's folder is named."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The files one rendering uses, by their names in the library."""

    main: str
    subject: str | None
    text: str | None
    words: str
    language: str


@dataclass(frozen=True, slots=True)
class _File:
    """What is written in a file, what it extends and imports, and whether it takes its words from those of the
    language, so that it is in none itself."""

    source: str
    refers_to: tuple[str, ...]
    asks_words: bool


class Files:
    """The files of several roots, the first one first. Safe to share between threads; answers are kept."""

    def __init__(self, roots: Sequence[Path], environment: TextEnvironment) -> None:
        """`environment` loads from the same roots."""
        self._environment = environment
        self._root: dict[str, int] = {}
        for place, root in enumerate(roots):
            for path in root.rglob("*.j2"):
                if path.is_file():
                    self._root.setdefault(path.relative_to(root).as_posix(), place)
        self._files = self._root.keys()
        self._check_words()
        self.names = frozenset(f.split("/", 1)[0] for f in self._files if not f.startswith("_"))
        """Every template there is."""
        self.channels = {
            name: frozenset(c for c, file in MAIN.items() if f"{name}/{file}" in self._files)
            for name in self.names
        }
        """The channels each is written for."""
        self.chosen = lru_cache(maxsize=2048)(self._chosen)
        self._read = cache(self._read_uncached)

    def _check_words(self) -> None:
        for file in sorted(self._files):
            template, _, rest = file.partition("/")
            language, _, name = rest.partition("/")
            if (
                not template.startswith("_")
                and name in MAIN.values()
                and LANGUAGE.fullmatch(language)
                and language != DEFAULT_LANGUAGE
                and _in(language, WORDS) not in self._files
            ):
                raise TemplateError(
                    f"{file} is written, but the words of the frame around it are not: no message would be in "
                    f"'{language}'.",
                    mend=f"Add templates/{_in(language, WORDS)}: the names of the built-in {WORDS}, in that language.",
                )

    @cached_property
    def marked_up(self) -> frozenset[str]:
        """Mails that bring tags of their own, so that their text part must be drawn from the HTML."""
        mails = (f for f in self._files if f.endswith("/email.html.j2") and not f.startswith("_"))
        return frozenset(f for f in mails if "</" in self.source(f))

    def _chosen(self, template: str, channel: Channel, language: str) -> Chosen:
        """What renders that template for readers of that language. Raises `TemplateError`."""
        theirs = self._written(template, channel, language)
        if theirs is not None and self._whole(theirs):
            return theirs
        main, subject = f"{template}/{MAIN[channel]}", f"{template}/subject.txt.j2"
        if main not in self._files:
            raise TemplateError("it does not exist for that channel.")
        if channel is Channel.EMAIL and subject not in self._files:
            raise TemplateError("a mail needs a subject.", mend=f"Add {subject}.")
        text = f"{template}/email.txt.j2" if channel is Channel.EMAIL else ""
        return Chosen(
            main=main,
            subject=subject if channel is Channel.EMAIL else None,
            text=text if text in self._files else None,
            words=WORDS,
            language=DEFAULT_LANGUAGE,
        )

    def _written(self, template: str, channel: Channel, language: str) -> Chosen | None:
        """What there is of a template in that language; None when a part of it is missing."""
        main, words = f"{template}/{language}/{MAIN[channel]}", _in(language, WORDS)
        subject = f"{template}/{language}/subject.txt.j2" if channel is Channel.EMAIL else None
        text = f"{template}/{language}/email.txt.j2" if channel is Channel.EMAIL else None
        if language == DEFAULT_LANGUAGE and words not in self._files:
            words = WORDS
        if any(n is not None and n not in self._files for n in (main, subject, words)):
            return None
        return Chosen(main, subject, text if text in self._files else None, words, language)

    def _whole(self, theirs: Chosen) -> bool:
        """Whether all a reader would see is in that language, and nothing of it passes over a text that a root before
        it has in the default one."""
        home = self._root[theirs.main]
        for name in self.sources(theirs):
            place = self._root[name]
            default = name.replace(f"/{theirs.language}/", "/", 1)
            if name == theirs.words:
                continue  # a store that changed an English word of the frame has said nothing of the German ones
            if default != name:
                if self._root.get(default, place) < place:
                    return False
            elif place != home and not self._read(name).asks_words:
                return False
        return True

    def source(self, name: str) -> str:
        """What is written in a file."""
        assert self._environment.loader is not None
        return self._environment.loader.get_source(self._environment, name)[0]

    def _read_uncached(self, name: str) -> _File:
        source = self.source(name)
        parsed = self._environment.parse(source, name)
        return _File(
            source=source,
            refers_to=tuple(n for n in meta.find_referenced_templates(parsed) if n is not None),
            asks_words="words" in meta.find_undeclared_variables(parsed),
        )

    def sources(self, chosen: Chosen) -> dict[str, str]:
        """Every file such a rendering uses, layout and parts included, with what is written in it."""
        todo = [n for n in (chosen.main, chosen.subject, chosen.text, chosen.words) if n is not None]
        if chosen.subject is not None:
            todo.append(PARTS)
        seen: dict[str, str] = {}
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            file = self._read(name)
            seen[name] = file.source
            todo += file.refers_to
            plain_twin = self._environment.join_path(name, "")
            if plain_twin != name and plain_twin in self._files:
                todo.append(plain_twin)
        return seen


def _in(language: str, name: str) -> str:
    """The name of a file's version in a language."""
    folder, _, file = name.rpartition("/")
    return f"{folder}/{language}/{file}"
