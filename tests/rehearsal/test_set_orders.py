"""Hash seeds are chosen so that the sets of a journey's code are gone through in different orders."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from itertools import combinations, pairwise

import pytest

from doorstep.rehearsal import seeds, set_orders
from doorstep.rehearsal.exploring.steps import steps
from doorstep.rehearsal.set_orders import Words, chosen, missed, words_of
from doorstep.rehearsal.siphash import SAME_AS_PYTHON, hash_of, key_of
from doorstep.workflows.standard_v1 import Standard

PAIRS = list(combinations(sorted(steps(Standard)), 2))
pytestmark = pytest.mark.skipif(not SAME_AS_PYTHON, reason="this Python hashes texts otherwise")


@pytest.mark.parametrize("seed", [0, 1, 29, 4294967295])
def test_it_knows_how_python_hashes_under_a_seed(seed: int) -> None:
    """Texts of one, two and four bytes a character, and how a set of them is gone through."""
    texts = ["", "a", "win-back-45", "café", "Grüße aus Köln", "茶", "🍵 tea", *sorted(steps(Standard))]
    code = (
        "import json, sys; t = json.loads(sys.argv[1]); "
        "print(json.dumps([[hash(x) for x in t], list(set(t)), [list({a, b}) for a, b in zip(t, t[1:])]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(texts)],
        env={**os.environ, "PYTHONHASHSEED": str(seed)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    hashes, pairs = json.loads(done.stdout)[0], json.loads(done.stdout)[2]
    key = key_of(seed)
    assert [hash_of(text, key) for text in texts] == hashes
    firsts = [pair[set_orders._first((pair[0], pair[1]), key)] for pair in pairwise(texts)]
    assert firsts == [pair[0] for pair in pairs]


def test_fewer_sets_of_two_steps_are_missed_than_under_seeds_as_they_come() -> None:
    """The numbers of decisions/0029."""
    known = words_of([], steps(Standard))
    two, three = seeds.seeds_for(Standard, 2), seeds.seeds_for(Standard, 3)
    verify = (0, *chosen(known, 3, (0,)))
    for found, before, most in ((two, (1, 2), 0.33), (three, (1, 2, 3), 0.1), (verify, (0, 1, 2, 3), 0.06)):
        assert missed(PAIRS, found) < most, found
        assert missed(PAIRS, found) < 0.65 * missed(PAIRS, before)


@pytest.mark.parametrize("pair", PAIRS[::23])
def test_a_set_that_the_code_spells_out_is_never_missed(pair: tuple[str, str]) -> None:
    """Beside the standard journey's own texts; in whatever way it is spelt."""
    one, other = map(repr, pair)
    for text in (f"{{{one}, {other}}}", f"set(({one}, {other}))", f"{{x for x in [{one}, {other}]}}"):
        words = words_of([ast.parse(f"for step in {text}: pass")], steps(Standard))
        assert pair in words.sets
        assert missed([pair, pair[::-1]], chosen(words, 2)) == 0


def test_sets_of_tuples_are_ordered_as_python_does() -> None:
    """`for step, days in {("care-guide", 1), ("arrived-safely", 2)}`."""
    tree = ast.parse('x = {("care-guide", 1), ("arrived-safely", 2), ("check-in", (3, "b")), "silence", 7}')
    words = words_of([tree])
    [members] = words.sets
    assert len(members) == 5
    spelt = f"{{{', '.join(map(repr, members))}}}"
    for seed in chosen(words, 2):
        for copied, code in ((False, f"print([x for x in {spelt}])"), (True, f"x = {spelt}; print(list(x))")):
            done = subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "PYTHONHASHSEED": str(seed)}, capture_output=True, text=True, check=True,
            )  # fmt: skip
            order = set_orders._order(members, key_of(seed), copied=copied)
            assert [members[n] for n in order] == ast.literal_eval(done.stdout), (seed, copied)


def test_seeds_are_the_same_each_time_distinct_and_none_that_is_asked_anyway() -> None:
    words = words_of([], steps(Standard))
    for count in (1, 2, 3, 16):
        found = chosen(words, count, (0,))
        assert len(set(found)) == count
        assert 0 not in found
        chosen.cache_clear()
        assert chosen(words, count, (0,)) == found
    assert chosen(Words(), 2) == (1, 2), "nothing is known of the code"
