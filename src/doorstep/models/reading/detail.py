"""One journey whole: a fixed number of indexed queries, however large the database is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from doorstep.domain.ids import journey_id as id_of_order
from doorstep.domain.recorded_words import answered
from doorstep.models.care import PointsRow
from doorstep.models.codec_json import waits_of
from doorstep.models.journeys import ActionRow, JourneyRow
from doorstep.models.orders import OrderRow
from doorstep.models.people import PersonRow
from doorstep.models.prepared import prepared
from doorstep.models.reading import news, orders, people, steps, tickets
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.news import news_of
from doorstep.models.reading.orders import orders_of, shipments_of
from doorstep.models.reading.people import person_view
from doorstep.models.reading.rows import ahead, rows, whole
from doorstep.models.reading.sentences import headline
from doorstep.models.reading.steps import steps_of, waits
from doorstep.models.reading.tickets import tickets_of
from doorstep.models.reading.views import ActionView, JourneyDetail, Points
from doorstep.models.reading.wismo import wismo
from doorstep.models.stores import StoreRow

_JOURNEY = whole(JourneyRow, col(JourneyRow.id) == bindparam("journey"))
_JOURNEY_OF = prepared(select(col(OrderRow.journey_id)).where(col(OrderRow.id) == bindparam("order")))
_STORE = whole(StoreRow, col(StoreRow.id) == bindparam("store"))
_PERSON = whole(PersonRow, col(PersonRow.id) == bindparam("person"))
_POINTS = whole(  # by person first: that is the column with an index
    PointsRow,
    col(PointsRow.person_id) == bindparam("person"),
    col(PointsRow.journey_id) == bindparam("journey"),
    order=(col(PointsRow.at), col(PointsRow.key)),
)
_ACTIONS = whole(
    ActionRow,
    col(ActionRow.journey_id) == bindparam("journey"),
    order=(col(ActionRow.created_at), col(ActionRow.id)),
)


def resolve(session: Session, ref: str, store_id: str | None) -> Any | None:
    """The journey's row by `jny_…` or `ord_…`. `store_id` None: of any store; another store's is None too."""
    if ref.startswith("ord_"):
        order = rows(session, _JOURNEY_OF, order=ref)
        ref = order[0].journey_id if order else id_of_order(ref)
    found = rows(session, _JOURNEY, journey=ref)
    if not found or (store_id is not None and found[0].store_id != store_id):
        return None
    return found[0]


def journey_detail(session: Session, ref: str, store_id: str | None, now: datetime) -> JourneyDetail | None:
    """Everything support needs of the journey of that `jny_…` or `ord_…`; None where there is none to see.
    `now` (aware UTC) tells only which parcels are silent."""
    journey = resolve(session, ref, store_id)
    if journey is None:
        return None
    _read_ahead(session, journey)
    [store] = rows(session, _STORE, store=journey.store_id)
    [person] = rows(session, _PERSON, person=journey.person_id)
    clock = Clock(person.zone or store.zone)
    shipments = shipments_of(session, journey.order_ref, clock, now)
    waiting = waits(waits_of(journey.waits), journey.paused, clock)
    events, troubles, about = news_of(session, journey.order_ref, clock)
    orders = orders_of(session, journey.order_ref, clock, about)
    said = [wait.sentence for wait in waiting]
    return JourneyDetail(
        id=journey.id,
        store_id=journey.store_id,
        store_name=store.name,
        type=journey.type,
        status=journey.status,
        phase=journey.phase,
        paused=journey.paused,
        outcome=journey.outcome,
        exit_cause=journey.exit_cause,
        started=clock.moment(journey.started_at),
        exited=clock.maybe(journey.exited_at),
        closed=clock.maybe(journey.closed_at),
        projected_at=journey.projected_at,
        revision=journey.revision,
        wismo=wismo(orders[0], shipments, orders[1:]),
        headline=headline(
            journey.status, journey.phase, journey.paused, journey.outcome, journey.exit_cause, said
        ),
        person=person_view(session, person, clock),
        order=orders[0],
        other_orders=orders[1:],
        shipments=shipments,
        waits=waiting,
        steps=steps_of(session, journey.id, clock, paused=journey.paused),
        tickets=tickets_of(session, journey.id, clock),
        points=_points(session, journey, clock),
        actions=actions_of(session, journey.id),
        events=events,
        troubles=troubles,
    )


def _read_ahead(session: Session, journey: Any) -> None:
    by_person, by_journey = {"person": journey.person_id}, {"journey": journey.id}
    ahead(
        session,
        ((_STORE,), {"store": journey.store_id}),
        ((_PERSON, *people.BY_PERSON), by_person),
        ((*orders.BY_ORDER, *news.BY_ORDER), {"order": journey.order_ref}),
        ((*steps.BY_JOURNEY, *tickets.BY_JOURNEY, _ACTIONS), by_journey),
        ((_POINTS,), {**by_person, **by_journey}),
    )


def _points(session: Session, journey: Any, clock: Clock) -> list[Points]:
    return [
        Points(
            points=row.points,
            reason=row.reason,
            at=clock.moment(row.at),
            available=clock.maybe(row.available_at),
        )
        for row in rows(session, _POINTS, person=journey.person_id, journey=journey.id)
    ]


def actions_of(session: Session, journey_id: str) -> list[ActionView]:
    """Every action on a journey, oldest first."""
    return [action_view(row) for row in rows(session, _ACTIONS, journey=journey_id)]


def action_view(row: Any) -> ActionView:
    """`row`: an `ActionRow` or its columns."""
    return ActionView(
        id=row.id,
        journey_id=row.journey_id,
        kind=row.kind,
        step=row.step,
        occurrence=row.occurrence,
        catch_up=row.catch_up,
        reason=row.reason,
        actor=row.actor,
        status=row.status,
        detail=answered(row.detail),
        waiting=[str(name) for name in row.waiting],
        created_at=row.created_at,
        done_at=row.done_at,
    )
