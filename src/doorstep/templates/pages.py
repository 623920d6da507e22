"""What the customer's own pages say, in every language there is: `_pages/words.j2` and `_pages/<language>/words.j2`.

A page is drawn once for all languages; what it says has a name, and a language is a file with all those names. They
are read when a process starts and said once each: a file that lacks one is refused then, not on a customer's phone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import FileSystemLoader, Template, meta, nodes
from jinja2 import TemplateError as JinjaError
from jinja2.runtime import Macro

from doorstep.errors import TemplateError, nearest
from doorstep.templates.environment import HtmlEnvironment, MissingVariable
from doorstep.templates.files import DEFAULT_LANGUAGE, LANGUAGE
from doorstep.templates.formats import formatting_locale, language_of
from doorstep.templates.renderer import LIBRARY, Local
from doorstep.templates.trouble import line_of, said_of

FOLDER, FILE = "_pages", "words.j2"
_BUILT_IN = f"{FOLDER}/{FILE}"


@dataclass(frozen=True, slots=True)
class When:
    """A day as a sentence takes it: `bare` is `today` or `Friday, 15 May`, `on` is `today` or `on Friday, 15 May`."""

    bare: str
    on: str


@dataclass(frozen=True, slots=True)
class Speech:
    """One language of the pages. `words` has what they say by name: texts, tables of texts, and functions that fill
    one in and escape what is filled in."""

    language: str
    words: Any


class PageWords:
    """Every language of the pages, over a store's own files and the built-in ones, file by file. Safe to share
    between threads."""

    def __init__(self, roots: Sequence[Path] = ()) -> None:
        """`roots` go before the built-in library, first one first. Raises `TemplateError` for a file that cannot be
        said, or that lacks what the built-in one has."""
        every = [*roots, LIBRARY]
        environment = HtmlEnvironment(FileSystemLoader([str(root) for root in every]), {})
        expected = _built_in(_BUILT_IN, DEFAULT_LANGUAGE)
        self._speech: dict[str, Speech] = {}
        for language, name in _found(every).items():
            theirs = any((root / name).is_file() for root in roots)
            said = _said(environment, name, language) if theirs else _built_in(name, language)
            _check(name, said, expected)
            self._speech[language] = Speech(language, SimpleNamespace(**said))

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages there are, sorted."""
        return tuple(sorted(self._speech))

    def of(self, locale: str) -> Speech:
        """For readers of that locale (`de`, `de-AT`, `pt_BR`); English where nobody has written their language."""
        return self._speech.get(language_of(locale)) or self._speech[DEFAULT_LANGUAGE]

    def has(self, locale: str) -> bool:
        """Whether the pages are written in the language of that locale."""
        return language_of(locale) in self._speech


def _found(roots: Sequence[Path]) -> dict[str, str]:
    """The file of each language."""
    found = {DEFAULT_LANGUAGE: _BUILT_IN}
    for root in roots:
        for path in (root / FOLDER).glob(f"*/{FILE}"):
            if not LANGUAGE.fullmatch(path.parent.name):
                raise TemplateError(
                    f"templates/{FOLDER}/{path.parent.name}/ is no language.",
                    mend="Name it by two or three small letters, as in 'de': one file for all countries of a language.",
                )
            found[path.parent.name] = f"{FOLDER}/{path.parent.name}/{FILE}"
    return found


@cache  # they are the same for every store, and reading them takes a fifth of a second
def _built_in(name: str, language: str) -> Mapping[str, Any]:
    """What a file of ours says, which refers to no other."""
    return _said(HtmlEnvironment(FileSystemLoader(str(LIBRARY)), {}), name, language)


def _said(environment: HtmlEnvironment, name: str, language: str) -> dict[str, Any]:
    """What a file says, by name. Its plurals are those of its language, whatever the reader's country."""
    local = Local(formatting_locale(language, language), "UTC", language)
    try:
        module = _compiled(environment, name).make_module({"local": local})
        said = {word: value for word, value in vars(module).items() if not word.startswith("_")}
        for value in said.values():
            if isinstance(value, Macro):
                value(*(_MANY.get(argument, "x") for argument in value.arguments))
                value(*(_FEW.get(argument, "") for argument in value.arguments))
    except MissingVariable as error:
        raise TemplateError(
            f"templates/{name}{line_of(error)} asks for '{error.name}', which is not there."
        ) from None
    except JinjaError as error:
        line = getattr(error, "lineno", None)
        where = f", line {line}" if line else line_of(error)
        raise TemplateError(f"templates/{name}{where}: {said_of(error)}") from error
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise TemplateError(f"templates/{name}{line_of(error)}: {type(error).__name__}: {error}") from error
    return said


_MANY: dict[str, Any] = {"count": 2, "arrived": 1, "nth": 2, "stars": 4, "when": When("x", "x")}
_FEW: dict[str, Any] = {"count": 1, "arrived": 1, "nth": 1, "stars": 1, "when": When("", "")}
"""What a word is tried with, twice: everything else is a text, and one that is not known is empty."""


def _compiled(environment: HtmlEnvironment, name: str) -> Template:
    """The file, as `get_template` has it. Raises `TemplateError` where it asks for what nothing fills in, in a branch
    that is seldom said, too."""
    assert environment.loader is not None
    source, file, _ = environment.loader.get_source(environment, name)
    parsed = environment.parse(source, name, file)
    unknown = meta.find_undeclared_variables(parsed) - {"local"}
    for asked in parsed.find_all(nodes.Name):
        if asked.name in unknown:
            raise TemplateError(
                f"templates/{name}, line {asked.lineno}, asks for '{asked.name}', which is not there.",
                mend=f"A word is filled in with what the built-in {_BUILT_IN} fills in.",
            )
    code = environment.compile(parsed, name, file)
    return Template.from_code(environment, code, environment.make_globals(None))


def _check(name: str, said: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Raises `TemplateError` for what a language lacks, with the nearest that it has instead."""
    has, wanted = dict(_shapes("", said)), dict(sorted(_shapes("", expected)))
    if lacks := [word for word in wanted if word not in has]:
        instead = nearest(lacks[0], has.keys() - wanted.keys())
        more = f" and {len(lacks) - 1} more: {', '.join(lacks[1:])}" if lacks[1:] else ""
        raise TemplateError(
            f"templates/{name} does not say '{lacks[0]}'{more}.{instead}",
            mend=f"Add {'them' if more else 'it'}: the built-in {_BUILT_IN} has {'them' if more else 'it'} in English.",
        )
    for word, shape in wanted.items():
        if has[word] != shape:
            raise TemplateError(
                f"templates/{name} has '{word}' as {has[word]}, and the pages ask for {shape}.",
                mend=f"Write it as the built-in {_BUILT_IN} does.",
            )


def _shapes(path: str, said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every word by its path, with what it is."""
    for word, value in said.items():
        if isinstance(value, Mapping):
            yield from _shapes(f"{path}{word}.", value)
        elif isinstance(value, Macro):
            yield f"{path}{word}", f"a macro of ({', '.join(value.arguments)})"
        else:
            yield f"{path}{word}", "a text" if isinstance(value, str) else f"{type(value).__name__}"
