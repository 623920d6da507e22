"""What is handed over between a journey and its activities without JSON would have come out of JSON the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import pytest
from pydantic_core import TzInfo
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from doorstep.contracts import AdviceRequest, PointsRequest, Projection, RunOut, Wait
from doorstep.converter import IN_PROCESS
from doorstep.domain.events import Envelope
from doorstep.domain.messages import Channel, Purpose
from doorstep.domain.outcomes import Outcome
from doorstep.domain.touches import TouchRequest
from doorstep.domain.values import replace
from doorstep.rehearsal import playing, shelf
from doorstep.rehearsal._sdk import handing
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.unchanged import unchanged_by_json


def fields(value: Any) -> list[tuple[type, Any]]:
    """A value's parts, to the last, with their types; instants with their offset now and half a year later, whoever
    keeps it."""
    if isinstance(value, tuple | list):
        return [(type(value), len(value)), *[part for one in value for part in fields(one)]]
    if isinstance(value, dict):
        return [(dict, list(value)), *[part for one in value.values() for part in fields(one)]]
    if isinstance(value, datetime):
        return [(datetime, (value.isoformat(), (value + timedelta(days=182)).isoformat()))]
    if hasattr(value, "__slots__"):
        return [
            (type(value), None),
            *[part for name in value.__slots__ for part in fields(getattr(value, name))],
        ]
    return [(type(value), value)]


def declared(value: Any) -> Any:
    """The type that a contract declares for such a value."""
    if isinstance(value, tuple):
        return tuple[RunOut, ...] if value and isinstance(value[0], RunOut) else tuple[str, ...]
    return list[Envelope] if isinstance(value, list) else type(value)


@pytest.mark.parametrize("scenario", sorted(shelf.files()))
def test_json_would_have_given_it_back(scenario: str, monkeypatch: pytest.MonkeyPatch) -> None:
    crossed: list[Any] = []
    hand = handing.Handed.__init__

    def noted(self: handing.Handed, value: Any, converter: Any, copied: Any) -> None:
        crossed.append(value)
        hand(self, value, converter, copied)

    monkeypatch.setattr(handing.Handed, "__init__", noted)
    quick = rehearse("standard", shelf.load(scenario), render=False)
    assert quick.ok
    assert {type(value) for value in crossed} >= {type(None), Outcome, Projection, TouchRequest, list}
    for value in crossed:
        (read,) = IN_PROCESS.payload_converter.from_payloads(
            IN_PROCESS.payload_converter.to_payloads([value]), [declared(value)]
        )
        assert fields(read) == fields(value)
    monkeypatch.setattr(playing, "unchanged_by_json", None)
    crossed.clear()
    slow = rehearse("standard", shelf.load(scenario), render=False)
    assert crossed == []
    assert (slow.touches, slow.events, slow.outcomes) == (quick.touches, quick.events, quick.outcomes)


AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
TOUCH = TouchRequest(
    key="jny_1:tea",
    journey_id="jny_1",
    journey_type="tea.v1",
    store_id="st_1",
    order_ref="ord_1",
    person_ref="per_1",
    step="tea",
    template="tea",
    purpose=Purpose.MARKETING,
    channels=(Channel.EMAIL,),
    due_at=AT,
    expires_at=AT + timedelta(days=1),
    as_of=AT,
)


ADVICE = AdviceRequest(journey_id="jny_1", store_id="st_1", order_ref="ord_1", person_ref="per_1", as_of=AT)
POINTS = PointsRequest(
    key="jny_1:points/order",
    journey_id="jny_1",
    store_id="st_1",
    order_ref="ord_1",
    person_ref="per_1",
    points=34,
    reason="order",
    at=AT,
)


class Loud(str):
    """A text of an author's own."""


