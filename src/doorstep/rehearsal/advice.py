"""What `intelligence` needs to know, from a rehearsal's records: the twin of `models.advice`."""

from __future__ import annotations

from datetime import datetime

from doorstep.contracts import AdviceRequest, RunOut
from doorstep.intelligence import recommendations, replenishment
from doorstep.intelligence.recommendations import Bought, Candidate
from doorstep.intelligence.replenishment import InUse, Reorder, habit_of
from doorstep.rehearsal.memory import owned
from doorstep.rehearsal.records import OrderRecord, Records


def recommend(records: Records, request: AdviceRequest) -> tuple[str, ...]:
    """Product refs that fit, best first."""
    order = records.orders[request.order_ref]
    bought = [
        Bought(category=line.category or _category(records, line.product_ref), price_minor=line.price_minor)
        for line in order.state.kept_lines
    ]
    wanted = {b.category.strip().casefold() for b in bought} - {""}
    buyers = _buyers(records)
    candidates = [
        Candidate(
            ref=p.ref,
            category=p.category,
            price_minor=p.price_minor,
            in_stock=p.in_stock,
            buyers=len(buyers.get(p.ref, ())),
        )
        for p in records.products.values()
        if p.in_stock and p.category.strip().casefold() in wanted
    ]
    mine = owned(records, request.person_ref, order.state, order.ref)
    return recommendations.recommend(bought, candidates, mine, request.limit)


def run_outs(records: Records, request: AdviceRequest) -> tuple[RunOut, ...]:
    """When products of the order run out, soonest first."""
    return tuple(
        RunOut(product_ref=p.product_ref, at=p.at, confidence=p.confidence, basis=p.basis)
        for p in replenishment.predict(_in_use(records, request))
    )


def _in_use(records: Records, request: AdviceRequest) -> list[InUse]:
    order = records.orders[request.order_ref]
    state, placed = order.state, order.placed_at or order.created_at
    pieces: dict[str, int] = {}
    for line in state.kept_lines if state.cancelled_at is None else ():
        pieces[line.product_ref] = pieces.get(line.product_ref, 0) + state.kept(line)
    for other in records.orders_of(request.person_ref):
        if other.ref != order.ref and placed < _placed(other) <= request.as_of:
            for bought in other.lines.values():
                pieces.pop(bought.product_ref, None)
    made = []
    for ref, n in sorted(pieces.items()):
        product = records.products.get(ref)
        days = product.replenish_days if product is not None else None
        habit = None if days else habit_of(_reorders(records, ref, request.as_of))
        since = state.delivered_at or placed
        made.append(InUse(product_ref=ref, pieces=n, since=since, replenish_days=days, habit=habit))
    return made


def _reorders(records: Records, ref: str, as_of: datetime) -> list[Reorder]:
    """How soon persons bought the product again."""
    found: list[Reorder] = []
    later: dict[str, datetime] = {}
    whole = [o for o in records.orders.values() if o.whole and _placed(o) <= as_of]
    for order in sorted(whole, key=_placed, reverse=True):
        pieces = sum(line.quantity for line in order.lines.values() if line.product_ref == ref)
        if not pieces:
            continue
        if order.person_ref in later:
            days = (later[order.person_ref] - _placed(order)).total_seconds() / 86_400
            found.append(Reorder(person_ref=order.person_ref, days=days, pieces=pieces))
        later[order.person_ref] = _placed(order)
    return found


def _placed(order: OrderRecord) -> datetime:
    return order.placed_at or order.created_at


def _category(records: Records, ref: str) -> str:
    product = records.products.get(ref)
    return product.category if product is not None else ""


def _buyers(records: Records) -> dict[str, set[str]]:
    """Product → the persons who bought it."""
    found: dict[str, set[str]] = {}
    for order in records.orders.values():
        for line in order.lines.values():
            found.setdefault(line.product_ref, set()).add(order.person_ref)
    return found
