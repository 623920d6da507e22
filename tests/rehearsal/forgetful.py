"""Journeys that forget to await: at once, in a condition, on a way which the first story does not take; and one that
only leaves what it has no more use for."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow

from doorstep import Journey, Purpose, ReturnRequested, journey

SERVICE = Purpose.TRANSACTIONAL


@journey("forgetful-at-once", version=1)
class AtOnce(Journey):
    """For everybody."""

    async def run(self) -> str:
        self.send("order-confirmation", purpose=SERVICE)  # type: ignore[unused-coroutine] # that is the mistake
        return "completed"


@journey("forgetful-in-a-condition", version=1)
class InACondition(Journey):
    """A coroutine is always true, so that everybody is taken to have returned something."""

    async def returned(self) -> bool:
        """Whether something was returned."""
        return False

    async def run(self) -> str:
        await self.send("order-confirmation", purpose=SERVICE)
        return "returned" if self.returned() else "kept"  # type: ignore[truthy-function] # that is the mistake


@journey("forgetful-in-a-variable", version=1)
class InAVariable(Journey):
    """Kept, and asked of what it never became."""

    async def run(self) -> str:
        sent = self.send(
            "order-confirmation",
            purpose=SERVICE,
        )
        return "completed" if sent else "kept"  # type: ignore[truthy-bool] # that is the mistake


@journey("forgetful-later", version=1)
class WhenReturned(Journey):
    """Who wants to return something is written to once, not twice."""

    async def run(self) -> str:
        await self.send("order-confirmation", purpose=SERVICE)
        if await self.wait_for(ReturnRequested, until=self.day(60)) is None:
            return "kept"
        await self.send("return-received", purpose=SERVICE)
        self.send("return-guide", purpose=SERVICE)  # type: ignore[unused-coroutine] # that is the mistake
        return "returned"


@journey("forgetful-and-stuck", version=1)
class AndStuck(Journey):
    """Waits for ever for what it never began."""

    ready = False

    async def prepare(self) -> None:
        """So that it is ready."""
        self.ready = True

    async def run(self) -> str:
        self.prepare()  # type: ignore[unused-coroutine] # that is the mistake
        await workflow.wait_condition(lambda: self.ready)
        return "completed"


@journey("leaves-what-it-began", version=1)
class Leaves(Journey):
    """Nothing of this is a mistake: tasks that are cancelled before they begin, one that holds a coroutine for later,
    and one that is still there at the end."""

    async def later(self) -> None:
        """Longer than the journey."""
        await workflow.sleep(timedelta(days=400))

    async def holding(self) -> None:
        """Holds what comes after a wait that does not end."""
        then = self.later()
        await self.later()
        await then

    async def run(self) -> str:
        asyncio.ensure_future(self.later()).cancel()
        held = asyncio.ensure_future(self.holding())
        asyncio.ensure_future(self.holding())  # noqa: RUF006 - that it ends with the journey is what is tried
        await workflow.sleep(timedelta(days=1))
        held.cancel()
        await self.send("order-confirmation", purpose=SERVICE)
        asyncio.create_task(self.later()).cancel()
        asyncio.create_task(self.later())  # noqa: RUF006 - as above
        return "completed"
