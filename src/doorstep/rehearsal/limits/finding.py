"""A limit by its name or its words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from doorstep.errors import BadInput, nearest
from doorstep.rehearsal.exploring import steps as source
from doorstep.rehearsal.limits import built_in, said
from doorstep.rehearsal.limits.registry import Limit, given


def find(text: str) -> Limit:
    """The built-in one, a package's or the one those words say. Raises `BadInput` offering the nearest name."""
    known = {**built_in.CHECKED, **given()}
    name = text.strip().rstrip(".")
    plain = name.replace("-", " ").replace("_", " ")
    for candidate in (name, plain):
        if candidate in known:
            return known[candidate]
    if (found := said.read(text)) is not None:
        return found
    if name == built_in.REACHABLE:
        raise BadInput(f"'{name}' is a limit of a whole search, not of one story.", mend="Leave it out.")
    names = [one.name for one in every()]
    raise BadInput(
        f"There is no limit '{text}'.{nearest(name, [*names, built_in.REACHABLE])}",
        mend=f"There are: {', '.join(names)}; and of a whole search, which asks it by itself, '{built_in.REACHABLE}'. "
        f"Or say {said.FORMS}.",
    )


def every() -> list[Limit]:
    """The built-in ones and those of packages."""
    return [*built_ins(), *given().values()]


def built_ins() -> list[Limit]:
    """All that are asked of every story, without being told."""
    return [*built_in.CHECKED.values(), find(built_in.WEEK)]


def check_steps(text: str, journey: type[Any], came: Iterable[str] = ()) -> None:
    """Whether the steps that a limit's words name are steps of a journey, `came` those it was seen to have. Raises
    `BadInput` offering the nearest; of a journey that makes its steps' names as it runs none is refused."""
    for step in unknown_steps(text, journey, came):
        known = sorted({*source.steps(journey), *came})
        raise BadInput(
            f"The limit '{text}' names '{step}', which is no step of the journey."
            f"{nearest(step, [*known, *said.KINDS])}",
            mend=f"Its steps: {', '.join(known)}. Kinds: {', '.join(said.KINDS)}.",
        )


def unknown_steps(text: str, journey: type[Any], came: Iterable[str] = ()) -> list[str]:
    """Those that a limit's words name and the journey cannot have; `came`: those it was seen to have."""
    if text.strip().rstrip(".") in {**built_in.CHECKED, **given()}:
        return []
    seen = set(came)
    return [step for step in said.named(text) if step not in seen and not source.may_have(journey, step)]
