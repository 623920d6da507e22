"""Webhooks in: raw bytes, sightings and events of one webhook become rows in one transaction.

`accept` takes one in; `Writer` gathers many into one commit; `redrive` reads quarantined ones again.
"""

from __future__ import annotations

from doorstep.ingest.accept import accept, accept_in
from doorstep.ingest.inputs import Accepted, Answer, Connected, Raw, connected
from doorstep.ingest.redrive import Redriven, redrive
from doorstep.ingest.writer import Busy, Writer

__all__ = [
    "Accepted",
    "Answer",
    "Busy",
    "Connected",
    "Raw",
    "Redriven",
    "Writer",
    "accept",
    "accept_in",
    "connected",
    "redrive",
]