@pytest.mark.parametrize(
    "given",
    [
        {"context": {"sizes": (1, 2)}},
        {"step": Loud("tea")},
        {"items": ["p-1"]},
        {"offered": (Loud("p-1"),)},
        {"channels": ("email",)},
        {"channels": [Channel.EMAIL]},
        {"priority": True},
        {"prompted": 1},
        {"purpose": "marketing"},
        {"due_at": AT.astimezone(ZoneInfo("Europe/Berlin"))},
        {"due_at": AT.astimezone(timezone(timedelta(hours=1, seconds=30)))},
    ],
    ids=str,
)
def test_what_json_would_change_goes_through_it(given: dict[str, Any]) -> None:
    """A journey's author may give a list for a tuple: the world is told what it would be told in production."""
    assert unchanged_by_json(TOUCH) == TOUCH
    touch = replace(TOUCH, **given)
    (crossing,) = handing.given([touch], IN_PROCESS.payload_converter, unchanged_by_json)
    assert not isinstance(crossing, handing.Handed)
    (read,) = handing.taken([crossing], [TouchRequest], IN_PROCESS.payload_converter)
    assert fields(read) != fields(touch)


EVENT = Envelope(
    id="evt_1",
    fact_key="ride.booked:1",
    type="ride.booked",
    occurred_at=AT,
    received_at=AT,
    connection="con_1",
    data={"stops": [{"at": "here", "minutes": 3.5}], "asked": None, "paid": True},
)


@pytest.mark.parametrize(
    "value",
    [
        [EVENT],
        [],
        ("p-1", "p-2"),
        (),
        (RunOut(product_ref="p-1", at=AT, confidence=0.75, basis="days"),),
        7,
        ADVICE,
        POINTS,
        replace(TOUCH, context={"offer": {"code": "BACK10", "percent": 10}, "sizes": [1, 2]}),
    ],
    ids=repr,
)
def test_what_json_would_give_back_is_handed_over(value: Any) -> None:
    (crossing,) = handing.given([value], IN_PROCESS.payload_converter, unchanged_by_json)
    assert isinstance(crossing, handing.Handed)
    (read,) = handing.taken([crossing], [declared(value)], IN_PROCESS.payload_converter)
    (through_json,) = handing.taken([crossing.message], [declared(value)], IN_PROCESS.payload_converter)
    assert fields(read) == fields(through_json) == fields(value)


@pytest.mark.parametrize(
    "value",
    [
        [replace(EVENT, data={"stops": (1, 2)})],
        [replace(EVENT, data={"word": Loud("tea")})],
        [replace(EVENT, data={"stops": {1: "one"}})],
        [replace(EVENT, received_at=AT.replace(tzinfo=TzInfo(3630)))],
        replace(ADVICE, as_of=AT.astimezone(ZoneInfo("Europe/Berlin"))),
        replace(POINTS, available_at=AT.astimezone(ZoneInfo("Europe/Berlin"))),
        [replace(EVENT, subject=Loud("tea"))],
        [replace(EVENT, occurred_at=AT.astimezone(ZoneInfo("Europe/Berlin")))],
        [EVENT, replace(EVENT, data={"stops": [[(1, 2)]]})],
        (Loud("p-1"),),
        (RunOut(product_ref="p-1", at=AT, confidence=1, basis="days"),),
        (RunOut(product_ref="p-1", at=AT.astimezone(ZoneInfo("Europe/Berlin")), confidence=0.5, basis=""),),
        replace(ADVICE, limit=True),
        replace(POINTS, points=True),
        replace(POINTS, reason=Loud("order")),
    ],
    ids=repr,
)
def test_what_json_would_change_is_not(value: Any) -> None:
    (crossing,) = handing.given([value], IN_PROCESS.payload_converter, unchanged_by_json)
    assert not isinstance(crossing, handing.Handed)
    (read,) = handing.taken([crossing], [declared(value)], IN_PROCESS.payload_converter)
    assert fields(read) != fields(value)


