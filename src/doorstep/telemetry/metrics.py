"""What is counted, under which name. Labels are routes, steps, reasons and outcomes: never a person, an address or
a reference. `docs/runbook.md` lists them for people.
"""

from __future__ import annotations

from doorstep.telemetry.instruments import Tally, Timing

_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

# --- the API ---------------------------------------------------------------------------------------
http_requests = Timing(
    "doorstep_http_request_seconds",
    "Requests by route, from the first byte to the last.",
    ("method", "route", "status"),
    _QUICK,
)
webhooks = Tally(
    "doorstep_webhooks",
    "Webhooks by the adapter of their connection and what was answered: accepted, duplicate, quarantined, ignored, "
    "or the code of the refusal.",
    ("source", "answer"),
)

# --- inbox to journeys -----------------------------------------------------------------------------
deliveries = Tally(
    "doorstep_inbox_deliveries",
    "Events carried to journeys: delivered, kept (the journey was over), failed (tried again later).",
    ("result",),
)
journeys_started = Tally("doorstep_journeys_started", "Journeys started, by workflow type.", ("type",))
journeys_closed = Tally(
    "doorstep_journeys_closed", "Journeys ended, by workflow type and outcome.", ("type", "outcome")
)

# --- touches ---------------------------------------------------------------------------------------
touches = Tally(
    "doorstep_touches",
    "What became of touches: sent, skipped, deferred, cancelled, failed, unknown. A deferred one comes again.",
    ("step", "channel", "outcome", "reason"),
)
touch_seconds = Timing(
    "doorstep_touch_seconds", "One attempt of a touch, gate to record.", ("channel", "outcome"), _SLOW
)
decisions = Tally(
    "doorstep_decisions",
    "The gate's committed decisions, with the reason of a refusal.",
    ("verdict", "reason"),
)
provider_calls = Timing(
    "doorstep_provider_seconds",
    "Calls of providers: accepted, rejected (final), refused (comes again), ambiguous (nobody knows).",
    ("provider", "channel", "answer"),
    _SLOW,
)
activity_failures = Tally(
    "doorstep_activity_failures",
    "Attempts of activities that failed, by the code of the error.",
    ("activity", "code"),
)

# --- maintenance -----------------------------------------------------------------------------------
maintenance = Tally(
    "doorstep_maintenance_items", "What maintenance did, by job and what it did.", ("job", "done")
)
maintenance_runs = Tally(
    "doorstep_maintenance_runs", "Rounds of maintenance by job and how they ended.", ("job", "ended")
)
