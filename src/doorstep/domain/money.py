"""What was paid for an order and what of it went back: the part of the order's state that counts money, not pieces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from doorstep.domain.facts import Line, OrderRefunded
from doorstep.domain.values import replace, value


@value(frozen=True, slots=True, kw_only=True)
class Money:
    """Sums in minor units of `currency`, the order's own; empty: not told."""

    paid: int = 0
    """What the order came to when it was placed; 0: not known, or nothing was paid."""
    currency: str = ""
    listed: int = 0
    """What the pieces cost that it had then: those added later were paid for, too."""
    back: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Refund ref → (minor units, currency)."""

    def placed(self, order: Mapping[str, Any], lines: Iterable[Line]) -> Money:
        """With the sum of a new order (the `data` of its event: what is no sum there must not hide its lines). Of two
        words on it the greater counts, in any order."""
        total, code = order.get("total_minor"), order.get("currency")
        if not isinstance(total, int):
            return self
        told = (total, code if isinstance(code, str) else "", listed(lines))
        paid, currency, pieces = max(told, (self.paid, self.currency, self.listed))
        return replace(self, paid=paid, currency=currency, listed=pieces)

    def refunded(self, ref: str, refund: OrderRefunded) -> Money:
        """With a refund. Of two words on it the greater sum counts, in any order; none may be told at all."""
        told = max((refund.amount_minor, refund.currency), self.back.get(ref, (0, "")))
        return self if told[0] <= 0 else replace(self, back={**self.back, ref: told})

    def all_back(self, lines: Iterable[Line]) -> bool:
        """Whether the refunds come to all that was paid for these lines, the order's as they are now. A refund in
        another currency counts for nothing: no rate is known here."""
        back = sum(amount for amount, code in self.back.values() if code in ("", self.currency))
        return 0 < self.paid <= back - max(0, listed(lines) - self.listed)


def listed(lines: Iterable[Line]) -> int:
    """What the pieces cost by their prices, as ordered; before discounts, without shipping."""
    return sum(line.price_minor * line.quantity for line in lines)
