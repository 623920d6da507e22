"""One revision's side of a comparison: a process that runs that revision's own code and answers questions about it,
a line of JSON for a line of JSON (`python -m doorstep.rehearsal.answering`).

`{"ask": "hello"}` names the journeys, says what it can be asked for besides (`"commands"`, `"words"`, `"resumed"`,
`"closely"`), and from which folders its packages came; `{"ask": "play", "journey", "scenario"}` plays a scenario's
file and answers its items; `{"ask": "carry", "id", "history", "assume"}` carries a journey on from its history (base64
of Temporal's protobuf, opened), with `"sandboxed"` in the worker's sandbox, with `"resumed"` resumed where its history
ends if it is paused, and with `"commands"` answers all that it commanded; both compare messages by the words that are
read with `"words"`, and with `"closely"` tell all of how a thing is asked for and what is waited for; `{"ask":
"where", …, "recorded"}` names the line that gave a recorded command. An error that a person can mend is `{"error": …}`,
with `"unreadable": true` where it is the history that cannot be read. What a newer code may ask of an older one is
only ever added to; `PROTOCOL` grows when it cannot be.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import IO, Any

from temporalio.api.history.v1 import History
from temporalio.client import WorkflowHistory

from doorstep.errors import DoorstepError, Unreadable
from doorstep.rehearsal import guard
from doorstep.rehearsal.assuming import Assumption
from doorstep.rehearsal.carrying import Broken, carry, where
from doorstep.rehearsal.comparing import items_of
from doorstep.rehearsal.rehearse import built_in, journey_class, rehearse
from doorstep.rehearsal.shelf import load
from doorstep.rehearsal.wording import Worded
from doorstep.templates.packages import renderer
from doorstep.workflows import registry

PROTOCOL = 1
PATIENCE = 120.0
"""Seconds for one task of a journey that is carried on once more: whether it spins was found before, and a busy machine
is no difference."""


class Answering:
    """Answers for the code that runs here, with the journeys and templates of those store packages."""

    def __init__(self, packages: Iterable[str] = ()) -> None:
        packages = tuple(packages)
        registry.load(packages)
        self._packages = packages
        self._renderer = renderer(packages) if packages else built_in()

    def answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one question."""
        try:
            match question.get("ask"):
                case "hello":
                    return {
                        "protocol": PROTOCOL,
                        "journeys": sorted(registry.journeys()),
                        "commands": True,
                        "words": True,
                        "resumed": True,
                        "closely": True,
                        "from": self.folders(),
                    }
                case "play":
                    return self._play(question)
                case "carry":
                    return self._carry(question)
                case "where":
                    file, line = where(_history(question), str(question["recorded"]))
                    return {"file": file, "line": line}
            return {"error": f"this revision has no answer to '{question.get('ask')}'"}
        except DoorstepError as error:
            said = {"error": f"{error.what} {error.mend}".strip()}
            return said | ({"unreadable": True} if isinstance(error, Unreadable) else {})

    def folders(self) -> dict[str, str]:
        """Where the code that runs here lies: Doorstep, the store packages, and what else journeys come from."""
        tops = [cls.__module__.partition(".")[0] for cls in registry.journeys().values()]
        named = {package.partition(".")[0] for package in self._packages}
        names = ["doorstep", *self._packages, *(top for top in tops if top not in named)]
        return {name: _folder(name) for name in dict.fromkeys(names)}

    def _play(self, question: Mapping[str, Any]) -> dict[str, Any]:
        kind, _ = journey_class(str(question["journey"]))
        renderer = Worded(self._renderer) if question.get("words") else self._renderer
        timeline = rehearse(kind, load(str(question["scenario"])), renderer=renderer)
        return {
            "journey": kind,
            "zone": timeline.zone,
            "placed_at": timeline.placed_at.isoformat(),
            "items": [item.as_json() for item in items_of(timeline, closely=bool(question.get("closely")))],
        }

    def _carry(self, question: Mapping[str, Any]) -> dict[str, Any]:
        if question.get("sandboxed") or question.get("commands"):
            guard.STUCK_AFTER = PATIENCE
        carried = carry(
            _history(question),
            self._renderer,
            Assumption(question["assume"]),
            sandboxed=bool(question.get("sandboxed")),
            traced=bool(question.get("commands")),
            worded=bool(question.get("words")),
            resumed=bool(question.get("resumed")),
            closely=bool(question.get("closely")),
        )
        more = {"commands": carried.commands} if question.get("commands") else {}
        return more | {
            "type": carried.type,
            "zone": carried.zone,
            "broken": None if carried.broken is None else _broken(carried.broken),
            "ended": carried.ended,
            "resumed": carried.resumed,
            "past": [item.as_json() for item in carried.past],
            "ahead": [item.as_json() for item in carried.ahead],
        }


def _folder(name: str) -> str:
    module = sys.modules[name]
    folders = list(getattr(module, "__path__", ()))
    return os.path.realpath(folders[0] if folders else getattr(module, "__file__", None) or "")


def _history(question: Mapping[str, Any]) -> WorkflowHistory:
    events = History.FromString(base64.b64decode(question["history"])).events
    return WorkflowHistory(str(question["id"]), list(events))


def _broken(broken: Broken) -> dict[str, Any]:
    at = None if broken.at is None else broken.at.isoformat()
    return {
        "what": broken.what,
        "file": broken.file,
        "line": broken.line,
        "at": at,
        "recorded": broken.recorded,
    }


def serve(asked: IO[str], said: IO[str], packages: Iterable[str], *, not_from: Iterable[str]) -> None:
    """Answers until there is nothing more to read. `not_from`: folders of another revision, from which nothing may
    come: a package that this revision lacks would be found there."""
    elsewhere = [os.path.realpath(folder) for folder in not_from]
    sys.path[:] = [p for p in sys.path if os.path.realpath(p) not in elsewhere]
    packages = tuple(packages)
    answering = Answering(packages)
    for package in packages:
        file = os.path.realpath(sys.modules[package].__file__ or "")
        if "site-packages" not in file and any(file.startswith(os.path.join(e, "")) for e in elsewhere):
            raise SystemExit(f"it has no package '{package}'")
    for line in asked:
        said.write(json.dumps(answering.answer(json.loads(line)), separators=(",", ":")) + "\n")
        said.flush()


def main() -> None:
    """Packages and forbidden folders come as one JSON argument. Standard output is for answers alone: what a store's
    package prints goes to standard error."""
    told = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        serve(sys.stdin, answers, told["packages"], not_from=told["not_from"])
    except DoorstepError as error:
        raise SystemExit(f"{error.what} {error.mend}".strip()) from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
