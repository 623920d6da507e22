"""What a workflow may ask of Python's clock and chance, and what not. In a module of its own: the sandbox imports it
anew."""

from __future__ import annotations

import calendar
import copy
import email.utils
import os
import random
import time
import uuid
from datetime import UTC, date, datetime
from email import utils
from email.utils import formatdate
from os import stat
from random import Random, SystemRandom
from time import gmtime, strftime

from temporalio import workflow

KNOWN = (calendar, copy, email, os, uuid, date, datetime, UTC, utils, formatdate, stat, SystemRandom, gmtime)
"""What is asked for by name only."""
MADE_AT_IMPORT = random.Random()
YEAR_AT_IMPORT = int(strftime("%Y"))
FILE_AT_IMPORT = stat(__file__).st_size


class Dice(Random):
    """A store's own."""


@workflow.defn
class Asks:
    @workflow.run
    async def run(self, asked: str) -> str:
        if asked == "unrestricted":
            with workflow.unsafe.sandbox_unrestricted():
                return str(time.gmtime().tm_year + random.Random().random())
        return repr(eval(asked))


@workflow.defn
class AsksWhenMade:
    def __init__(self) -> None:
        self.dice = Random()  # here

    @workflow.run
    async def run(self) -> float:
        return self.dice.random()
