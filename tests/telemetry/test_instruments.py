"""Instruments: labels cannot grow without end, and counting costs next to nothing."""

from __future__ import annotations

from doorstep.telemetry.instruments import Tally, Timing, exposed
from telemetry.scraping import parsed, value


def test_labels_beyond_the_bound_are_counted_as_other() -> None:
    """A store that makes up a step per order fills one series, not Prometheus; nothing goes uncounted."""
    tally = Tally("test_bounded", "…", ("step", "outcome"), most=3)
    for n in range(50):
        tally(f"step-{n}", "sent")
    tally("step-1", "sent")
    samples = parsed(exposed().decode())
    assert value(samples, "test_bounded_total") == 51
    assert value(samples, "test_bounded_total", step="step-1") == 2
    assert value(samples, "test_bounded_total", step="other", outcome="other") == 47
    assert len([name for name, _ in samples if name == "test_bounded_total"]) == 4


def test_times_are_counted_in_their_buckets() -> None:
    """A histogram of seconds, by labels."""
    timing = Timing("test_seconds", "…", ("route",), (0.01, 0.1))
    timing(0.005, "/a")
    timing(0.05, "/a")
    samples = parsed(exposed().decode())
    assert value(samples, "test_seconds_bucket", route="/a", le="0.01") == 1
    assert value(samples, "test_seconds_count", route="/a") == 2
