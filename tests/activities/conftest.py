"""A shop, and ports whose provider and renderer are stand-ins."""

from __future__ import annotations

import pytest

from doorstep.domain.messages import Channel
from doorstep.models.base import Database
from doorstep.models.store import SqlStore
from doorstep.ports import Ports
from senders import FakeRenderer, FakeSender
from shop import SECRET, open_shop


@pytest.fixture
def sender() -> FakeSender:
    return FakeSender()


@pytest.fixture
def ports(database: Database, sender: FakeSender) -> Ports:
    open_shop(database)
    store = SqlStore(database, secret=SECRET)
    return Ports(store=store, renderer=FakeRenderer(), senders={Channel.EMAIL: sender})
