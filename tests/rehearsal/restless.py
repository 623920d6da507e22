"""Journeys that turn in circles, or wait for what may never come."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

from doorstep import Journey, Purpose, ReviewSubmitted, journey


@journey("restless-story", version=1)
class InTheStory(Journey):
    async def run(self) -> str:
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL)
        while True:
            await workflow.sleep(timedelta(hours=1))  # here


@journey("restless-arm", version=1)
class InAnArm(Journey):
    """Another arm waits, and the story for both."""

    async def run(self) -> str:
        async with self.arms(join=True) as arm:
            arm(self.turning())
            arm(self.waiting())
        return "completed"

    async def turning(self) -> None:
        while True:
            await workflow.sleep(timedelta(hours=1))  # here

    async def waiting(self) -> None:
        await self.wait_for(ReviewSubmitted)


@journey("restless-asking", version=1)
class Asking(Journey):
    """It asks for advice again and again, in no time."""

    async def run(self) -> str:
        async with self.arms(join=True) as arm:
            arm(self.waiting())
            while True:
                await self.recommendations()  # here

    async def waiting(self) -> None:
        await self.wait_for(ReviewSubmitted)


@journey("patient", version=1)
class Patient(Journey):
    """For each arm that waits a place."""

    async def run(self) -> str:
        async with self.arms(join=True) as arm:
            arm(self.reviewed())
            arm(self.asked())
        return "completed"

    async def reviewed(self) -> None:
        await self.wait_for(ReviewSubmitted)  # reviewed

    async def asked(self) -> None:
        await self.wait_until(lambda: self.first_order and self.vip, name="a miracle")  # asked


@journey("going-over", version=1)
class GoesOver(Journey):
    async def run(self) -> str:
        await self.send("order-confirmation", purpose=Purpose.TRANSACTIONAL)
        await self.over()
        return "completed"

    async def over(self) -> None:
        workflow.continue_as_new(workflow="patient.v1")  # here
