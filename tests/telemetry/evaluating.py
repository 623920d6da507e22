"""Just enough of PromQL to evaluate the rules we ship: `max|min|sum(metric{label="x"}) > 1`, `absent(metric)`, joined
by `or`. Anything else is an error, so that a rule which outgrows this is noticed. (`promtool`, where it is installed,
checks the file as Prometheus reads it.)"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from telemetry.scraping import Samples

RULES = Path(__file__).resolve().parents[2] / "deploy" / "alerts.yml"
_COMPARED = re.compile(
    r"(max|min|sum)\((?P<name>[a-z_]+)(?:\{(?P<label>[a-z_]+)=\"(?P<value>[^\"]*)\"\})?\)\s*"
    r"(?P<op>>=|<=|==|>|<)\s*(?P<bound>\d+(?:\.\d+)?)"
)
_ABSENT = re.compile(r"absent\((?P<name>[a-z_]+)\)")
_OPS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le, "==": operator.eq,
}  # fmt: skip


def rules() -> dict[str, dict[str, Any]]:
    """Every shipped rule by its alert's name."""
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def holds(expression: str, samples: Samples) -> bool:
    """Whether Prometheus would have a result (and so, after its `for`, an alert). Raises ValueError for an expression
    beyond the above."""
    return any(_holds(part.strip(), samples) for part in expression.split(" or "))


def _holds(part: str, samples: Samples) -> bool:
    if found := _ABSENT.fullmatch(part):
        return not any(name == found["name"] for name, _ in samples)
    found = _COMPARED.fullmatch(part)
    if found is None:
        raise ValueError(f"not an expression that the tests understand: {part}")
    wanted = {(found["label"], found["value"])} if found["label"] else set()
    values = [v for (name, labels), v in samples.items() if name == found["name"] and wanted <= labels]
    if not values:
        return False  # as in PromQL: no series, no result
    total = {"max": max, "min": min, "sum": sum}[found[1]](values)
    return _OPS[found["op"]](total, float(found["bound"]))


def firing(samples: Samples) -> set[str]:
    """The alerts whose condition is true."""
    return {name for name, rule in rules().items() if holds(rule["expr"], samples)}
