"""Modules of Python's as a journey gets them in the sandbox. Some of what is in them reads the clock, or draws chance,
only where an argument is missing, which the SDK's matchers cannot see; here it is refused there and nowhere else."""

from __future__ import annotations

import email
import email.utils
import random  # noqa: TID251 - what is refused of it
import sys
import time  # noqa: TID251 - what is refused of it
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache, wraps
from types import ModuleType
from typing import Any, cast

from temporalio import workflow
from temporalio.worker.workflow_sandbox import RestrictedWorkflowAccessError, SandboxMatcher

_NO_MOMENT = (
    "{0}() without a moment reads the clock: give it one, from workflow.now() (in a journey self.now)."
)
_CHANCE = (
    "{0}() without a seed draws chance of its own: "
    "use workflow.random() (in a journey self.variant), or give it a seed."
)
_NEVER = "{0}() draws chance of its own: use workflow.uuid4()."
_AT = {
    time.gmtime: (0, ""),
    time.ctime: (0, ""),
    time.asctime: (0, ""),
    time.strftime: (1, ""),
    email.utils.formatdate: (0, "timeval"),
    email.utils.localtime: (0, "dt"),
}
"""Which argument is the moment, by position and name."""


@cache
def modules() -> dict[str, ModuleType]:
    """By name, what the sandbox has instead of some modules. They keep nothing, so all runs share them."""
    mail = {
        name: _with_moment(getattr(email.utils, name), "email.utils") for name in ("formatdate", "localtime")
    }
    utils = _copy(email.utils, **mail, make_msgid=_never(email.utils.make_msgid, "email.utils"))
    told = ("gmtime", "ctime", "asctime", "strftime")
    return {
        "time": _copy(time, **{name: _with_moment(getattr(time, name), "time") for name in told}),
        "random": _copy(random, Random=Random),
        "email": _copy(email, utils=utils),
        "email.utils": utils,
    }


def _copy(module: ModuleType, **instead: Any) -> ModuleType:
    made = ModuleType(module.__name__, module.__doc__)
    vars(made).update({**vars(module), **instead})
    return made


def _with_moment(function: Callable[..., Any], module: str) -> Callable[..., Any]:
    position, name = _AT[function]

    @wraps(function)
    def asked(*args: Any, **options: Any) -> Any:
        if (args[position] if len(args) > position else options.get(name)) is None:
            _refuse(f"{module}.{function.__name__}", _NO_MOMENT)
        return function(*args, **options)

    return asked


def _never(function: Callable[..., Any], module: str) -> Callable[..., Any]:
    @wraps(function)
    def asked(*args: Any, **options: Any) -> Any:
        _refuse(f"{module}.{function.__name__}", _NEVER)
        return function(*args, **options)

    return asked


def _refuse(name: str, why: str) -> None:
    """Raises the SDK's error while a run carries out a task. A module may ask while it is imported, as the SDK allows,
    and whoever says that it knows what it does (`workflow.unsafe.sandbox_unrestricted`)."""
    if workflow.in_workflow() and not workflow.unsafe.is_sandbox_unrestricted():
        raise RestrictedWorkflowAccessError(name, override_message=why.format(name))


class _AlsoPythons(type):
    """Python's own `Random`, such as `workflow.random()`, is one, too."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, random.Random) if cls is Random else super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, random.Random) if cls is Random else super().__subclasscheck__(subclass)


class Random(random.Random, metaclass=_AlsoPythons):
    """Python's, with the same numbers for a seed. Without one it may be made while a module is imported, and is refused
    when it is asked before it has one."""

    _seeded = False

    def seed(self, a: Any = None, version: int = 2) -> None:
        if a is None:
            _refuse("random.Random", _CHANCE)
        self._seeded = a is not None
        super().seed(a, version)

    def random(self) -> float:
        self._ask()
        return super().random()

    def getrandbits(self, k: int, /) -> int:
        self._ask()
        return super().getrandbits(k)

    def __reduce__(self) -> tuple[Any, ...]:  # a copy is made with a seed, and then given the state
        return type(self), (0,), self.getstate()

    def _ask(self) -> None:
        if not self._seeded:
            _refuse("random.Random", _CHANCE)


Random.__module__ = random.__name__


@dataclass(frozen=True)
class StatForLibraries(SandboxMatcher):
    """The SDK's matcher of `os`, which lets `stat` pass: Python itself asks for it where it shows an error's lines. Of
    anybody else it is a look at files, refused like the others."""

    @classmethod
    def of(cls, matcher: SandboxMatcher) -> StatForLibraries:
        """This one in place of the SDK's."""
        return cls(**{one.name: getattr(matcher, one.name) for one in fields(matcher)})

    def child_matcher(self, *child_path: str) -> SandboxMatcher | None:
        if child_path == ("stat",):
            asking = cast(str, sys._getframe(2).f_globals.get("__name__", ""))  # beyond the SDK's proxy
            if asking.partition(".")[0] not in sys.stdlib_module_names:
                return SandboxMatcher.all_runtime
        return super().child_matcher(*child_path)
