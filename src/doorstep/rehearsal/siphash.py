"""SipHash-1-3: with a key of zeros, how Temporal's core makes the seed of a run's chance from its id; with one made of
`PYTHONHASHSEED`, how Python hashes texts."""

from __future__ import annotations

import sys

_MASK = (1 << 64) - 1
SAME_AS_PYTHON = sys.hash_info.algorithm == "siphash13" and sys.hash_info.width == 64
"""Whether this Python hashes texts so (CPython does, from 3.11 on)."""


def siphash13(text: str) -> int:
    """The 64-bit seed of `workflow.random()` for a run id, as the core (temporal-sdk-core, `SipHasher13` over a Rust
    `str`, whose hash ends with 0xff) computes it."""
    return _hashed(text.encode() + b"\xff", (0, 0))


def key_of(seed: int) -> tuple[int, int]:
    """What CPython makes of a `PYTHONHASHSEED` (`lcg_urandom`); 0 switches it off."""
    if seed == 0:
        return 0, 0
    made, x = bytearray(), seed
    for _ in range(16):
        x = (x * 214013 + 2531011) & 0xFFFFFFFF
        made.append(x >> 16 & 0xFF)
    return int.from_bytes(made[:8], "little"), int.from_bytes(made[8:], "little")


def hash_of(text: str, key: tuple[int, int]) -> int:
    """`hash(text)` in a process with that key, where `SAME_AS_PYTHON`: over the text as CPython keeps it, with one, two
    or four bytes a character."""
    if not text:
        return 0
    widest = max(text)
    kept = "latin-1" if widest < "\u0100" else "utf-16-le" if widest < "\U00010000" else "utf-32-le"
    made = _hashed(text.encode(kept, "surrogatepass"), key)
    signed = made - (1 << 64) if made >> 63 else made
    return -2 if signed == -1 else signed


def _hashed(data: bytes, key: tuple[int, int]) -> int:
    a, b = key[0] ^ 0x736F6D6570736575, key[1] ^ 0x646F72616E646F6D
    c, d = key[0] ^ 0x6C7967656E657261, key[1] ^ 0x7465646279746573
    whole = len(data) - len(data) % 8
    words = [int.from_bytes(data[n : n + 8], "little") for n in range(0, whole, 8)]
    words.append(int.from_bytes(data[whole:], "little") | (len(data) & 0xFF) << 56)
    for word in words:
        a, b, c, d = _round(a, b, c, d ^ word)
        a ^= word
    c ^= 0xFF
    for _ in range(3):
        a, b, c, d = _round(a, b, c, d)
    return a ^ b ^ c ^ d


def _round(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    """One round; a word is rotated by shifting it both ways."""
    a = (a + b) & _MASK
    b = ((b << 13 | b >> 51) & _MASK) ^ a
    a = (a << 32 | a >> 32) & _MASK
    c = (c + d) & _MASK
    d = ((d << 16 | d >> 48) & _MASK) ^ c
    a = (a + d) & _MASK
    d = ((d << 21 | d >> 43) & _MASK) ^ a
    c = (c + b) & _MASK
    b = ((b << 17 | b >> 47) & _MASK) ^ c
    return a, b, (c << 32 | c >> 32) & _MASK, d
