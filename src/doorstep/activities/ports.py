"""The production ports: SQL behind the store, a provider behind each channel, the store packages' templates
before the built-in ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from doorstep.activities.caring import CaringActivities
from doorstep.activities.showing import ShowingActivities
from doorstep.activities.store_desk import StoreDesk
from doorstep.activities.touching import TouchActivities
from doorstep.channels import configured
from doorstep.channels.outbox import OutboxSender
from doorstep.channels.pacing import Paces
from doorstep.domain.messages import Channel
from doorstep.models.base import Database
from doorstep.models.forgotten import buyer_forgotten
from doorstep.models.ids import draw
from doorstep.models.ledger import OutboxMessage
from doorstep.models.store import SqlStore
from doorstep.ports import Ports, Sender
from doorstep.settings import Settings
from doorstep.templates.packages import renderer

#: channels that the local stand-in serves until a provider is set up
OUTBOX_CHANNELS = (Channel.EMAIL, Channel.SMS)


def build_ports(settings: Settings, database: Database, paces: Paces | None = None) -> Ports:
    """Everything a touch needs; `paces`: of this process. Raises `SetupError` or `TemplateError` for a store package's
    brand or templates that cannot be read."""
    outbox: Sender = OutboxSender(database, OutboxMessage, draw, forgotten=buyer_forgotten)
    made = renderer(settings.store_packages)
    paces = paces or Paces.of(settings)
    desk = StoreDesk(database, made.brand, mail_from=settings.mail_from, links_url=settings.links_url)
    return Ports(
        store=SqlStore(database, secret=settings.secret_key(), base_url=settings.links_url),
        renderer=made,
        senders={
            **dict.fromkeys(OUTBOX_CHANNELS, outbox),
            **{
                channel: paces.heeding(channel, sender)
                for channel, sender in configured.senders(settings, desk.identity, desk.callback).items()
            },
        },
        pace=paces,
    )


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
