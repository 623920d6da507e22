"""A store package with nothing in it but a shorter wait: what the API asks Temporal for its gauges it keeps for fifteen
seconds, which a test would wait for each time."""

from __future__ import annotations

from doorstep.api import gauges

gauges.TEMPORAL_KEEP_SECONDS = 1.0
