"""Ids that follow from nothing, drawn at the edges. Opaque; safe in URLs and logs."""

from __future__ import annotations

import base64
import secrets


def draw(prefix: str) -> str:
    """`<prefix>_` and 128 random bits in lower-case base32."""
    return f"{prefix}_{base64.b32encode(secrets.token_bytes(16)).decode().lower().rstrip('=')}"