RUNS_OUT = RunOut(product_ref="p-1", at=AT, confidence=0.75, basis="days")


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        (("1", "2"), tuple[int, ...]),
        (("1", "2"), tuple[str, str]),
        (("1", "2"), tuple[int, str]),
        (("1", "2"), list[str]),
        (("1", "2"), tuple),
        ((RUNS_OUT,), tuple),
        ((RUNS_OUT,), tuple[dict, ...]),
        ((RUNS_OUT,), Any),
        ([EVENT], list),
        ([EVENT], Any),
        ([EVENT], list[dict[str, Any]]),
        ([EVENT], Sequence[Envelope]),
        ([EVENT], tuple[Envelope, ...]),
        ([EVENT], list[Envelope | None]),
        (7, float),
        (7, str),
        (7, bool),
    ],
    ids=str,
)
def test_a_value_of_another_kind_than_is_declared_goes_through_json(value: Any, declared: Any) -> None:
    (crossing,) = handing.given([value], IN_PROCESS.payload_converter, unchanged_by_json)
    assert isinstance(crossing, handing.Handed)
    try:
        (through_json,) = handing.taken([crossing.message], [declared], IN_PROCESS.payload_converter)
    except ValueError:
        with pytest.raises(ValueError, match=r"declared|valid"):
            handing.taken([crossing], [declared], IN_PROCESS.payload_converter)
    else:
        (read,) = handing.taken([crossing], [declared], IN_PROCESS.payload_converter)
        assert fields(read) == fields(through_json)


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)
DEEP: Any = None
for _ in range(300):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "value",
    [
        [replace(EVENT, data=None)],  # type: ignore[arg-type] # an author's mistake
        [replace(EVENT, data=[1])],  # type: ignore[arg-type]
        [replace(EVENT, data={"deep": DEEP})],
        [replace(EVENT, data={"circle": CIRCLE})],
        replace(TOUCH, context=[1]),  # type: ignore[arg-type]
        replace(TOUCH, context=None),  # type: ignore[arg-type]
        replace(TOUCH, context={"many": 10**4400}),
        replace(POINTS, available_at="tomorrow"),  # type: ignore[arg-type]
        replace(ADVICE, journey_id=4),  # type: ignore[arg-type]
    ],
    ids=lambda value: str(type(value).__name__),
)
def test_what_json_would_refuse_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of pydantic's, in many words
        handing.taken(
            handing.given([value], IN_PROCESS.payload_converter, unchanged_by_json),
            [declared(value)],
            IN_PROCESS.payload_converter,
        )


@pytest.mark.parametrize("value", [None, ("p-1",), [EVENT], TOUCH], ids=lambda value: type(value).__name__)
def test_who_asks_for_the_payload_itself_gets_it(value: Any) -> None:
    crossing = handing.given([value], IN_PROCESS.payload_converter, unchanged_by_json)
    (read,) = handing.taken(crossing, [RawValue], IN_PROCESS.payload_converter)
    assert isinstance(read, RawValue)


def test_an_annotation_that_cannot_be_hashed_is_read_as_by_json() -> None:
    annotation = Annotated[tuple[str, ...], {"a": 1}]
    crossing = handing.given([("p-1",)], IN_PROCESS.payload_converter, unchanged_by_json)
    assert handing.taken(crossing, [annotation], IN_PROCESS.payload_converter) == [("p-1",)]


def test_an_instant_that_is_heard_has_the_zone_that_json_gives_it() -> None:
    told = [replace(EVENT, occurred_at=AT.replace(fold=1))]
    (crossing,) = handing.given([told], IN_PROCESS.payload_converter, unchanged_by_json)
    assert isinstance(crossing, handing.Handed)
    (read,) = handing.taken([crossing], [list[Envelope]], IN_PROCESS.payload_converter)
    (through_json,) = handing.taken([crossing.message], [list[Envelope]], IN_PROCESS.payload_converter)
    assert repr(read) == repr(through_json)
    assert read[0].occurred_at.fold == through_json[0].occurred_at.fold


