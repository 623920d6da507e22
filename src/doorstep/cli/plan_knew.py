"""What a journey knew at an instant of its past, as lines of a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from doorstep.cli.finding import lines

if TYPE_CHECKING:
    from doorstep.api.schemas.knew import Knew
    from doorstep.api.schemas.knew_goods import KnownRefund, KnownReturn


def knew_lines(knew: Knew, titles: Mapping[str, str]) -> list[str]:
    """By the person's clock, at most 100 columns wide; of what there was none, no line. `titles`: line ref → title."""
    made = ["", "Known then", *_line(_course(knew))]
    for parcel in knew.parcels:
        made += _line(parcel.sentence)
        for scan in parcel.heard:
            status = scan.status.replace("_", " ") + (f" ({scan.substatus})" if scan.substatus else "")
            made += lines(f"{scan.at.words}  {status}  (heard {scan.heard.words})", " " * 8, "      · ")
    told = [f"The customer ordered again on {a.at.words} ({a.order_ref})." for a in knew.orders_again]
    told += [_refund(refund, titles) for refund in knew.refunds]
    told += [_return(one, titles) for one in knew.returns]
    told += [complaint.sentence for complaint in knew.complaints]
    told += [action.sentence for action in knew.actions]
    made += [line for said in told for line in _line(said)]
    if knew.touches:
        made += ["", "Sent and not sent by then"]
        for touch in knew.touches:
            about = f" [{touch.occurrence}]" if touch.occurrence else ""
            made += lines(f"{touch.step}{about}: {touch.sentence}", "    ", "  • ")
    return made


def _course(knew: Knew) -> str:
    phase = f"It stood at '{knew.phase}'" if knew.phase is not None else "Where it stood cannot be told"
    left = f"; it had left its course ({knew.exit_cause.replace('_', ' ')})" if knew.exit_cause else ""
    if knew.cancelled is not None:
        return f"{phase}{left}; the order was cancelled on {knew.cancelled.words}."
    if knew.delivered is not None:
        return f"{phase}{left}; the whole order arrived on {knew.delivered.words}."
    return f"{phase}{left}; the order had {'shipped' if knew.shipped else 'not shipped yet'}."


def _refund(refund: KnownRefund, titles: Mapping[str, str]) -> str:
    paid = _money(refund.amount_minor, refund.currency) if refund.amount_minor else ""
    what = ", ".join(part for part in (paid, _pieces(refund.lines, titles)) if part)
    return f"Refunded on {refund.at.words}{f': {what}' if what else ''}."


def _money(minor: int, currency: str) -> str:
    """As people read it; a refund may not say its currency."""
    from babel import Locale

    from doorstep.errors import TemplateError
    from doorstep.templates.formats import money

    try:
        return money(minor, currency, Locale("en"))
    except TemplateError:
        return f"{minor} in minor units"


def _return(one: KnownReturn, titles: Mapping[str, str]) -> str:
    back = f"{_pieces(one.received, titles) or 'nothing'} had come back"
    what = _pieces(one.lines, titles) or "lines not named"
    return f"A return of {what}: {'called off' if one.called_off else back}."


def _pieces(held: list[tuple[str, int]], titles: Mapping[str, str]) -> str:
    return ", ".join(f"{n} × {titles.get(ref) or ref}" for ref, n in held)


def _line(text: str) -> list[str]:
    return lines(text, "    ", "  • ")
