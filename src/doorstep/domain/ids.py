"""Ids that follow from what they name. Opaque: none carries personal data, all are safe in URLs and logs.

Ids that follow from nothing (persons, keys) are drawn by `doorstep.models.ids`, never here.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
"""Base32, two characters at a time: a third of the time that `base64` takes."""


def digest(*parts: str, length: int = 26) -> str:
    """Lower-case base32 of SHA-256 over length-prefixed parts; 26 characters hold 130 bits."""
    raws = [part.encode() for part in parts]
    hashed = hashlib.sha256(b"".join([len(raw).to_bytes(4, "big") + raw for raw in raws])).digest()
    bits = int.from_bytes(hashed, "big") >> 256 - 5 * length
    told = "".join([_PAIRS[bits >> shift & 1023] for shift in range(5 * length - 10, -1, -10)])
    return told if length % 2 == 0 else told + _ALPHABET[bits & 31]


@lru_cache(maxsize=1024)  # one webhook asks for it half a dozen times, and seldom comes alone
def order_ref(store_id: str, external_order_id: str) -> str:
    """`ord_…`: one order of one store, however often its webhooks come."""
    return f"ord_{digest(store_id, external_order_id)}"


def journey_id(order: str) -> str:
    """`jny_…`: the journey (and Temporal workflow) of an order; same digest as its `ord_…`."""
    return f"jny_{order.removeprefix('ord_')}"


@lru_cache(maxsize=1024)
def shipment_ref(store_id: str, external_fulfilment_id: str) -> str:
    """`shp_…`: one parcel. Tracking codes are recycled by carriers, so they never enter."""
    return f"shp_{digest(store_id, 'shipment', external_fulfilment_id)}"


def touch_key(journey: str, step: str, occurrence: str = "") -> str:
    """`journey:step[:occurrence]`. The channel is an attribute: a fallback is the same touch."""
    return f"{journey}:{step}:{occurrence}" if occurrence else f"{journey}:{step}"


def fraction(*parts: str) -> float:
    """A stable number in [0, 1) that follows from the parts: spreads, variants, holdouts."""
    h = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return int.from_bytes(h[:7], "big") / float(1 << 56)
