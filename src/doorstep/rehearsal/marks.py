"""YAML with places: every mistake is told with its file and line, and with the nearest right name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NoReturn

import yaml

from doorstep.errors import DoorstepError, ScenarioError, nearest

DEEPEST = 40
"""Levels of lists and mappings in one another; a scenario has seven."""
MOST = 100_000
"""Parts of a file."""
MOST_BYTES = 1_000_000
"""Of a file: a scenario has some thousand, and YAML is read slowly."""
_MENDS = {
    "'\\t'": "Indent with blanks, not with tabs.",
    "another document": "Give each scenario a file of its own.",
    "expected <block end>": "Begin what belongs together in one column, as docs/rehearsing.md shows.",
    "unexpected end of stream": "Close the quotes or the bracket that was opened.",
    "undefined alias": "Write what it stands for, or put a text that begins with * in quotes.",
    "stand in one another": "See docs/rehearsing.md for what stands where.",
    "mapping values are not allowed": "Put a text with ': ' in it in quotes, and indent what belongs to a key.",
}
"""For what the YAML reader stumbles over most."""
_TOO_DEEP = f"more than {DEEPEST} lists or mappings stand in one another"


@dataclass(frozen=True, slots=True)
class Spot:
    """One node of a file. `what` names it in errors."""

    node: yaml.Node
    file: str
    what: str

    @property
    def line(self) -> int:
        """Counted from 1."""
        return int(self.node.start_mark.line) + 1

    def refuse(self, what: str, mend: str = "") -> NoReturn:
        """Raises `ScenarioError` with the place in front."""
        raise ScenarioError(f"{self.file}:{self.line}: {what}", mend=mend)

    @contextmanager
    def here(self) -> Iterator[None]:
        """Errors raised inside are told with this place."""
        try:
            yield
        except ScenarioError as error:
            if error.what.startswith(f"{self.file}:"):
                raise
            self.refuse(error.what, error.mend)
        except DoorstepError as error:
            self.refuse(error.what, error.mend)

    # --- kinds --------------------------------------------------------------------------------------

    def text(self, mend: str = "") -> str:
        """A plain word or sentence, as it was written. `mend`: what is to stand there."""
        if not isinstance(self.node, yaml.ScalarNode):
            found = "a list" if isinstance(self.node, yaml.SequenceNode) else "a mapping"
            self.refuse(
                f"{self.what} is no text: here stands {found}.",
                mend or "Write one word or sentence, without brackets.",
            )
        return str(self.node.value).strip()

    def number(self, low: int, high: int) -> int:
        text = self.text()
        if not re.fullmatch(r"-?\d{1,18}", text, re.ASCII) or not low <= int(text) <= high:
            self.refuse(f"{self.what} is '{text}'.", f"Give a whole number from {low} to {high}.")
        return int(text)

    def truth(self) -> bool:
        if (word := self.text().lower()) not in ("true", "false", "yes", "no"):
            self.refuse(f"{self.what} is '{word}'.", "Write yes or no.")
        return word in ("true", "yes")

    def one_of[T](self, known: Iterable[T]) -> T:
        """One of some names, spelt as they are (an enum's members by their value)."""
        names = {str(k): k for k in known}
        there_are = f"There are: {', '.join(names)}."
        word = self.text(there_are)
        if word not in names:
            self.refuse(f"{self.what}: there is no '{word}'.{nearest(word, names)}", there_are)
        return names[word]

    def read[T](self, reader: Callable[[str], T]) -> T:
        """The text read by a function that raises one of our errors."""
        with self.here():
            return reader(self.text())

    def value(self) -> Any:
        """Any JSON value; numbers and truths as YAML reads them, except that times of day stay text."""
        node = self.node
        if isinstance(node, yaml.MappingNode):
            return {k: spot.value() for k, spot in self.fields().items()}
        if isinstance(node, yaml.SequenceNode):
            return [spot.value() for spot in self.items()]
        if node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float") and ":" not in node.value:
            try:
                return float(node.value) if "." in node.value else int(node.value)
            except ValueError:  # YAML's own, such as 0x1F and .nan, or thousands of digits
                self.refuse(f"{self.what}: '{node.value[:40]}' is no number.", "Write it in decimal digits.")
        if node.tag == "tag:yaml.org,2002:bool":
            return self.truth()
        return None if node.tag == "tag:yaml.org,2002:null" else self.text()

    def items(self) -> list[Spot]:
        """The parts of a list; a single value is a list of one."""
        if isinstance(self.node, yaml.SequenceNode):
            return [Spot(node, self.file, self.what) for node in self.node.value]
        return [self]

    def fields(self) -> dict[str, Spot]:
        """The parts of a mapping by key, each key once."""
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse(f"{self.what} is no mapping.", "Write 'key: value' lines.")
        found: dict[str, Spot] = {}
        for key, value in self.node.value:
            spot = Spot(key, self.file, self.what)
            name = spot.text()
            if name in found:
                spot.refuse(
                    f"'{name}' stands twice, first on line {found[name].node.start_mark.line + 1}.",
                    "Leave one of the two.",
                )
            found[name] = Spot(value, self.file, f"'{name}'")
        return found

    def at(self, path: Iterable[str | int]) -> Spot:
        """The place of a part: the key that leads to it, or the part of a list."""
        place = key = self
        for part in path:
            if isinstance(part, int):
                place = key = place.items()[part]
            else:
                key = next(name for name in place.names() if name.text() == part)
                place = place.fields()[part]
        return key

    def names(self) -> list[Spot]:
        """The keys of a mapping, where they stand."""
        self.fields()
        return [Spot(key, self.file, self.what) for key, _ in self.node.value]

    def known(self, keys: Iterable[str], needed: Mapping[str, str] = MappingProxyType({})) -> dict[str, Spot]:
        """As `fields`, none of them unknown and none of the `needed` missing, each of which has an example."""
        found, keys = self.fields(), tuple(keys)
        for key_node, _ in self.node.value:
            if key_node.value not in keys:
                where = Spot(key_node, self.file, "")
                where.refuse(
                    f"there is no '{key_node.value}' here.{nearest(str(key_node.value), keys)}",
                    f"There are: {', '.join(keys)}.",
                )
        for key, example in needed.items():
            if key not in found:
                self.refuse(f"'{key}' is missing.", f"Add '{key}: {example}'.")
        return found


def opened(text: str, file: str) -> Spot:
    """The root of a file's text. Raises `ScenarioError` for what is no YAML, with its line."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        mend = next((mend for part, mend in _MENDS.items() if part in str(error.problem)), "")
        raise ScenarioError(f"{file}:{line}: this is no YAML: {error.problem}.", mend=mend) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ScenarioError(
            f"{file}:{line}: this is no YAML: there is a character that cannot be printed (U+{error.character:04X}).",
            mend="Take it out.",
        ) from None
    if node is None:
        raise ScenarioError(f"{file}:1: the file is empty.", mend="See docs/rehearsing.md.")
    root = Spot(node, file, "the scenario")
    _measure(root, 1, {})
    return root


class _Loader(yaml.SafeLoader):
    """Composes no deeper than `DEEPEST`: it calls itself for every level."""

    _level = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._level += 1
        if self._level > DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call] # PyYAML's own
            raise yaml.composer.ComposerError(None, None, _TOO_DEEP, mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._level -= 1
        return node


def _measure(spot: Spot, level: int, known: dict[int, tuple[int, int] | None]) -> tuple[int, int]:
    """(levels, parts) below a place, what an alias stands for counted wherever it does. Refuses what is too deep, too
    much, or within itself: a few lines of aliases can mean more than any memory holds."""
    node = spot.node
    if id(node) in known:
        found = known[id(node)]
        if found is None:
            spot.refuse("an alias stands within what it is the alias of.", "Write it out.")
        levels, parts = found
    else:
        known[id(node)] = None
        levels, parts = 1, 1
        for one in _below(node):
            deeper, more = _measure(Spot(one, spot.file, spot.what), level + 1, known)
            levels, parts = max(levels, deeper + 1), parts + more
        known[id(node)] = (levels, parts)
    if level + levels - 1 > DEEPEST:
        spot.refuse(f"this is no YAML that can be read: {_TOO_DEEP}.", _MENDS["stand in one another"])
    if parts > MOST:
        spot.refuse(
            f"{parts:,} parts are too many, each alias counted as what it stands for.", f"At most {MOST:,}."
        )
    return levels, parts


def _below(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value
