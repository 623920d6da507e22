"""A scenario: who buys what, and everything that happens afterwards. Plain frozen data, the same whether it was read
from a file (`reading`), written in Python or found by a search; `writing` makes the file of it again.

    Scenario(
        name="late-review",
        timeline=(
            Told(at=when("day 4 13:00"), event="shipment.delivered"),
            Told(at=when("30h after review-request"), event="review.submitted", data={"rating": 5}),
        ),
    )
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from doorstep.contracts import ActionKind, CatchUp
from doorstep.domain.messages import Channel
from doorstep.rehearsal.moments import Placed, When
from doorstep.rehearsal.shop import DEFAULT_SHOP, Shop

FIRST = "first"
"""The name of the order a scenario begins with; entries that name no order are about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The customer. `ref` decides which variants they get and whether they are held out; `reach`: the channels they
    have an address on; `consents`: those on which they agreed to marketing, when they ordered; `suppressed`:
    addresses that bounced or opted out long before."""

    ref: str = "per_rehearsal"
    first_name: str = "Mila"
    locale: str = "en"
    zone: str = "Europe/Berlin"
    country: str = "DE"
    reach: tuple[Channel, ...] = (Channel.EMAIL, Channel.SMS)
    consents: tuple[Channel, ...] = (Channel.EMAIL,)
    suppressed: tuple[Channel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """So many pieces of a product of the shop's catalogue. The line's reference is the product's."""

    product: str
    quantity: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """What an order holds. `gift`: it goes to somebody else, whose address nobody writes to; `country`: where it
    goes, if not to where the person lives."""

    goods: tuple[Goods, ...] = (Goods(product="fern"), Goods(product="leaf-food"))
    gift: bool = False
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What all entries have. `order`: the name of the order it is about. `line`: where it stands in its file, and
    `places` where each of its keys does."""

    at: When
    order: str = FIRST
    line: int = field(default=0, compare=False, repr=False)
    places: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(_Entry):
    """An event of our own API (`domain.facts` and a store's own). `heard`: when Doorstep hears of it, if later than it
    happened; `times`: how often the same message comes. `parcel` names one of several parcels, `subject` what else
    it is about. In `data` a text such as `day 5 18:00` or `+30h` is the instant it means."""

    event: str
    parcel: str = ""
    subject: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    heard: When | None = None
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered(_Entry):
    """The same person orders again; `order` names the new order. `heard` as for `Told`."""

    bought: Bought = field(default_factory=Bought)
    heard: When | None = None
    times: int = 1


class Report(StrEnum):
    """What a provider, or the customer through one, says of a message or an address."""

    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    BOUNCED = "bounced"
    """The address is dead: never written to again."""
    SPAM = "reported spam"
    """The reader pressed the spam button: no more marketing there."""
    STOPPED = "texted STOP"
    STARTED = "texted START"


TEXTED = (Report.STOPPED, Report.STARTED)
"""What comes as a text message, and so by no other channel."""


def usual_channel(report: Report) -> Channel:
    """The channel a report is of when none is named: SMS for what the customer texted, email for all else."""
    return Channel.SMS if report in TEXTED else Channel.EMAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported(_Entry):
    """A provider's report. `channel`: unless given the `usual_channel` of it, and no other for what was texted. `step`:
    the touch it is about (implied by `at: … after STEP`)."""

    report: Report
    channel: Channel = None  # type: ignore[assignment] # never after __post_init__
    step: str = ""

    def __post_init__(self) -> None:
        given: Any = self.channel
        if given is None:
            object.__setattr__(self, "channel", usual_channel(self.report))


PROVIDED = (Channel.EMAIL, Channel.SMS)
"""The channels that a rehearsal has a provider for."""


class Fault(StrEnum):
    """How a provider fails."""

    DOWN = "down"
    """Connections refused: proven not accepted, tried again."""
    BUSY = "busy"
    """429 with an hour to wait."""
    REJECTS = "rejects"
    """This message, for good."""
    DEAD_ADDRESS = "dead address"
    """Rejected for good, and the address with it."""
    AMBIGUOUS = "ambiguous"
    """No answer came; nobody knows, and it was not taken."""
    ACCEPTS_THEN_DIES = "accepts, then dies"
    """Taken, the answer lost; asked later, the provider knows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing(_Entry):
    """From `at` on a channel's provider fails: for so long (`lasts`), or for so many calls (`calls`)."""

    channel: Channel
    fault: Fault
    lasts: timedelta | None = None
    calls: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Steered(_Entry):
    """A support agent's action on the order's journey. `step` may be `step:occurrence`."""

    action: ActionKind
    step: str = ""
    catch_up: CatchUp = CatchUp.SKIP


Entry = Told | Ordered | Reported | Failing | Steered


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One story. `name` is what `--scenario` says; `about` one sentence. `journeys`: the names (`ride`) or versions
    (`ride.v1`) of the journeys that it is for; none: for any. `heard`: when the first order itself is heard
    of, if later than it was placed (an import). `limits`: what must hold in it (docs/exploring.md); a rehearsal that
    breaks one has failed."""

    name: str
    about: str = ""
    journeys: tuple[str, ...] = ()
    person: Person = field(default_factory=Person)
    shop: Shop = DEFAULT_SHOP
    bought: Bought = field(default_factory=Bought)
    placed: Placed = field(default_factory=Placed)
    heard: When | None = None
    timeline: tuple[Entry, ...] = ()
    limits: tuple[str, ...] = ()
    file: str = field(default="", compare=False, repr=False)
    checked: str = field(default="", init=False, compare=False, repr=False)
    """What its events carried when `in_python.check` found nothing amiss with it."""

    def __str__(self) -> str:
        return self.name

    def where(self, entry: Entry | None = None, key: str = "") -> str:
        """What a mistake is told behind: the entry's file and line, that of its `key` where one is named; where it has
        none, the scenario's name and which entry it is."""
        if line := getattr(entry, "places", {}).get(key) or getattr(entry, "line", 0):
            return f"{self.file}:{line}"
        number = next((n for n, one in enumerate(self.timeline, 1) if one is entry), 0)
        return f"{self.name}: entry {number}" if number else self.name

    @property
    def orders(self) -> tuple[str, ...]:
        """The names of its orders, the first one first."""
        return (FIRST, *(e.order for e in self.timeline if isinstance(e, Ordered)))
