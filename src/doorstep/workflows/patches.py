"""Changes to shared code that alter what a journey asks of Temporal: each has a name, is declared here (or by a store
package, for its own shared code) and is asked for with `self.patched(name)`.

A patch begins to apply only once every worker that runs has it (`held` until then): a journey that took the new way
could not be replayed by a worker that does not know it. A name is never taken away or used again; the code of the old
way goes when no journey from before can be open any more. Passes through the sandbox: one set per process.
"""

from __future__ import annotations

from collections.abc import Iterable

_DECLARED: set[str] = set()
_HELD: set[str] = set()


def declare_patch(*names: str) -> None:
    """This code knows these patches. Again is once."""
    _DECLARED.update(names)


def declared() -> frozenset[str]:
    """Every patch that this code knows."""
    return frozenset(_DECLARED)


def hold(names: Iterable[str]) -> None:
    """From now on exactly these do not begin to apply to any journey; where they apply already they go on to."""
    global _HELD
    _HELD = set(names)


def held(name: str) -> bool:
    """Whether it must not begin to apply yet."""
    return name in _HELD
