"""SipHash-1-3 with a key of zeros: how Temporal's core makes the seed of a run's chance from its id."""

from __future__ import annotations

_MASK = (1 << 64) - 1


def siphash13(text: str) -> int:
    """The 64-bit seed of `workflow.random()` for a run id, as the core (temporal-sdk-core, `SipHasher13` over a Rust
    `str`, whose hash ends with 0xff) computes it."""
    data = text.encode() + b"\xff"
    state = [0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573]
    whole = len(data) - len(data) % 8
    words = [int.from_bytes(data[n : n + 8], "little") for n in range(0, whole, 8)]
    words.append(int.from_bytes(data[whole:], "little") | (len(data) & 0xFF) << 56)
    for word in words:
        state[3] ^= word
        _round(state)
        state[0] ^= word
    state[2] ^= 0xFF
    for _ in range(3):
        _round(state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _round(v: list[int]) -> None:
    v[0] = (v[0] + v[1]) & _MASK
    v[1] = _rotated(v[1], 13) ^ v[0]
    v[0] = _rotated(v[0], 32)
    v[2] = (v[2] + v[3]) & _MASK
    v[3] = _rotated(v[3], 16) ^ v[2]
    v[0] = (v[0] + v[3]) & _MASK
    v[3] = _rotated(v[3], 21) ^ v[0]
    v[2] = (v[2] + v[1]) & _MASK
    v[1] = _rotated(v[1], 17) ^ v[2]
    v[2] = _rotated(v[2], 32)


def _rotated(word: int, by: int) -> int:
    return (word << by | word >> (64 - by)) & _MASK
