"""Counters and histograms whose cost is a dictionary look-up and whose labels cannot grow without end.

A store names its own steps, phases and outcomes; one that made them up as it goes would fill Prometheus. So each
instrument takes a bounded number of label sets; what comes after that is counted as `other`.
"""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest

MOST = 500
"""Label sets of one instrument."""
OTHER = "other"

REGISTRY = CollectorRegistry(auto_describe=True)
"""Everything this process counts. One per process: several apps of one process (tests) share it."""
ProcessCollector(registry=REGISTRY)  # memory, file descriptors, start time


class Tally:
    """Counts by labels: `tally("shopify", "accepted")`."""

    def __init__(self, name: str, told: str, labels: Sequence[str], *, most: int = MOST) -> None:
        self._counter = Counter(name, told, labels, registry=REGISTRY)
        self._held: dict[tuple[str, ...], Counter] = {}
        self._most, self._others = most, (OTHER,) * len(labels)

    def __call__(self, *labels: str, by: float = 1.0) -> None:
        child = self._held.get(labels)
        if child is None:
            if len(self._held) >= self._most:
                labels = self._others
            child = self._held[labels] = self._counter.labels(*labels)
        child.inc(by)


class Timing:
    """Seconds by labels: `timing(0.012, "GET", "/journeys")`."""

    def __init__(
        self, name: str, told: str, labels: Sequence[str], buckets: Sequence[float], *, most: int = MOST
    ) -> None:
        self._histogram = Histogram(name, told, labels, buckets=buckets, registry=REGISTRY)
        self._held: dict[tuple[str, ...], Histogram] = {}
        self._most, self._others = most, (OTHER,) * len(labels)

    def __call__(self, seconds: float, *labels: str) -> None:
        child = self._held.get(labels)
        if child is None:
            if len(self._held) >= self._most:
                labels = self._others
            child = self._held[labels] = self._histogram.labels(*labels)
        child.observe(seconds)


def exposed(*more: CollectorRegistry) -> bytes:
    """This process's metrics (and those of other registries) in Prometheus' text format."""
    return b"".join(generate_latest(registry) for registry in (REGISTRY, *more))
