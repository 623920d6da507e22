"""A store's own rules: `stores.policy`, JSON laid over `StorePolicy`'s defaults, checked key by key.

{"window": "09:00–20:00", "caps": [{"limit": 1, "hours": 20}, {"limit": 4, "hours": 168}],
 "headroom": 1, "headroom_from": 60, "holdout_percent": 5}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

from doorstep.domain.customers import Cap, StorePolicy
from doorstep.domain.moments import SendWindow
from doorstep.errors import BadInput, nearest

KEYS = ("window", "caps", "headroom", "headroom_from", "holdout_percent")
_WINDOW = re.compile(r"\s*(\d{2}:\d{2})\s*(?:-|–|—)\s*(\d{2}:\d{2})\s*")


def policy_of(raw: Mapping[str, Any]) -> StorePolicy:
    """The policy of a store's JSON; keys left out keep their default. Raises `BadInput` naming the key."""
    changes: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in KEYS:
            raise BadInput(
                f"A store's policy has no key '{key}'.{nearest(key, KEYS)}", mend=f"It has {', '.join(KEYS)}."
            )
        changes[key] = _READ[key](key, value)
    return replace(StorePolicy(), **changes)


def policy_json(policy: StorePolicy) -> dict[str, Any]:
    """The JSON of which `policy_of` makes that policy again."""
    return {
        "window": f"{policy.window.opens:%H:%M}-{policy.window.closes:%H:%M}",
        "caps": [{"limit": cap.limit, "hours": cap.window / timedelta(hours=1)} for cap in policy.caps],
        "headroom": policy.headroom,
        "headroom_from": policy.headroom_from,
        "holdout_percent": policy.holdout_percent,
    }


def _window(key: str, value: Any) -> SendWindow:
    found = _WINDOW.fullmatch(value) if isinstance(value, str) else None
    try:
        if found is None:
            raise ValueError(value)
        return SendWindow(opens=time.fromisoformat(found[1]), closes=time.fromisoformat(found[2]))
    except (ValueError, BadInput) as error:
        raise _wrong(key, value, 'local times such as "09:00-20:00", the first before the second') from error


def _caps(key: str, value: Any) -> tuple[Cap, ...]:
    """At least one: the frequency rule ranks touches within the widest."""
    if not isinstance(value, list) or not value:
        raise _wrong(key, value, 'a list such as [{"limit": 1, "hours": 20}]')
    return tuple(_cap(f"{key}[{i}]", item) for i, item in enumerate(value))


def _cap(key: str, value: Any) -> Cap:
    if not isinstance(value, Mapping) or set(value) != {"limit", "hours"}:
        raise _wrong(key, value, "an object with limit and hours")
    limit = _whole(0, 1000)(f"{key}.limit", value["limit"])
    hours = _number(0.25, 24 * 366)(f"{key}.hours", value["hours"])
    return Cap(limit=limit, window=timedelta(hours=hours))


def _number(low: float, high: float) -> Any:
    def read(key: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise _wrong(key, value, f"a number from {low:g} to {high:g}")
        return float(value)

    return read


def _whole(low: int, high: int) -> Any:
    def read(key: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _wrong(key, value, f"a whole number from {low} to {high}")
        return value

    return read


def _wrong(key: str, value: Any, allowed: str) -> BadInput:
    return BadInput(f"policy.{key} is {value!r}.", mend=f"Give {allowed}.")


_READ: dict[str, Any] = {
    "window": _window,
    "caps": _caps,
    "headroom": _whole(0, 1000),
    "headroom_from": _whole(0, 101),
    "holdout_percent": _number(0, 100),
}
