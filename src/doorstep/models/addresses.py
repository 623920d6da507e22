"""Addresses, one spelling each, and the keyed hash under which a suppressed one is remembered."""

from __future__ import annotations

import hashlib
import hmac
import re

from doorstep.domain.messages import Channel

#: the identity that is the address of a channel
IDENTITY_OF = {Channel.EMAIL: "email", Channel.SMS: "phone"}
CHANNEL_OF = {kind: channel for channel, kind in IDENTITY_OF.items()}


def normal_address(channel: Channel, address: str) -> str:
    """One spelling per address: email in lower case (no provider we know tells cases apart), a phone number
    as its digits with a leading plus where it had one. A push token stays as it is."""
    address = address.strip()
    if channel is Channel.EMAIL:
        return address.lower()
    if channel is Channel.SMS:
        return ("+" if address.startswith("+") else "") + re.sub(r"\D", "", address)
    return address


def address_hash(secret: bytes, channel: Channel, address: str) -> str:
    """HMAC-SHA256 of channel and normal address, hex. It outlives an erasure: without the installation's
    secret nobody can tell from it, by trying, whose address it was."""
    named = f"{channel}|{normal_address(channel, address)}"
    return hmac.new(secret, named.encode(), hashlib.sha256).hexdigest()
