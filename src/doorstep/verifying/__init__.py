"""Two revisions of the journeys compared before one replaces the other: over scenarios (`diffing`) and over the
histories of live journeys (`verification`). Each revision runs in a process of its own, on its own code."""
