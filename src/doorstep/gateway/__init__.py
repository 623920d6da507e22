"""Everything that is asked of Temporal: inbox → journeys, actions → updates, states and histories out.

`Gateway` is the only user of a Temporal client; `Courier` delivers right after a commit, `sweep_forever` what is left.
"""

from __future__ import annotations

from doorstep.gateway.client import connect
from doorstep.gateway.core import Gateway, sweep_forever
from doorstep.gateway.courier import Courier
from doorstep.gateway.marks import Delivered
from doorstep.ingest.redrive import Redriven, redrive

__all__ = ["Courier", "Delivered", "Gateway", "Redriven", "connect", "redrive", "sweep_forever"]
