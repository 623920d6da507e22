"""A plan, made: history and facts fetched, the journey rebuilt and run on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Self

from temporalio.client import WorkflowHistory

from doorstep.activities.ports import build_ports
from doorstep.domain.messages import Channel
from doorstep.domain.touches import TouchRequest
from doorstep.models.base import Database
from doorstep.models.facts import FactsReader
from doorstep.planning.advice import Advice
from doorstep.planning.early import as_begun
from doorstep.planning.facts import snapshot
from doorstep.ports import Renderer
from doorstep.rehearsal.assuming import Assumption
from doorstep.rehearsal.memory import MemoryStore
from doorstep.rehearsal.plan import Living, Plan, plan
from doorstep.rehearsal.premises import heard
from doorstep.rehearsal.records import Records
from doorstep.rehearsal.world import Unrendered, World
from doorstep.settings import Settings
from doorstep.workflows import registry


class Planner:
    """Makes plans. One per process: it keeps the parsed policies and the renderer's list of templates."""

    def __init__(
        self,
        database: Database,
        *,
        secret: bytes,
        renderer: Renderer,
        channels: tuple[Channel, ...],
    ) -> None:
        """`channels`: those a provider is set up for."""
        self._database, self._reader = database, FactsReader(secret)
        self._renderer, self._channels = Unrendered(renderer), channels
        self._advice = Advice(database)

    @classmethod
    def of(cls, settings: Settings, database: Database) -> Self:
        """As the worker of these settings would send. Raises `SetupError` or `TemplateError` for a store package that
        cannot be read."""
        registry.load(settings.store_packages)
        ports = build_ports(settings, database)
        return cls(
            database,
            secret=settings.secret_key(),
            renderer=ports.renderer,
            channels=tuple(ports.senders),
        )

    async def plan(
        self,
        history: WorkflowHistory,
        *,
        now: datetime,
        as_of: datetime | None = None,
        assumption: Assumption = Assumption.NOTHING,
    ) -> Plan:
        """The plan as of `as_of` (aware; None: now). Runs in a thread: a plan takes milliseconds of computing."""
        return await asyncio.to_thread(self.made, history, now, as_of, assumption)

    def made(
        self,
        history: WorkflowHistory,
        now: datetime,
        as_of: datetime | None = None,
        assumption: Assumption = Assumption.NOTHING,
    ) -> Plan:
        """As `plan`, in this thread. Raises `NotFound` for a journey the tables do not know."""
        at, past = (now, False) if as_of is None else (min(as_of, now).astimezone(UTC), True)
        then = heard(history, at).order if past else None
        with self._database.reading() as connection:
            found = snapshot(connection, self._reader, history.workflow_id, at, then)
        if past:
            history = as_begun(history, at)
        kept = found.records.copied()
        world, advice = self._living(found.records)
        made = plan(
            history,
            registry.journeys(),
            world,
            at=at,
            assumption=assumption,
            arrivals=found.arrivals,
            activities=advice,
            again=lambda: self._living(kept.copied()),
        )
        return replace(made, assumed=(*made.assumed, *found.untold)) if made.rebuilt else made

    def _living(self, records: Records) -> Living:
        """A world of these facts, in which nothing is worded and advice is given as the worker gives it."""
        world = World(records, self._renderer, channels=self._channels)
        world.ports = _unworded(world)
        return world, self._advice.of(records)


class _Wordless(MemoryStore):
    """A plan says nothing to anybody: no template is filled in."""

    def content(self, request: TouchRequest, channel: Channel, at: datetime) -> dict[str, Any]:
        return {}


def _unworded(world: World) -> Any:
    return replace(world.ports, store=_Wordless(world.records))
