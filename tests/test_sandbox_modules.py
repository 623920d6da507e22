"""Clock and chance that need an argument to be none: refused without it, in the worker's sandbox, and nowhere else."""

from __future__ import annotations

import importlib
import random
import re
import time
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path

import pytest
from tests import moments

from doorstep.rehearsal.engine import Engine
from doorstep.rehearsal.trouble import NotDeterministic

START = datetime(2026, 3, 2, 10, tzinfo=UTC)


def asked(what: str) -> str:
    with Engine(moments.Asks, what, workflow_id="wf", start=START, sandboxed=True) as engine:
        engine.run()
        return str(engine.result)


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("time.gmtime()", "time.gmtime"),
        ("gmtime(None).tm_year", "time.gmtime"),
        ("__import__('time').ctime()", "time.ctime"),
        ("time.asctime()", "time.asctime"),
        ("time.strftime('%Y')", "time.strftime"),
        ("strftime('%H')", "time.strftime"),
        ("time.localtime()", "time.localtime"),
        ("datetime.today()", "datetime.datetime.today"),
        ("date.today()", "datetime.date.today"),
        ("email.utils.formatdate()", "email.utils.formatdate"),
        ("formatdate(localtime=True)", "email.utils.formatdate"),
        ("formatdate(timeval=None)", "email.utils.formatdate"),
        ("utils.localtime()", "email.utils.localtime"),
        ("utils.make_msgid()", "email.utils.make_msgid"),
        ("uuid.uuid1()", "uuid.uuid1"),
        ("uuid.uuid4()", "uuid.uuid4"),
        ("uuid.getnode()", "uuid.getnode"),
        ("os.stat('/').st_mtime", "os.stat"),
        ("datetime.fromtimestamp(stat('/').st_mtime)", "os.stat"),
        ("random.Random().random()", "random.Random"),
        ("Random(None)", "random.Random"),
        ("Random(3).seed()", "random.Random"),
        ("Dice().random()", "random.Random"),
        ("MADE_AT_IMPORT.choice([1, 2])", "random.Random"),
        ("random.SystemRandom()", "random.SystemRandom"),
        ("SystemRandom().random()", "random.SystemRandom"),
    ],
)
def test_clock_and_chance_are_refused_with_their_line(what: str, name: str) -> None:
    with pytest.raises(NotDeterministic, match=rf"\b{re.escape(name)}\b") as caught:
        asked(what)
    assert caught.value.file == moments.__file__
    assert caught.value.mend.endswith(".")


def test_the_refusal_says_how_to_mend_it() -> None:
    with pytest.raises(
        NotDeterministic, match=r"without a moment reads the clock in .*moments\.py"
    ) as caught:
        asked("time.gmtime()")
    assert caught.value.mend == "Give it one, from workflow.now() (in a journey self.now)."
    with pytest.raises(NotDeterministic, match="without a seed draws chance of its own in ") as caught:
        asked("Random()")
    assert "workflow.random()" in caught.value.mend
    with pytest.raises(NotDeterministic) as caught:
        asked("os.stat('/')")
    assert "comes with its start, or from an activity" in caught.value.mend


@pytest.mark.parametrize(
    "what",
    [
        "time.gmtime(0)",
        "time.strftime('%Y', time.gmtime(0))",
        "strftime('%d', gmtime(workflow.now().timestamp()))",
        "time.asctime(gmtime(0))",
        "time.ctime(0)",
        "time.strptime('2026', '%Y').tm_year",
        "calendar.timegm(gmtime(5))",
        "formatdate(0)",
        "email.utils.formatdate(timeval=0, usegmt=True)",
        "utils.format_datetime(datetime(2026, 1, 1, tzinfo=UTC))",
        "utils.localtime(datetime(2026, 1, 1, tzinfo=UTC)).year",
        "utils.parseaddr('a <b@c>')",
        "uuid.uuid5(uuid.NAMESPACE_URL, 'x')",
        "random.Random(3).random()",
        "Random('x').sample(range(100), 5)",
        "Random(3).gauss(0, 1)",
        "Random(3).randbytes(3)",
        "Dice(3).randrange(1000)",
        "[copy.copy(Random(3)).random(), copy.deepcopy(Random(3)).random()]",
        "[r.random() for r in [Random(3)] for _ in [r.setstate(Random(4).getstate())]]",
    ],
)
def test_with_a_moment_or_a_seed_they_are_what_they_always_were(what: str) -> None:
    with Engine(moments.Asks, what, workflow_id="wf", start=START, sandboxed=False) as engine:
        engine.run()
    assert asked(what) == engine.result


def test_a_module_may_ask_while_it_is_imported_and_who_knows_better_at_any_time() -> None:
    year = time.gmtime().tm_year
    assert abs(int(asked("YEAR_AT_IMPORT")) - year) <= 1
    assert int(asked("FILE_AT_IMPORT")) > 0
    assert abs(float(asked("unrestricted")) - year) <= 2


def test_what_is_made_at_import_is_right_once_it_has_a_seed() -> None:
    assert asked("[MADE_AT_IMPORT.seed(4), MADE_AT_IMPORT.random()]") == str(
        [None, random.Random(4).random()]
    )


def test_the_workflows_own_chance_is_a_random() -> None:
    assert asked("isinstance(workflow.random(), Random) and isinstance(Random(1), random.Random)") == "True"
    assert asked("isinstance(workflow.random(), Dice) or issubclass(dict, Random)") == "False"


def test_an_error_in_the_sandbox_still_shows_its_lines() -> None:
    """Python looks at the files for it, by `os.stat`."""
    asked_of = "__import__('traceback').format_stack()[-1]"
    assert "eval(asked)" in asked(f"[line for line in [{asked_of}, *__import__('traceback').format_stack()]]")


def test_what_a_workflow_is_made_with_counts_too() -> None:
    with (
        Engine(moments.AsksWhenMade, workflow_id="wf", start=START, sandboxed=True) as engine,
        pytest.raises(NotDeterministic, match="without a seed") as caught,
    ):
        engine.run()
    assert "self.dice = Random()" in Path(moments.__file__).read_text().splitlines()[caught.value.line - 1]


def test_outside_a_workflow_nothing_is_refused() -> None:
    assert asked("1") == "1"
    assert importlib.import_module("time") is time
    assert formatdate()
    assert time.gmtime().tm_year >= 2026
    assert random.Random().random() < 1
