"""Under which hash seeds a journey's sets are gone through in different orders. Under two seeds taken as they come, two
texts stand in the same order every second time, and a journey that goes through a set of them is not found. So the
seeds are chosen: those under which most pairs of texts of its code stand in both orders, first of all the pairs that
its code puts into one set."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product

from doorstep.rehearsal.siphash import SAME_AS_PYTHON, hash_of, key_of

_TRIED = 32
"""Seeds to choose from: with eight times as many, three miss 5% of all pairs instead of 7%, and it takes a second."""
_TEXTS, _LONGEST = 48, 80
"""So many texts are paired, none longer: step names and their like, not prose."""
_IN_A_SET, _TOGETHER = 10_000, 3
"""What a pair counts that stands in one set, or in one list, tuple or mapping (of which a set may be made)."""


type Member = str | int | tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """Texts that code may put into sets. `sets`: what it does put into one, tuples with texts in them too; `groups`:
    texts that stand together in a list, a tuple or the keys of a mapping; `texts`: all of them, the likeliest first."""

    sets: tuple[tuple[Member, ...], ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    texts: tuple[str, ...] = ()


def words_of(trees: Iterable[ast.AST], known: Iterable[str] = ()) -> Words:
    """The texts of some code. `known`: names of steps, where one knows them."""
    sets: dict[tuple[Member, ...], None] = {}
    groups: dict[tuple[Member, ...], None] = {}
    others: dict[str, None] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        match node:
            case ast.Set(elts=parts):
                _add(sets, parts)
            case (
                ast.Call(func=ast.Name(id="set" | "frozenset"), args=[ast.List() | ast.Tuple() as of])
                | ast.SetComp(generators=[ast.comprehension(iter=ast.List() | ast.Tuple() as of)])
            ):
                _add(sets, of.elts)
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                _add(groups, parts)
            case ast.Dict(keys=parts):
                _add(groups, [part for part in parts if part is not None])
            case ast.Constant(value=str() as text) if 0 < len(text) <= _LONGEST and "\n" not in text:
                others[text] = None
    named = [n for n in sorted(known) if "*" not in n]
    lists = [tuple(_texts(group)) for group in groups]
    grouped = (text for group in lists for text in group)
    texts = dict.fromkeys([*(t for found in sets for t in _texts(found)), *named, *grouped, *others])
    return Words(tuple(sets), tuple(g for g in lists if len(g) > 1), tuple(texts)[:_TEXTS])


def _add(found: dict[tuple[Member, ...], None], parts: Sequence[ast.expr]) -> None:
    members = dict.fromkeys(m for part in parts if (m := _member(part)) is not None)
    if len(members) > 1 and any(True for _ in _texts(tuple(members))):
        found[tuple(members)[:_TEXTS]] = None


def _member(part: ast.expr) -> Member | None:
    match part:
        case ast.Constant(value=str() | int() as value):
            return value
        case ast.Tuple(elts=parts):
            members = [_member(one) for one in parts]
            return None if None in members else tuple(m for m in members if m is not None)
    return None


def _texts(member: Member) -> Iterator[str]:
    if isinstance(member, str):
        yield member
    elif isinstance(member, tuple):
        for one in member:
            yield from _texts(one)


@lru_cache(maxsize=64)
def chosen(words: Words, count: int, beside: tuple[int, ...] = ()) -> tuple[int, ...]:
    """So many seeds (`beside`: those that are asked anyway) under which as many pairs as possible stand in both orders.
    The same ones each time; 1, 2, 3 … where nothing is known of the code, or this Python hashes otherwise."""
    plain = tuple(seed for seed in range(1, count + len(beside) + 1) if seed not in beside)[:count]
    if not SAME_AS_PYTHON or len(words.texts) < 2:
        return plain
    tried = [seed for seed in range(1, _TRIED + 1) if seed not in beside]
    orders = {seed: _orders(words, seed) for seed in (*beside, *tried)}
    weights = _weights(words)

    def worth(seeds: Sequence[int]) -> int:
        apart = 0
        for seed in seeds[1:]:
            apart |= orders[seeds[0]] ^ orders[seed]
        return sum(weight * (apart & mask).bit_count() for weight, mask in weights)

    found = list(
        max(combinations(tried, min(count, 3 if not beside else 2)), key=lambda s: worth([*beside, *s]))
    )
    while len(found) < count and len(found) < len(tried):
        left = [seed for seed in tried if seed not in found]
        found.append(max(left, key=lambda seed: worth([*beside, *found, seed])))
    return tuple(found) + tuple(range(_TRIED + 1, _TRIED + 1 + count - len(found)))


def missed(pairs: Sequence[tuple[str, str]], seeds: Sequence[int]) -> float:
    """The share of two-element sets that all these seeds go through in one order."""
    orders = [[_first(pair, key) for pair in pairs] for key in map(key_of, seeds)]
    return sum(len(set(order)) == 1 for order in zip(*orders, strict=True)) / len(pairs)


# --- orders ---------------------------------------------------------------------------------------------


class _Stands:
    """A text in a set, by the hash it has elsewhere: the order of a set of these is that of the texts there."""

    __slots__ = ("_hash", "place")

    def __init__(self, place: int, hashed: int) -> None:
        self.place, self._hash = place, hashed

    def __hash__(self) -> int:
        return self._hash


def _order(members: Sequence[Member], key: tuple[int, int], *, copied: bool = False) -> list[int]:
    """Their places, in the order in which a set of them is gone through. `copied`: filled from another set, as a set
    that is spelt out and kept is: Python makes it of another size then."""
    filled = frozenset(_Stands(n, hash(_there(m, key))) for n, m in enumerate(members))
    return [one.place for one in (set(filled) if copied else filled)]


def _there(member: Member, key: tuple[int, int]) -> object:
    """Something with the hash that the member has under that key."""
    if isinstance(member, str):
        return _Stands(0, _hashed(member, key))
    return tuple(_there(one, key) for one in member) if isinstance(member, tuple) else member


@lru_cache(maxsize=20_000)
def _hashed(text: str, key: tuple[int, int]) -> int:
    return hash_of(text, key)


def _first(pair: tuple[str, str], key: tuple[int, int]) -> int:
    """Which of two is gone through first. A small set has eight places, and goes by them where they differ."""
    one, other = (_hashed(text, key) & 7 for text in pair)
    return int(other < one) if one != other else _order(pair, key)[0]


def _pairs(words: Words) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Pairs of two, by what one of them counts."""
    grouped = {pair for group in words.groups for pair in combinations(group, 2)}
    yield _TOGETHER, sorted(grouped)[: _TEXTS * _TEXTS]
    yield 1, list(combinations(words.texts, 2))


