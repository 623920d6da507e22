"""What refunds, returns and cases of a scenario are called, where their author gives them no name. Each refund is one
of its own, as in life; several words on a return, or on a case, are about the same one."""

from __future__ import annotations

from doorstep.errors import ScenarioError
from doorstep.rehearsal.scenario import Scenario, Told

_REFUND, _RETURN = "order.refunded", "return.requested"
_NUMBERED = (_REFUND, "return.", "complaint.")
"""Events about a refund, a return or a case, which has a number of its own."""


def number_of(scenario: Scenario, entry: Told, place: int) -> str:
    """The number of an entry that names nothing, the scenario's entry at that place; empty for what has none. A message
    that comes several times (`times`) is one refund, told again."""
    if not entry.event.startswith(_NUMBERED):
        return ""
    if entry.event != _REFUND:
        return "1"
    number, taken = 0, set[str]()
    for one in (*scenario.timeline[:place], entry):
        if isinstance(one, Told) and (one.event, one.order) == (_REFUND, entry.order):
            number += 1
            while not one.subject and str(number) in taken:  # a name that the author gave before
                number += 1
            taken.add(one.subject or str(number))
    return str(number)


def check_return(scenario: Scenario, place: int) -> None:
    """That a return without a name which is asked for once more is of the same lines: it would be taken for the first
    one, and its lines for a word too little. Raises `ScenarioError`."""
    entry = scenario.timeline[place]
    if not (isinstance(entry, Told) and entry.event == _RETURN and _lines(entry) and not entry.subject):
        return
    for one in scenario.timeline[:place]:
        if not (isinstance(one, Told) and one.event == _RETURN and one.order == entry.order):
            continue
        if not one.subject and _lines(one) and _lines(one) != _lines(entry):
            where = f" (line {one.line})" if one.line else ""
            raise ScenarioError(
                f"Another return was asked for before{where}, of other lines, and neither has a name: they would be "
                "taken for one.",
                mend="Write it as 'event: return.requested' with 'subject: second', and the same 'subject' in each "
                "entry about that return.",
            )


def _lines(entry: Told) -> list[str]:
    told = entry.data.get("lines")
    return (
        sorted(repr(list(p)) for p in told if isinstance(p, list | tuple))
        if isinstance(told, list | tuple)
        else []
    )
