"""Two Jinja environments over one library, and the undefined that says what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, cached_property, partial
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, UndefinedError
from jinja2.utils import missing

from doorstep.templates.formats import FILTERS


class MissingVariable(UndefinedError):
    """A template asked for what is not in the content. Knows the thing asked, so the path can be told."""

    def __init__(self, owner: Any, name: Any, _message: str = "") -> None:
        super().__init__("something that is not there")
        self.owner = owner
        self.name = str(name)

    def path(self, variables: Mapping[str, Any]) -> str:
        """`'order.number', which is not in the content`: keys only, never a value."""
        if self.owner is missing:
            return f"'{self.name}', which is not in the content"
        if self.owner is None:
            return f"'….{self.name}' of something that is None; ask with 'if' first"
        found = _find(self.owner, variables, "")
        return f"'{found}.{self.name}', which is not in the content" if found else f"'….{self.name}'"

    def meant(self, variables: Mapping[str, Any]) -> str:
        """`Did you mean 'context.months'?` for what stands in what the journey gave; else nothing."""
        given = variables.get("context")
        there = self.owner is missing and isinstance(given, Mapping) and self.name in given
        return f"Did you mean 'context.{self.name}'?" if there else ""


def _find(thing: Any, inside: Any, path: str, depth: int = 0) -> str:
    """Where `thing` itself (not its equal) sits in nested dicts and lists, as a path; `""`: nowhere."""
    if thing is inside or depth > 5:
        return path if thing is inside else ""
    if isinstance(inside, Mapping):
        children = [(f"{path}.{k}" if path else str(k), v) for k, v in inside.items()]
    elif isinstance(inside, list | tuple):
        children = [(f"{path}[{i}]", v) for i, v in enumerate(inside)]
    else:
        return ""
    return next((f for p, v in children if (f := _find(thing, v, p, depth + 1))), "")


class Missing(StrictUndefined):
    """Undefined is an error wherever it is used, save in a test for it (`is defined`)."""

    __slots__ = ()

    def __init__(
        self, hint: str | None = None, obj: Any = missing, name: str | None = None, exc: Any = UndefinedError
    ) -> None:
        super().__init__(hint, obj, name, exc)
        if hint is None:  # a hint is Jinja's own word for a mistake in the template
            self._undefined_exception = partial(MissingVariable, obj, name)  # type: ignore[assignment] # a factory


class _Library(Environment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        """`order.number`: a key of a dict first, so that content may have one called `items` or `values`."""
        if type(obj) is dict:
            found = obj.get(attribute, missing)
            if found is not missing:
                return found
        return super().getattr(obj, attribute)

    @cached_property
    def words(self) -> Callable[[str], dict[str, Any]]:
        """What a file of words says, by name, for templates of this environment (another one's would not be escaped
        as here). Read once; a dict, for a mail asks for some thirty."""
        return cache(self._words)

    def _words(self, name: str) -> dict[str, Any]:
        said = vars(self.get_template(name).module)
        return {word: value for word, value in said.items() if not word.startswith("_")}


class HtmlEnvironment(_Library):
    """For HTML: every value is escaped. The palette is written into the templates as they are compiled: a mail
    names its colours sixty times, and looking each up and escaping it took a third of the rendering."""

    def __init__(self, loader: BaseLoader, palette: Mapping[str, str]) -> None:
        """`palette`: the brand's colours by field, `#rrggbb`, already checked by `Brand`."""
        super().__init__(loader=loader, autoescape=True, **_OPTIONS)  # type: ignore[arg-type] # mixed kinds
        _furnish(self)
        self._colours = {f"{{{{ brand.{name} }}}}": colour for name, colour in palette.items()}

    def preprocess(self, source: str, name: str | None = None, filename: str | None = None) -> str:
        """The source with its colours filled in; lines stay where they are."""
        source = super().preprocess(source, name, filename)
        for asked, colour in self._colours.items():
            source = source.replace(asked, colour)
        return source


class TextEnvironment(_Library):
    """For plain text: nothing is escaped, and the layout's files are their `.txt` twins."""

    def __init__(self, loader: BaseLoader) -> None:
        super().__init__(loader=loader, autoescape=False, **_OPTIONS)  # type: ignore[arg-type] # mixed kinds
        _furnish(self)

    def join_path(self, template: str, parent: str) -> str:
        """`_layout/email.html.j2` → `_layout/email.txt.j2`; other names stay."""
        if template.startswith("_layout/") and template.endswith(".html.j2"):
            return template.removesuffix(".html.j2") + ".txt.j2"
        return template


_OPTIONS: dict[str, object] = {
    "undefined": Missing,
    "trim_blocks": True,
    "lstrip_blocks": True,
    "auto_reload": False,
    "cache_size": -1,
}


def _furnish[E: Environment](environment: E) -> E:
    environment.filters.update(FILTERS)
    # Chance and hash order have no place in a message.
    del environment.filters["random"]
    del environment.filters["pprint"]
    for name in ("lipsum", "cycler", "joiner"):
        environment.globals.pop(name, None)
    return environment
