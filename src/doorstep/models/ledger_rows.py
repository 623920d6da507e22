"""The ledger's row of the domain and of the table, one from the other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import COUNTED_STATES, Decision, Defer, Send, SkipReason, TouchState
from doorstep.domain.touches import LedgerRow
from doorstep.models.codec_json import request_json, touch_request, trace_json

#: columns that are the same in both
_SAME = (
    "state",
    "fence",
    "reason",
    "detail",
    "channel",
    "decided_at",
    "deferred_until",
    "reserved_until",
    "sending_at",
    "accepted_at",
    "attempts",
    "provider",
    "provider_message_id",
    "template_digest",
    "body_digest",
    "shadow",
)


def ledger_values(row: LedgerRow) -> dict[str, Any]:
    """The columns of a row. `created_at` counts only for a new one."""
    request = row.request
    at = latest(row)
    return {
        "key": request.key,
        "store_id": request.store_id,
        "person_id": request.person_ref,
        "journey_id": request.journey_id,
        "order_ref": request.order_ref,
        "step": request.step,
        "occurrence": request.occurrence,
        "template": request.template,
        "purpose": request.purpose.value,
        "priority": request.priority,
        "request": request_json(request),
        "due_at": request.due_at,
        "expires_at": request.expires_at,
        **{name: _plain(getattr(row, name)) for name in _SAME},
        "counted_at": counted_at(row),
        "tried": [channel.value for channel in row.tried],
        "created_at": at,
        "updated_at": at,
    }


def ledger_row(values: Mapping[str, Any]) -> LedgerRow:
    """The row of a table's columns."""
    same = {name: values[name] for name in _SAME}
    same["state"] = TouchState(same["state"])
    same["reason"] = SkipReason(same["reason"]) if same["reason"] else None
    same["channel"] = Channel(same["channel"]) if same["channel"] else None
    return LedgerRow(
        request=touch_request(values["request"]), tried=tuple(Channel(c) for c in values["tried"]), **same
    )


def counted_at(row: LedgerRow) -> datetime | None:
    """When the touch counts towards the person's caps, if it may (`touch.as_counted` decides): when it was
    sent, or decided while it is only reserved or held out. Kept as a column so that an index finds it."""
    return row.sending_at or row.decided_at if row.state in COUNTED_STATES or row.shadow else None


def latest(row: LedgerRow) -> datetime:
    """The latest instant the row knows of: no clock is asked."""
    known = (row.request.as_of, row.decided_at, row.sending_at, row.accepted_at)
    return max(at for at in known if at is not None)


def decision_values(row: LedgerRow, decision: Decision, at: datetime) -> dict[str, Any]:
    """The columns of a decision on that touch. `verdict`: send, defer or skip."""
    match decision:
        case Send():
            said: dict[str, Any] = {"verdict": "send", "channel": decision.channel.value}
        case Defer():
            said = {"verdict": "defer", "reason": decision.reason.value, "until": decision.until}
        case _:
            said = {"verdict": "skip", "reason": decision.reason.value}
    return {
        "key": row.request.key,
        "at": at,
        "reason": None,
        "until": None,
        "channel": None,
        "fence": row.fence,
        "trace": trace_json(decision.trace),
        **said,
    }


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, TouchState | SkipReason | Channel) else value
