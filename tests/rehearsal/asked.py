"""Workflows whose validators, handlers and queries do what a workflow must not. In a module of its own: the sandbox
imports it anew."""

from __future__ import annotations

import time
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ApplicationError


class Asked:
    def __init__(self) -> None:
        self.words: list[str] = []

    async def until_stopped(self) -> list[str]:
        await workflow.wait_condition(lambda: "stop" in self.words)
        return self.words


@workflow.defn
class ClockInTheValidator(Asked):
    @workflow.run
    async def run(self) -> list[str]:
        return await self.until_stopped()

    @workflow.signal
    def say(self, word: str) -> None:
        self.words.append(word)

    @workflow.update
    def add(self, word: str) -> int:
        self.words.append(word)
        return len(self.words)

    @add.validator
    def _check(self, word: str) -> None:
        if datetime.now().year > 9000:  # noqa: DTZ005 # here
            raise ValueError(word)


@workflow.defn
class WrapsTheRefusal(Asked):
    @workflow.run
    async def run(self) -> list[str]:
        return await self.until_stopped()

    @workflow.update
    def add(self, word: str) -> None:
        self.words.append(word)

    @add.validator
    def _check(self, word: str) -> None:
        try:
            time.time()  # here
        except Exception as error:
            raise ApplicationError(word) from error


@workflow.defn
class SleepsInTheValidator(Asked):
    @workflow.run
    async def run(self) -> list[str]:
        return await self.until_stopped()

    @workflow.update
    def add(self, word: str) -> None:
        self.words.append(word)

    @add.validator
    def _check(self, word: str) -> None:
        time.sleep(0.001)  # here


@workflow.defn
class ClockInTheQuery(Asked):
    @workflow.run
    async def run(self) -> list[str]:
        return await self.until_stopped()

    @workflow.query
    def add(self, word: str) -> str:
        return f"{word} {time.time()}"  # here


@workflow.defn
class Refuses(Asked):
    @workflow.run
    async def run(self) -> list[str]:
        return await self.until_stopped()

    @workflow.signal
    def say(self, word: str) -> None:
        self.words.append(word)

    @workflow.update
    def add(self, word: str) -> None:
        self.words.append(word)

    @add.validator
    def _check(self, word: str) -> None:
        raise ValueError(word)

    @workflow.query
    def told(self) -> str:
        raise ValueError("nothing to tell")


@workflow.defn
class Takes(Asked):
    @workflow.run
    async def run(self) -> list[str]:
        return await self.until_stopped()

    @workflow.signal
    def say(self, word: str) -> None:
        self.words.append(word)

    @workflow.signal(name="say-later")
    async def later(self, word: str, times: int = 1) -> None:
        self.words += [word] * times

    @workflow.update
    async def add(self, word: str) -> None:
        self.words.append(word)

    @workflow.signal
    async def stumble(self) -> None:
        self.add_twice("tea")  # type: ignore[call-arg] # here

    def add_twice(self, word: str, other: str) -> None:
        self.words += [word, other]
