"""Workflows that show how the worker runs ours. In a module of their own: the sandbox imports it anew."""

from __future__ import annotations

import random
import time
from datetime import timedelta

from temporalio import workflow

from doorstep.contracts import JourneyStart
from doorstep.workflows.core import JourneyCore
from doorstep.workflows.standard_v1 import Standard

LOADED = object()
"""Another object in every import of this module."""


@workflow.defn(name="impure.v1")
class Impure:
    @workflow.run
    async def run(self) -> float:
        return random.random()


@workflow.defn(name="dated.v1")
class Dated:
    @workflow.run
    async def run(self) -> str:
        known = time.strftime("%Y", time.gmtime(workflow.now().timestamp()))
        return known + time.strftime("%Y")


@workflow.defn(name="asking.v1")
class Asking:
    @workflow.run
    async def run(self) -> str:
        return str(await workflow.execute_activity("touch", start_to_close_timeout=timedelta(seconds=5)))


@workflow.defn(name="identity.v1")
class Identity:
    @workflow.run
    async def run(self) -> list[int]:
        return [id(LOADED), id(Standard), id(JourneyStart), id(JourneyCore)]
