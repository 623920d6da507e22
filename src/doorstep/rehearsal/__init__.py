"""Rehearsal: Temporal's own workflow code, in process, on a virtual clock. Ninety days in milliseconds."""