def test_a_context_that_one_changes_who_was_told_it_is_as_it_was_for_the_next() -> None:
    crossing = handing.given(
        [replace(TOUCH, context={"n": 1})], IN_PROCESS.payload_converter, unchanged_by_json
    )
    assert isinstance(crossing[0], handing.Handed)
    for _ in range(2):
        (read,) = handing.taken(crossing, [TouchRequest], IN_PROCESS.payload_converter)
        assert read.context == {"n": 1}
        read.context["n"] += 1
    (logged,) = IN_PROCESS.payload_converter.from_payloads([crossing[0].message], [TouchRequest])
    assert logged.context == {"n": 1}


def test_a_context_that_its_author_changes_afterwards_has_been_told_as_it_was() -> None:
    context: dict[str, Any] = {"offer": {"percent": 10}, "sizes": [1]}
    touch = replace(TOUCH, context=context)
    empty: dict[str, Any] = {}
    told_nothing = handing.given(
        [replace(TOUCH, context=empty)], IN_PROCESS.payload_converter, unchanged_by_json
    )
    empty["late"] = True
    assert handing.taken(told_nothing, [TouchRequest], IN_PROCESS.payload_converter)[0].context == {}
    crossing = handing.given([touch], IN_PROCESS.payload_converter, unchanged_by_json)
    context["offer"]["percent"], context["more"] = 20, True
    context["sizes"].append(2)
    (read,) = handing.taken(crossing, [TouchRequest], IN_PROCESS.payload_converter)
    assert read.context == {"offer": {"percent": 10}, "sizes": [1]}


def test_each_who_hears_of_an_event_has_its_own() -> None:
    crossing = handing.given([[EVENT]], IN_PROCESS.payload_converter, unchanged_by_json)
    for _ in range(2):
        ((read,),) = handing.taken(crossing, [list[Envelope]], IN_PROCESS.payload_converter)
        assert read.data["stops"] == [{"at": "here", "minutes": 3.5}]
        read.data["stops"][0]["at"] = "elsewhere"
        read.data["stops"].append("there")
    assert EVENT.data["stops"] == [{"at": "here", "minutes": 3.5}]


def test_nobody_vouches_for_what_the_engine_does_not_know() -> None:
    (crossing,) = handing.given([TOUCH], IN_PROCESS.payload_converter, None)
    assert isinstance(crossing, Payload)


@pytest.mark.parametrize(
    "given",
    [
        {"phase": Loud("in transit")},
        {"outcome": Loud("happy")},
        {"exit_cause": Loud("moved")},
        {"waits": (Wait(kind="event", name=Loud("a")),)},
        {"waits": (Wait(kind="event", name="a", until=AT.astimezone(ZoneInfo("Europe/Berlin"))),)},
    ],
    ids=str,
)
def test_what_an_author_named_in_its_own_way_goes_through_json(given: dict[str, Any]) -> None:
    told = Projection(journey_id="jny_1", revision=1, at=AT, phase="in transit")
    assert unchanged_by_json(told) is told
    told = replace(told, **given)
    (crossing,) = handing.given([told], IN_PROCESS.payload_converter, unchanged_by_json)
    assert not isinstance(crossing, handing.Handed)
    (read,) = handing.taken([crossing], [Projection], IN_PROCESS.payload_converter)
    assert fields(read) != fields(told)


@pytest.mark.parametrize("phase", [7, None, ("a", "b"), "half a character: \ud800"], ids=repr)
def test_a_projection_that_production_would_lose_is_lost(phase: Any) -> None:
    """JSON refuses to write it or to read it."""
    told = Projection(journey_id="jny_1", revision=1, at=AT, phase=phase)
    with pytest.raises(ValueError, match=r"string|surrogates"):
        handing.taken(
            handing.given([told], IN_PROCESS.payload_converter, unchanged_by_json),
            [Projection],
            IN_PROCESS.payload_converter,
        )


@pytest.mark.parametrize("name", ["step", "template", "occurrence"])
def test_half_a_character_is_refused(name: str) -> None:
    touch = replace(TOUCH, **{name: "tea \ud800"})
    with pytest.raises(ValueError, match="surrogates"):
        handing.given([touch], IN_PROCESS.payload_converter, unchanged_by_json)