def _filled(words: Words) -> list[tuple[Member, ...]]:
    """The sets that are spelt out, in each order in which they may be filled: where two texts want one place, the first
    has it. As written, the other way round, and sorted as Python keeps constants in a module's bytecode."""
    ways = [way for s in words.sets for way in (s, s[::-1], tuple(sorted(s, key=repr)))]
    return list(dict.fromkeys(ways))


def _orders(words: Words, seed: int) -> int:
    """A bit for each pair: which of them stands first."""
    key, bits = key_of(seed), 0
    for members, copied in product(_filled(words), (False, True)):
        places = {place: n for n, place in enumerate(_order(members, key, copied=copied))}
        for one, other in combinations(range(len(members)), 2):
            bits = bits << 1 | (places[one] > places[other])
    for _, pairs in _pairs(words):
        for pair in pairs:
            bits = bits << 1 | _first(pair, key)
    return bits


def _weights(words: Words) -> list[tuple[int, int]]:
    """(what each counts, mask of its bits), as `_orders` lays them."""
    kinds = [(_IN_A_SET, sum(len(s) * (len(s) - 1) for s in _filled(words)))]
    kinds += [(weight, len(pairs)) for weight, pairs in _pairs(words)]
    found, above = [], sum(count for _, count in kinds)
    for weight, count in kinds:
        above -= count
        found.append((weight, ((1 << count) - 1) << above))
    return found
