"""Domain values to the JSON of a column and back. One adapter per type, made once: making one costs
milliseconds, using one microseconds.

What is read back is validated, so a column that was damaged says so here instead of in a customer's mail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from pydantic import TypeAdapter

from doorstep.contracts import Wait
from doorstep.domain.orders import OrderState
from doorstep.domain.outcomes import RuleTrace
from doorstep.domain.touches import TouchRequest

_adapters: dict[Any, TypeAdapter[Any]] = {}


def adapter[T](kind: type[T]) -> TypeAdapter[T]:
    """The adapter of a type, made on first use."""
    made = _adapters.get(kind)
    if made is None:
        made = _adapters.setdefault(kind, TypeAdapter(kind))
    return made


def to_json(kind: type[Any], value: Any) -> Any:
    """JSON values (dicts, lists, text, numbers) of a value of that type. Instants become ISO 8601 text."""
    return adapter(kind).dump_python(value, mode="json")


def from_json[T](kind: type[T], value: Any) -> T:
    """The value of that type from its JSON. Raises pydantic's `ValidationError` (a `ValueError`)."""
    return adapter(kind).validate_python(value)


def order_json(state: OrderState) -> dict[str, Any]:
    """`orders.state`."""
    return cast(dict[str, Any], to_json(OrderState, state))


def order_state(value: Mapping[str, Any] | None) -> OrderState:
    """From `orders.state`; an empty column is an order of which nothing is known yet."""
    return from_json(OrderState, value) if value else OrderState()


def request_json(request: TouchRequest) -> dict[str, Any]:
    """`ledger.request`."""
    return cast(dict[str, Any], to_json(TouchRequest, request))


def touch_request(value: Mapping[str, Any]) -> TouchRequest:
    """From `ledger.request`."""
    return from_json(TouchRequest, value)


def trace_json(trace: Iterable[RuleTrace]) -> list[Any]:
    """`decisions.trace`."""
    return cast(list[Any], to_json(tuple[RuleTrace, ...], tuple(trace)))


def trace_of(value: Iterable[Any]) -> tuple[RuleTrace, ...]:
    """From `decisions.trace`."""
    return from_json(tuple[RuleTrace, ...], list(value))


def waits_json(waits: Iterable[Wait]) -> list[Any]:
    """`journeys.waits`."""
    return cast(list[Any], to_json(tuple[Wait, ...], tuple(waits)))


def waits_of(value: Iterable[Any]) -> tuple[Wait, ...]:
    """From `journeys.waits`."""
    return from_json(tuple[Wait, ...], list(value))
