"""Published journeys: the decorator that makes a class one, the table of all of them, and which one an
order gets. One table for a process: what a run imports anew in the sandbox is defined, but published only once."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from temporalio import workflow

from doorstep.contracts import JourneyStart
from doorstep.domain.events import Event
from doorstep.domain.routing import RoutingFacts
from doorstep.errors import JourneyError, SetupError, Unavailable, nearest
from doorstep.packages import imported
from doorstep.workflows.definitions import defined

_JOURNEYS: dict[str, type[Any]] = {}


class NotEverywhere(Unavailable):
    """A deployment is under way: some worker that runs does not have what an order is to get."""

    code = "not_everywhere"


Routing = Callable[[RoutingFacts], str | None]
_ROUTING: list[Routing] = []


def journey[J](name: str, *, version: int) -> Callable[[type[J]], type[J]]:
    """Publish a class as version `version` of the journey `name`: workflow type `name.v<version>`.

    Raises `JourneyError` for a name that is no lower-case word or a type that is taken.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name) or version < 1:
        raise JourneyError(
            f"'{name}' version {version} names no journey.",
            mend="Use lower-case letters, digits and dashes, and a version from 1 upwards.",
        )
    type_name = f"{name}.v{version}"

    def publish(cls: type[J]) -> type[J]:
        taken = _JOURNEYS.get(type_name)
        if taken is not None and (taken.__module__, taken.__qualname__) != (cls.__module__, cls.__qualname__):
            raise JourneyError(
                f"{type_name} is published twice: by {taken.__module__} and by {cls.__module__}.",
                mend="Give one of them another version.",
            )

        async def doorstep_main(self, start: JourneyStart) -> str:  # type: ignore[no-untyped-def]
            return str(await self._main(start))

        # The SDK wants the run method on the class itself and not local; the author's `run` stays theirs,
        # so that a later version can call `super().run()`.
        doorstep_main.__qualname__ = f"{cls.__qualname__}.doorstep_main"
        doorstep_main.__module__ = cls.__module__
        setattr(cls, "doorstep_main", workflow.run(doorstep_main))  # noqa: B010
        setattr(cls, "journey_name", name)  # noqa: B010
        setattr(cls, "journey_version", version)  # noqa: B010
        made = defined(type_name, cls)
        if not workflow.unsafe.in_sandbox():
            _JOURNEYS[type_name] = made
        return made

    return publish


def routing(function: Routing) -> Routing:
    """Register a store's routing: answers a journey's name (its newest version is taken), a full type such as
    `standard.v1`, or None to leave the order to the next one. Asked last-registered first."""
    if not workflow.unsafe.in_sandbox():
        _ROUTING.append(function)
    return function


def load(packages: Iterable[str] = ()) -> None:
    """Import the built-in journeys and then the store packages, which registers what they publish.

    Raises `SetupError` naming a package that cannot be imported, with file and line of what is wrong in it.
    """
    for module in _built_in():
        importlib.import_module(module)
    for package in packages:
        imported(package)


@cache
def _built_in() -> list[str]:
    """The built-in journeys: every `<name>_v<n>.py` beside this file."""
    here = __name__.rpartition(".")[0]
    found = [file.stem for file in Path(__file__).parent.glob("*_v*.py")]
    return [f"{here}.{stem}" for stem in sorted(found) if re.fullmatch(r"[a-z_]+_v\d+", stem)]


def name_of(type_name: str) -> str:
    """`standard` of `standard.v2`."""
    return type_name.rpartition(".v")[0]


def number_of(type_name: str) -> int:
    """2 of `standard.v2`."""
    return int(type_name.rpartition(".v")[2])


def journeys() -> dict[str, type[Any]]:
    """Every published journey by workflow type, sorted."""
    return dict(sorted(_JOURNEYS.items()))


def hears(type_name: str, event: type[Event]) -> bool:
    """Whether journeys of that workflow type are told of an event that is told on request."""
    return any(cls.type == event.type for cls in getattr(_JOURNEYS.get(type_name), "hears", ()))


def newest(name: str, carried: frozenset[str] | None = None) -> str:
    """The newest version's workflow type of a journey's name, or the type itself if it is one. `carried`: only one
    of these, which every worker that runs has; None: any.

    Raises `SetupError` offering the nearest known name, and `NotEverywhere` for one that some worker lacks.
    """
    known = [name] if name in _JOURNEYS else [t for t in _JOURNEYS if name_of(t) == name]
    versions = [t for t in known if carried is None or t in carried]
    if not known:
        names = {name_of(t) for t in _JOURNEYS} | set(_JOURNEYS)
        raise SetupError(
            f"There is no journey '{name}'.{nearest(name, names)}",
            mend="Publish it with @journey in a package named by DOORSTEP_STORE_PACKAGES.",
        )
    if not versions:
        raise NotEverywhere(
            f"Not every worker that runs has '{name}' yet.",
            mend="It is taken as soon as all of them have it.",
        )
    return max(versions, key=number_of)


def route(facts: RoutingFacts, carried: frozenset[str] | None = None) -> str:
    """The workflow type a new order gets: a store's routing first, else the newest `standard`. `carried` and what is
    raised: as `newest`."""
    for function in reversed(_ROUTING):
        answer = function(facts)
        if answer is not None:
            return newest(answer, carried)
    return newest("standard", carried)
