"""Payloads sealed before they reach Temporal: AES-256-GCM under a ring of keys, the key's id beside the payload.

A payload is sealed whole, its metadata included, under a random 96-bit nonce. What is bound to it as associated data
is what every reader has: the format and the key's id. Not the workflow: a codec server and the web UI are not told
whose payload they open. A random nonce is safe for 2^32 payloads of one key (NIST SP 800-38D, 8.3): some hundred
million journeys; rotate before.

The ring's first key seals, every key opens. What carries no seal passes unchanged, so histories from before the
first key stay readable.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from doorstep.errors import DoorstepError, SetupError
from doorstep.settings import Settings

ENCODING = b"binary/encrypted"
KEY_ID = "encryption-key-id"
KEY_BYTES, NONCE_BYTES = 32, 12
_FORMAT = b"doorstep/1/"
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SHAPE = "Each is <id>:<base64 of 32 bytes>, newest first; `doorstep keys codec create --print` draws one."


class CannotOpen(DoorstepError):
    """A sealed payload that no key here opens."""

    code = "codec_key_missing"
    status = 400
    retryable = True  # the key may be brought here while it is tried again


@dataclass(frozen=True, slots=True)
class CodecKey:
    """One key of the ring. The secret is never part of a text."""

    id: str
    cipher: AESGCM = field(repr=False)


class KeyRing:
    """The keys at hand, newest first. `again`: reads them anew when a payload names one that is not here, so a
    key that was added to the file needs no restart to open what others seal."""

    def __init__(
        self, keys: Iterable[CodecKey], again: Callable[[], Iterable[CodecKey]] | None = None
    ) -> None:
        self._keys = list(keys)
        self._again = again
        self._by_id = {key.id: key for key in self._keys}

    @property
    def newest(self) -> CodecKey | None:
        """The key that seals; None: nothing is sealed."""
        return self._keys[0] if self._keys else None

    @property
    def ids(self) -> tuple[str, ...]:
        """Newest first."""
        return tuple(key.id for key in self._keys)

    def find(self, key_id: str) -> CodecKey:
        """Raises `CannotOpen`, naming the id, when it is not in the ring."""
        if key_id not in self._by_id and self._again is not None:
            self._by_id |= {key.id: key for key in self._again() if key.id not in self._by_id}
        found = self._by_id.get(key_id)
        if found is None:
            raise CannotOpen(
                f"A payload in Temporal is sealed with the key '{key_id}', which is not here.",
                mend="Put it back into DOORSTEP_CODEC_KEYS or the codec key file.",
            )
        return found


def read_keys(text: str) -> list[CodecKey]:
    """The keys of a setting or a file: separated by commas or lines, `#` begins a comment. Raises `SetupError`,
    which says which one is wrong and never what it holds."""
    keys: list[CodecKey] = []
    lines = (line.partition("#")[0] for line in text.splitlines())
    for n, part in enumerate((p.strip() for line in lines for p in line.split(",") if p.strip()), start=1):
        key_id, _, told = part.partition(":")
        if not _ID.fullmatch(key_id) or not told:
            raise SetupError(f"Codec key number {n} is not readable.", mend=_SHAPE)
        try:
            secret = base64.b64decode(told.strip(), validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if len(secret) != KEY_BYTES:
            raise SetupError(f"The codec key '{key_id}' is not base64 of {KEY_BYTES} bytes.", mend=_SHAPE)
        if any(key.id == key_id for key in keys):
            raise SetupError(f"The codec key '{key_id}' is there twice.", mend="Keep one of them.")
        keys.append(CodecKey(key_id, AESGCM(secret)))
    return keys


def draw_key(today: date) -> str:
    """A new key as a line of the file. Its id begins with the day, so that everybody sees how old it is."""
    secret = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    return f"k{today:%Y%m%d}-{secrets.token_hex(2)}:{secret}"


def key_ring(settings: Settings) -> KeyRing:
    """The deployment's ring; empty when no key is set. Raises `SetupError` for keys that cannot be read."""
    return KeyRing(read_keys(settings.codec_keys()), again=lambda: read_keys(settings.codec_keys()))


class Codec(PayloadCodec):
    """Seals with the ring's newest key, opens with any. With an empty ring nothing is sealed."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Sealed payloads, one for one."""
        key = self.ring.newest
        return list(payloads) if key is None else [_sealed(payload, key) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Opened payloads, one for one; what is not sealed passes. Raises `CannotOpen`."""
        return [self._opened(payload) for payload in payloads]

    def _opened(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key = self.ring.find(payload.metadata.get(KEY_ID, b"").decode("utf-8", "replace"))
        nonce, sealed = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            plain = key.cipher.decrypt(nonce, sealed, _FORMAT + key.id.encode())
        except (InvalidTag, ValueError) as error:
            raise CannotOpen(
                f"A payload in Temporal names the key '{key.id}' and does not open with it.",
                mend="It was changed on the way, or another key is kept here under that id.",
            ) from error
        return Payload.FromString(plain)


def _sealed(payload: Payload, key: CodecKey) -> Payload:
    nonce = os.urandom(NONCE_BYTES)
    sealed = key.cipher.encrypt(nonce, payload.SerializeToString(), _FORMAT + key.id.encode())
    return Payload(metadata={"encoding": ENCODING, KEY_ID: key.id.encode()}, data=nonce + sealed)


async def open_within(message: Message, codec: PayloadCodec) -> None:
    """Opens every payload anywhere in a protobuf message, in place: a history's events, a failure."""
    for item in _messages(message):
        if isinstance(item, Payload):
            (opened,) = await codec.decode([item])
            if opened is not item:
                item.CopyFrom(opened)
        else:
            await open_within(item, codec)


def _messages(message: Message) -> list[Any]:
    found: list[Any] = []
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        if descriptor.message_type.GetOptions().map_entry:
            if descriptor.message_type.fields_by_name["value"].message_type is not None:
                found += value.values()
        elif isinstance(value, Message):
            found.append(value)
        else:
            found += value
    return found
