"""What the customer complained of: a case with support, or a bad review; since when, and whether it is settled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from doorstep.domain.orders import OrderState
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.goods import Complaint


def complaints_of(
    order: OrderState, about: Mapping[str, str], clock: Clock, *, past: bool = False
) -> list[Complaint]:
    """Every complaint, those that were settled too, oldest first. `about`: a complaint's ref → what it is about, where
    that is known. `past`: it is told of an instant of the past."""
    general = [at for ref, at in order.resolutions.items() if ref not in order.complaints]
    made = []
    for ref, since in sorted(order.complaints.items(), key=lambda held: (held[1], held[0])):
        settled = order.resolutions.get(ref) or min((at for at in general if since <= at), default=None)
        made.append(
            Complaint(
                ref=ref,
                since=clock.moment(since),
                resolved=clock.maybe(settled),
                about=about.get(ref, ""),
                sentence=_sentence(clock, since, settled, about.get(ref, ""), past),
            )
        )
    return made


def bad_review(rating: int) -> str:
    """What a complaint is about that is a review of so many stars."""
    return f"a review of {rating} out of 5 stars"


def _sentence(clock: Clock, since: datetime, settled: datetime | None, about: str, past: bool) -> str:
    told = f" ({about})" if about else ""
    if settled is None:
        return f"A complaint {'was' if past else 'is'} open since {clock.words(since)}{told}."
    been = "had been" if past else "was"
    return f"A complaint of {clock.words(since)}{told} {been} settled on {clock.words(settled)}."
