"""The deployment's state, asked when somebody scrapes, and never more often than it is cheap.

An answer is kept for `KEEP_SECONDS`, and for `PATIENCE` times as long as it took: a count that takes three seconds
on a large table is asked once a minute. So a scrape costs the database at most a twentieth of one connection,
whoever scrapes and however often.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from doorstep.models.base import Database
from doorstep.models.reading.gauges import QUESTIONS, Question, Sample

log = structlog.get_logger(__name__)

KEEP_SECONDS = 2.0
PATIENCE = 20.0
TEMPORAL_KEEP_SECONDS = 15.0
TEMPORAL_SECONDS = 2.0
STUCK = "doorstep_journeys_stuck"

_OWN = {
    "doorstep_database_up": "1: the questions behind these gauges were answered, and writes are taken.",
    "doorstep_temporal_up": "1: Temporal answered.",
    STUCK: "Running workflows whose tasks fail or time out again and again: code that cannot carry them on.",
    "doorstep_writer_waiting": "Webhooks that wait for this process's next commit.",
    "doorstep_courier_waiting": "Journeys and persons that this process has yet to tell.",
    "doorstep_courier_dropped": "What this process left to the sweep because too much waited.",
}


@dataclass(slots=True)
class _Kept:
    samples: list[Sample]
    until: float


@dataclass(slots=True, kw_only=True)
class Gauges:
    """One app's gauges. `stuck` asks Temporal how many workflows cannot go on (raises when it is away)."""

    database: Database
    clock: Callable[[], datetime]
    stuck: Callable[[float], Awaitable[int]] | None = None
    _kept: dict[int, _Kept] = field(default_factory=dict)
    _temporal: _Kept | None = None
    _takes_writes: tuple[bool, float] = (False, float("-inf"))
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def samples(self) -> list[Sample]:
        """Every gauge of the deployment. Never raises: what cannot be asked is missing, and `…_up` is 0."""
        async with self._one:  # two scrapers share one answer
            tables, temporal = await asyncio.gather(asyncio.to_thread(self._ask_tables), self._ask_temporal())
        return [*tables, *temporal]

    def _ask_tables(self) -> list[Sample]:
        found: list[Sample] = []
        for number, question in enumerate(QUESTIONS):
            kept = self._kept.get(number)
            if kept is None or kept.until < time.monotonic():
                kept = self._kept[number] = self._ask(question)
            found.extend(kept.samples)
        # one that takes longer than a statement may is missing; a database that answers none is away
        return [*found, Sample("doorstep_database_up", 1 if found and self._writes() else 0)]

    def _writes(self) -> bool:
        """Whether it takes writes; as long believed as a count is."""
        now = time.monotonic()
        if self._takes_writes[1] < now:
            try:
                writes = self.database.takes_writes()
            except Exception as error:  # noqa: BLE001 - out of reach between the questions and this one
                log.warning("metrics.not_answered", error=type(error).__name__, gauges=["database_up"])
                writes = False
            self._takes_writes = writes, now + KEEP_SECONDS
        return self._takes_writes[0]

    def _ask(self, question: Question) -> _Kept:
        began = time.monotonic()
        samples: list[Sample] = []
        try:
            with self.database.reading() as connection:
                samples = question.ask(connection, self.clock())
        except Exception as error:  # noqa: BLE001 - whatever keeps it from being answered, the scrape goes on
            log.warning("metrics.not_answered", error=type(error).__name__, gauges=list(question.gauges))
        now = time.monotonic()
        return _Kept(samples, now + max(KEEP_SECONDS, PATIENCE * (now - began)))

    async def _ask_temporal(self) -> list[Sample]:
        if self.stuck is None:
            return []
        now = time.monotonic()
        if self._temporal is None or self._temporal.until < now:
            try:
                stuck = await asyncio.wait_for(self.stuck(TEMPORAL_SECONDS), TEMPORAL_SECONDS + 0.5)
                found = [Sample("doorstep_temporal_up", 1), Sample(STUCK, stuck)]
            except Exception as error:  # noqa: BLE001 - Temporal away, or a visibility store that cannot answer
                log.warning("metrics.temporal_unreachable", error=type(error).__name__)
                found = [Sample("doorstep_temporal_up", 0)]
            self._temporal = _Kept(found, now + TEMPORAL_KEEP_SECONDS)
        return self._temporal.samples


def registry(samples: Iterable[Sample]) -> CollectorRegistry:
    """The samples as a registry, for `telemetry.instruments.exposed`."""
    made = CollectorRegistry()
    made.register(_Told(list(samples)))
    return made


class _Told(Collector):
    def __init__(self, samples: list[Sample]) -> None:
        self._samples = samples

    def collect(self) -> Iterator[GaugeMetricFamily]:
        told = {name: text for question in QUESTIONS for name, text in question.gauges.items()} | _OWN
        families: dict[str, GaugeMetricFamily] = {}
        for sample in self._samples:
            family = families.get(sample.name)
            if family is None:
                names = [name for name, _ in sample.labels]
                family = families[sample.name] = GaugeMetricFamily(
                    sample.name, told.get(sample.name, ""), labels=names
                )
            family.add_metric([value for _, value in sample.labels], sample.value)
        yield from families.values()
