"""Which files a rendering uses: by template, channel and language, over a store's own and the built-in library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from jinja2 import meta

from doorstep.domain.messages import Channel
from doorstep.errors import TemplateError
from doorstep.templates.environment import TextEnvironment

PARTS = "_layout/parts.html.j2"
MAIN = {Channel.EMAIL: "email.html.j2", Channel.SMS: "sms.txt.j2", Channel.PUSH: "push.txt.j2"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The files one rendering uses, by their names in the library."""

    main: str
    subject: str | None
    text: str | None
    language: str


class Files:
    """The files of several roots, the first one first. Safe to share between threads; answers are kept."""

    def __init__(self, roots: Sequence[Path], environment: TextEnvironment) -> None:
        """`environment` loads from the same roots."""
        self._environment = environment
        self._files = frozenset(
            path.relative_to(root).as_posix()
            for root in roots
            for path in root.rglob("*.j2")
            if path.is_file()
        )
        self.names = frozenset(f.split("/", 1)[0] for f in self._files if not f.startswith("_"))
        """Every template there is."""
        self.channels = {
            name: frozenset(c for c, file in MAIN.items() if f"{name}/{file}" in self._files)
            for name in self.names
        }
        """The channels each is written for."""
        self.chosen = lru_cache(maxsize=2048)(self._chosen)

    @cached_property
    def marked_up(self) -> frozenset[str]:
        """Mails that bring tags of their own, so that their text part must be drawn from the HTML."""
        mails = (f for f in self._files if f.endswith("/email.html.j2") and not f.startswith("_"))
        return frozenset(f for f in mails if "</" in self.source(f))

    def _chosen(self, template: str, channel: Channel, language: str) -> Chosen:
        """What renders that template for readers of that language. Raises `TemplateError`."""

        def find(file: str) -> str | None:
            return next(
                (n for n in (f"{template}/{language}/{file}", f"{template}/{file}") if n in self._files), None
            )

        main = find(MAIN[channel])
        if main is None:
            raise TemplateError("it does not exist for that channel.")
        subject = find("subject.txt.j2") if channel is Channel.EMAIL else None
        if channel is Channel.EMAIL and subject is None:
            raise TemplateError("a mail needs a subject.", mend=f"Add {template}/subject.txt.j2.")
        folder = main.rsplit("/", 1)[0]
        text = f"{folder}/email.txt.j2" if channel is Channel.EMAIL else None
        return Chosen(
            main=main,
            subject=subject,
            text=text if text in self._files else None,
            language=language if folder != template else "en",
        )

    def source(self, name: str) -> str:
        """What is written in a file."""
        assert self._environment.loader is not None
        return self._environment.loader.get_source(self._environment, name)[0]

    def sources(self, chosen: Chosen) -> dict[str, str]:
        """Every file such a rendering uses, layout and parts included, with what is written in it."""
        todo = [n for n in (chosen.main, chosen.subject, chosen.text) if n is not None]
        if chosen.subject is not None:
            todo.append(PARTS)
        seen: dict[str, str] = {}
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen[name] = self.source(name)
            asked = meta.find_referenced_templates(self._environment.parse(seen[name], name))
            todo += [n for n in asked if n is not None]
            plain_twin = self._environment.join_path(name, "")
            if plain_twin != name and plain_twin in self._files:
                todo.append(plain_twin)
        return seen
