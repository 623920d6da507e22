"""Our own signed event API: any system that can sign a POST can tell Doorstep what happened."""

from doorstep.sources.signed.adapter import MAX_EVENTS, TOLERANCE, Signed, secret_from, signed_headers

__all__ = ["MAX_EVENTS", "TOLERANCE", "Signed", "secret_from", "signed_headers"]
