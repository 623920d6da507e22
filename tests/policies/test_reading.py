"""A store's policy: read key by key, wrong ones named."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest

from doorstep.domain.customers import Cap, StorePolicy
from doorstep.domain.moments import SendWindow
from doorstep.errors import BadInput
from doorstep.policies.reading import policy_json, policy_of

RAW: dict[str, Any] = {
    "window": "08:30–19:00",
    "caps": [{"limit": 2, "hours": 24}, {"limit": 5, "hours": 168.5}],
    "headroom": 0,
    "headroom_from": 70,
    "holdout_percent": 2.5,
}


def test_every_key_is_read() -> None:
    """The JSON a store keeps becomes the policy the gate reads."""
    assert policy_of(RAW) == StorePolicy(
        window=SendWindow(opens=time(8, 30), closes=time(19)),
        caps=(Cap(limit=2, window=timedelta(hours=24)), Cap(limit=5, window=timedelta(hours=168.5))),
        headroom=0,
        headroom_from=70,
        holdout_percent=2.5,
    )


def test_what_is_left_out_keeps_its_default() -> None:
    """An empty policy is the default one, and one key changes one thing."""
    assert policy_of({}) == StorePolicy()
    assert policy_of({"headroom": 3}).caps == StorePolicy().caps


@pytest.mark.parametrize("raw", [{}, RAW])
def test_a_policy_survives_its_json(raw: dict[str, Any]) -> None:
    """Written and read again it is the same."""
    assert policy_of(policy_json(policy_of(raw))) == policy_of(raw)


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"windw": "09:00-20:00"}, "'window'"),
        ({"window": "9-20"}, "policy.window"),
        ({"window": "20:00-09:00"}, "policy.window"),
        ({"window": "09:00-25:00"}, "policy.window"),
        ({"caps": []}, "policy.caps"),
        ({"caps": [{"limit": 1}]}, r"policy.caps\[0\]"),
        ({"caps": [{"limit": 1, "hours": 1}, {"limit": True, "hours": 1}]}, r"policy.caps\[1\].limit"),
        ({"caps": [{"limit": 1, "hours": -1}]}, r"policy.caps\[0\].hours"),
        ({"headroom": 1.5}, "policy.headroom"),
        ({"holdout_percent": 101}, "policy.holdout_percent"),
        ({"holdout_percent": "5"}, "policy.holdout_percent"),
    ],
)
def test_a_wrong_value_is_named(raw: dict[str, Any], named: str) -> None:
    """The error says which key is wrong and what it may be."""
    with pytest.raises(BadInput, match=named):
        policy_of(raw)
