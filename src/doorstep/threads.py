"""How the threads of one process take turns. Standard library only."""

from __future__ import annotations

import sys

TURN_SECONDS = 0.0001


def take_short_turns() -> None:
    """For a process whose threads hold a database transaction while another thread computes.

    Each statement gives Python's lock away, and a busy thread may keep it for a turn: with the default of 5 ms a
    transaction of a dozen statements held SQLite's write lock for 20 to 70 ms, and every webhook waited for it. With
    0.1 ms it holds it for as long as its statements take.
    """
    sys.setswitchinterval(TURN_SECONDS)
