"""A worker dies with a message in a real provider's hands: between `sending` and the call, and between the provider's
acceptance and our record. The provider cannot be asked; its callback, or its silence for R, decides."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.system.kills import claims
from tests.system.kills.doomed import RECONCILE
from tests.system.kills.house import Lane, Zygote
from tests.system.kills.orders import STORE, Order
from tests.system.kills.plan import Doom
from tests.system.kills.story import CARED, CONFIRMED

from doorstep.domain.ids import digest
from doorstep.models.stores import ConnectionRow
from doorstep.temporal_server import TemporalServer
from simulators.sendgrid import Mail, SendGrid
from simulators.twilio import NUMBER, SID, TOKEN, Text, Twilio

pytestmark = pytest.mark.system

SENDING, TAKEN = "sending.after_commit", "provider.accepted"
MAIL, SMS = "kills-mail", "kills-sms"
T, M = CONFIRMED, CARED


@dataclass(frozen=True)
class Texted(Order):
    """An order whose person has a phone and agrees to texts."""

    @property
    def phone(self) -> str:
        return f"+4930231250{int(digest(self.name, length=3), 36) % 100:02}"  # set aside for fiction

    def body(self, event: str) -> dict[str, Any]:
        told = super().body(event)
        if "person" in told:
            told["person"]["phone"] = self.phone
            told["data"]["consents"].append({"channel": "sms", "granted": True})
        return told


@dataclass(frozen=True)
class Case:
    """Where the worker dies with a step in hand, whether the provider reports it, and what must have become of it: its
    state, how often the provider took it."""

    step: str
    dies: str
    reports: bool
    state: str
    times: int
    provider: str = ""

    @property
    def order(self) -> Texted:
        name = f"{self.provider}-{self.dies}-{self.step}-{'told' if self.reports else 'silent'}"
        return Texted(name.replace(".", "-").replace("_", "-"))

    @property
    def key(self) -> str:
        return self.order.key(self.step)


CASES = (
    # taken, and the provider says so within R: once, whatever it was
    Case(T, TAKEN, True, "accepted", 1),
    Case(M, TAKEN, True, "accepted", 1),
    # taken, and nothing is heard: transactional again after R, marketing never
    Case(T, TAKEN, False, "accepted", 2),
    Case(M, TAKEN, False, "unknown", 1),
    # it had not left
    Case(T, SENDING, False, "accepted", 1),
    Case(M, SENDING, False, "unknown", 0),
)


class Log:
    """What a provider took under each key, and when; it reports half a second later, unless it is to be silent."""

    def __init__(self) -> None:
        self.silent: frozenset[str] = frozenset()
        self.taken: dict[str, list[float]] = {}
        self.failed: list[str] = []

    def note(self, key: str, report: Callable[[], httpx.Response]) -> None:
        self.taken.setdefault(key, []).append(time.time())
        if key not in self.silent:
            threading.Timer(0.5, self._report, (key, report)).start()

    def _report(self, key: str, report: Callable[[], httpx.Response]) -> None:
        try:
            answer = report()
        except httpx.HTTPError as error:
            self.failed.append(f"{key}: {type(error).__name__}")
            return
        if answer.status_code != 200:
            self.failed.append(f"{key}: {answer.status_code} {answer.text}")


class ReportingMail(SendGrid):
    def __init__(self) -> None:
        super().__init__()
        self.log, self.hook = Log(), ""

    def accept(self, mail: Mail) -> None:
        self.log.note(mail.touch, lambda: self.post(self.hook, self.event(mail, "processed")))


class ReportingSms(Twilio):
    def __init__(self) -> None:
        super().__init__()
        self.log = Log()

    def accept(self, text: Text) -> None:
        key = httpx.URL(text.callback).params["touch"]
        self.log.note(key, lambda: self.report(text, "sent"))


def mail_lane(vendor: ReportingMail) -> dict[str, str]:
    return {
        "SENDGRID_API_KEY": vendor.api_key,
        "DOORSTEP_SENDGRID_URL": vendor.url,
        "DOORSTEP_CONNECTION_SECRET_KILLS_MAIL": vendor.public_key,
    }


def sms_lane(vendor: ReportingSms) -> dict[str, str]:
    return {
        "TWILIO_ACCOUNT_SID": SID,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_FROM": NUMBER,
        "DOORSTEP_TWILIO_URL": vendor.url,
    }


@pytest.mark.parametrize("provider", ["sendgrid", "twilio"])
async def test_a_worker_killed_with_a_message_in_the_providers_hands(
    provider: str, tmp_path: Path, zygote: Zygote, temporal_server: TemporalServer, migrated: str
) -> None:
    """Transactional goes once when the callback comes within R, again only after R without one; marketing is never
    sent twice."""
    vendor = ReportingMail() if provider == "sendgrid" else ReportingSms()
    cases = [replace(case, provider=provider) for case in CASES]
    vendor.log.silent = frozenset(case.key for case in cases if not case.reports)
    with vendor:
        lane = Lane(
            provider,
            tmp_path,
            zygote,
            temporal_server,
            migrated,
            dooms=[Doom(at=case.dies, subject=case.key) for case in cases],
            workers=3,
            package=f"tests.system.kills.{'story' if provider == 'sendgrid' else 'texting'}",
            more=mail_lane(vendor) if isinstance(vendor, ReportingMail) else sms_lane(vendor),
        )
        async with lane:
            listen(lane, vendor)
            await asyncio.gather(*(lane.tell(case.order) for case in cases))
            await claims.over(lane, [case.order for case in cases])
            states, decided = claims.ledger(lane), claims.decided(lane)
            wrong = lane.died_at(lane.dooms) + vendor.log.failed
            for case in cases:
                wrong += judged(case, states, vendor.log.taken.get(case.key, []), decided)
            others = {
                key: len(at) for key, at in vendor.log.taken.items() if key not in {c.key for c in cases}
            }
            wrong += [f"sent {n} times: {key}" for key, n in others.items() if n != 1]
            assert not wrong, "\n".join(wrong)
            assert len(lane.deaths) == len(cases), "and nothing else died"


def listen(lane: Lane, vendor: ReportingMail | ReportingSms) -> None:
    """The provider's connection, and where it reports."""
    name, source = (MAIL, "sendgrid") if isinstance(vendor, ReportingMail) else (SMS, "twilio")
    with lane.database.write() as session:
        session.add(ConnectionRow(id=name, store_id=STORE, source=source, created_at=datetime.now(UTC)))
    if isinstance(vendor, ReportingMail):
        vendor.hook = f"{lane.sender.url}/webhooks/{MAIL}"


def judged(case: Case, states: dict[str, str], taken: list[float], decided: dict[str, float]) -> list[str]:
    found = (states.get(case.key), len(taken))
    if found != (case.state, case.times):
        return [f"{case.order.name}: {found}, not {(case.state, case.times)}"]
    # R runs from our `sending`, which is after the decision, and before the provider took it: how long before, a busy
    # machine decides
    after = taken[1] - decided[case.key] if case.times == 2 else 0.0
    if case.times == 2 and after < RECONCILE.total_seconds():
        return [f"{case.order.name}: sent again {after:.1f} s after it was decided, before R was over"]
    return []
