"""The production ports: SQL behind the store, a provider behind each channel, the store packages' templates
before the built-in ones."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from doorstep.activities.caring import CaringActivities
from doorstep.activities.showing import ShowingActivities
from doorstep.activities.touching import TouchActivities
from doorstep.channels.outbox import OutboxSender
from doorstep.domain.messages import Channel
from doorstep.models.base import Database
from doorstep.models.ids import draw
from doorstep.models.ledger import OutboxMessage
from doorstep.models.store import SqlStore
from doorstep.ports import Ports, Sender
from doorstep.settings import Settings
from doorstep.templates.brand import DEFAULT_BRAND, Brand
from doorstep.templates.renderer import Renderer

#: channels that the local stand-in serves until a provider is set up
OUTBOX_CHANNELS = (Channel.EMAIL, Channel.SMS)


def build_ports(settings: Settings, database: Database) -> Ports:
    """Everything a touch needs. Raises `SetupError` or `TemplateError` for a store package's brand or
    templates that cannot be read."""
    outbox: Sender = OutboxSender(database, OutboxMessage, draw)
    return Ports(
        store=SqlStore(database, secret=settings.secret_key(), base_url=settings.base_url),
        renderer=renderer(settings.store_packages),
        senders=dict.fromkeys(OUTBOX_CHANNELS, outbox),
    )


def renderer(packages: Iterable[str]) -> Renderer:
    """The renderer over `templates/` and `brand.toml` of each store package, the first package first."""
    homes = [home for package in packages if (home := package_home(package)) is not None]
    brands = [home / "brand.toml" for home in homes if (home / "brand.toml").is_file()]
    return Renderer(
        [home / "templates" for home in homes if (home / "templates").is_dir()],
        brand=Brand.load(brands[0]) if brands else DEFAULT_BRAND,
    )


def package_home(package: str) -> Path | None:
    """The folder of a store package; None for one without files of its own."""
    file = importlib.import_module(package).__file__
    return None if file is None else Path(file).parent


def activities(ports: Ports, database: Database) -> list[Callable[..., Any]]:
    """Every activity of `contracts`, for a worker to register."""
    sending = TouchActivities(ports)
    showing = ShowingActivities(database, ports.store)
    caring = CaringActivities(database)
    return [
        sending.touch,
        showing.project,
        showing.claim_action,
        caring.open_ticket,
        caring.move_points,
        caring.recommend,
        caring.predict_run_out,
    ]
