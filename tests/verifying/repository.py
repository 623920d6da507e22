"""A git repository with a copy of the package in it, and a branch for each change that an engineer might make."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import doorstep
from doorstep import cli
from doorstep.cli import base
from doorstep.verifying import diffing, side
from doorstep.verifying.revisions import WORKING_TREE, unpacked
from doorstep.verifying.side import Pair, Side, paired

SOURCES = Path(doorstep.__file__).parent
HISTORIES = Path(__file__).parents[1] / "histories" / "0.1.0"
_V1 = "workflows/standard_v1.py"
_CARE = """        await self.send("care-guide", at=self.after(delivered, days=1), items=items, priority=60)
"""
_SAFE = """        await self.send("arrived-safely", at=self.after(delivered, days=2), purpose=TOLD, items=items)
"""
_UNREAD = """Outside of every block.
{# For whoever reads the source. #}
{% block body %}{# And here. #}


"""

_COMMUNITY = """        await self.send("community", at=self.day(4), priority=40)
"""

_EITHER = """        for step, days in {("care-guide", 1), ("arrived-safely", 2)}:
            await self.send(step, at=self.after(delivered, days=days), items=items)
"""

#: what is there, and what is there instead: what replays, and reaches nobody at once
UNSEEN: tuple[tuple[str, str], ...] = (
    ("REFUND_COMES_WITHIN = timedelta(days=14)", "REFUND_COMES_WITHIN = timedelta(days=3)"),
    ("wait_for(Delivered, until=self.day(30))", "wait_for(Delivered, until=self.day(29))"),
    ("wait_for(Delivered, until=self.day(90))", "wait_for(Delivered, until=self.day(45))"),
    ('"order-confirmation", purpose=TOLD, prompted=True', '"order-confirmation", purpose=TOLD'),
    ('"order", pending=timedelta(days=30)', '"order", pending=timedelta(days=300)'),
    ("items=items, priority=60)", "items=items, priority=10)"),
    ('self.phase("on its way")', 'self.phase("under way")'),
    ("await self.recommendations()", "await self.recommendations(4)"),
    ('"the close"', '"the last day"'),
    ('return "repurchased"', 'return "bought_again"'),
)

_HASH_UNDER_0 = -3368204716105132637  # of the text x

#: branch → (file, what is there, what is there instead)
MUTATIONS: Mapping[str, tuple[str, str, str]] = {
    "duration": (
        _V1,
        '"check-in", at=self.after(delivered, days=4)',
        '"check-in", at=self.after(delivered, days=3)',
    ),
    "longer": (_V1, _CARE, _CARE.replace("days=1", "days=3")),
    "renamed": (_V1, '"check-in", at', '"are-you-well", template="check-in", at'),
    "template": (_V1, '"check-in", at', '"check-in", template="community", at'),
    "order": (_V1, _CARE + _SAFE, _SAFE + _CARE),
    "condition": (_V1, "lambda: not self.order.shipped", "lambda: self.order.shipped"),
    "more": (
        _V1,
        _COMMUNITY,
        '        await self.send("surprise", at=self.now, prompted=True)\n' + _COMMUNITY,
    ),
    "unlike": (
        _V1,
        'await self.send("education", at=self.day(2))',
        '(await self.send("lesson", template="education", at=self.day(2))).until.date()',
    ),
    "five": (
        _V1,
        "offered = await self.recommendations()",
        "offered = await self.recommendations(5)\n            assert offered[4]",
    ),
    "set": (_V1, _CARE + _SAFE, _EITHER),
    "chance": (
        _V1,
        _CARE,
        "        import random\n\n"
        + _CARE.replace(
            "days=1", "days=1 if random.random() < 2 else 3"
        ),  # always one: only a sandbox sees it
    ),
    "moment": (
        _V1,
        _CARE,
        "        import time\n\n" + _CARE.replace("days=1", "days=1 if time.gmtime().tm_year > 2000 else 3"),
    ),
    "zone": (
        _V1,
        _CARE,
        _CARE.replace(
            "days=1", "days=3 if abs(self.now.astimezone().utcoffset()) > timedelta(hours=10) else 1"
        ),
    ),
    "luck": (  # it breaks under the hash seed 0 only, and not because of a set
        _V1,
        _CARE,
        "        import random\n\n"
        + _CARE.replace("days=1", f"days=3 if random.random() < 2 and hash('x') == {_HASH_UNDER_0} else 1"),
    ),
    "words": ("templates/library/care-guide/subject.txt.j2", "", "Read this. "),
    "named": (_V1, "days=1), about=again", 'days=1), about="again"'),
    "spaces": ("templates/library/care-guide/email.html.j2", "{% block body %}", _UNREAD),
    "same": (_V1, "# --- until it is there", "# --- until it has come"),
    "broken": (_V1, "from __future__", "from __past__"),
}


class Checkout:
    """A git repository in a folder, and `doorstep` run in it."""

    def __init__(self, folder: Path, *places: Path) -> None:
        """`places`: where Python finds the code."""
        self.folder, self.temporary, self.places = folder / "repository", folder / "tmp", places
        self.temporary.mkdir()
        self.folder.mkdir(exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=base")

    def commit(self, why: str) -> None:
        self.git("add", "--all")
        who = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgsign=false"]
        self.git(*who, "commit", "--quiet", "--message", why)

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.folder, check=True, capture_output=True)

    def environment(self, **more: str) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith(("DOORSTEP_", "PYTHONPATH"))}
        path = os.pathsep.join(map(str, self.places))
        return own | {"PYTHONPATH": path, "TMPDIR": str(self.temporary)} | more

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-P", "-m", "doorstep", *arguments]

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """`doorstep …` of the working tree. Whatever it does, it leaves nothing behind."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert list(self.temporary.iterdir()) == [], "something is left behind"
        return done

    def json(self, *arguments: str, **more: str) -> Any:
        done = self.run(*arguments, "--json", **more)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)


class Here:
    """`doorstep …` of a repository in this process, which saves its start. A revision's own process stays at work for
    the next comparison: starting it is what takes long. A command in a process of its own, and what it leaves behind,
    is for `Checkout.run`."""

    def __init__(self, repository: Checkout, stack: ExitStack) -> None:
        self._repository, self._stack = repository, stack
        self._sides: dict[str, Side] = {}
        self._pool = stack.enter_context(ThreadPoolExecutor(2))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """As `Checkout.run`."""
        with pytest.MonkeyPatch.context() as patched:
            patched.chdir(self._repository.folder)
            patched.setattr(sys, "path", [*sys.path, *map(str, self._repository.places)])
            patched.setattr(base.logs, "configure", lambda *_: None)
            for room in (side, diffing):  # where the commands find it
                patched.setattr(room, "paired", self._paired)
            done = CliRunner().invoke(cli.app, list(arguments))
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def _paired(self, old: str, new: str, packages: tuple[str, ...]) -> Iterator[Pair]:
        if WORKING_TREE in (old, new):  # it changes
            with paired(old, new, packages) as pair:
                yield pair
        else:
            yield Pair(self._side(old, packages), self._side(new, packages), self._pool)

    def _side(self, name: str, packages: tuple[str, ...]) -> Side:
        if name not in self._sides:
            revision = self._stack.enter_context(unpacked(name, self._repository.folder))
            begun = self._stack.enter_context(Side(revision, packages))
            begun.begin()
            self._sides[name] = begun
        return self._sides[name]


class Repository(Checkout):
    """`base` is the package as it is; each mutation is a branch of its own upon it."""

    def __init__(self, folder: Path) -> None:
        self.package = folder / "repository" / "src" / "doorstep"
        shutil.copytree(SOURCES, self.package, ignore=shutil.ignore_patterns("__pycache__"))
        super().__init__(folder, self.package.parent)
        self.commit("As it is.")
        for branch, (file, there, instead) in MUTATIONS.items():
            self.git("checkout", "--quiet", "-b", branch, "base")
            self.edit(file, there, instead)
            self.commit(branch)
        self.git("checkout", "--quiet", "-b", "unseen", "base")
        for there, instead in UNSEEN:
            self.edit(_V1, there, instead)
        self.commit("What nobody sees at once.")
        self.git("checkout", "--quiet", "-b", "engineless", "base")
        shutil.rmtree(self.package / "rehearsal")
        self.commit("Before there was a rehearsal engine.")
        self.git("checkout", "--quiet", "base")

    def line(self, branch: str, file: str, number: int) -> str:
        """One line of a branch's file."""
        shown = subprocess.run(
            ["git", "show", f"{branch}:{file}"], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return shown.stdout.splitlines()[number - 1]

    def edit(self, file: str, there: str, instead: str) -> None:
        path = self.package / file
        text = path.read_text()
        assert not there or text.count(there) == 1, (file, there)
        path.write_text(text.replace(there, instead) if there else instead + text)


BESPOKE = """
from doorstep.domain.messages import Purpose
from doorstep.workflows.journey import Journey
from doorstep.workflows.registry import journey


@journey("bespoke", version=VERSION)
class Bespoke(Journey):
    async def run(self) -> str:
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL, prompted=True)
        BODY
        return "done"
"""
FIRST = 'await self.send("community", at=self.day(1))'
SECOND = 'await self.send("education", at=self.day(1))\n        await self.send("community", at=self.day(3))'


class Store(Checkout):
    """A store's own repository: nothing in its first commit, `bespoke.v1` in the second, `bespoke.v2` in the third.
    Doorstep itself is installed elsewhere."""

    def __init__(self, folder: Path) -> None:
        (folder / "repository").mkdir()
        (folder / "repository" / "README.md").write_text("A shop.")
        super().__init__(folder, SOURCES.parent, folder / "repository")
        self.commit("Nothing yet.")
        shop = self.folder / "shop"
        shop.mkdir()
        (shop / "bespoke_v1.py").write_text(BESPOKE.replace("VERSION", "1").replace("BODY", FIRST))
        (shop / "__init__.py").write_text("from shop import bespoke_v1 as bespoke_v1\n")
        self.commit("A journey.")
        (shop / "bespoke_v2.py").write_text(BESPOKE.replace("VERSION", "2").replace("BODY", SECOND))
        (shop / "__init__.py").write_text(
            "from shop import bespoke_v1 as bespoke_v1\nfrom shop import bespoke_v2 as bespoke_v2\n"
        )
        self.commit("Another version of it.")

    def environment(self, **more: str) -> dict[str, str]:
        return super().environment(**{"DOORSTEP_STORE_PACKAGES": "shop"} | more)
