"""Journeys. Re-imported by Temporal's sandbox for every run, so this package stays small and pure; the
types it speaks in live in `doorstep.domain` and `doorstep.contracts`, which pass through."""
