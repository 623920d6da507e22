"""What a rehearsal did: every command of the workflow and everything that came to it, with virtual times."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload

from doorstep.rehearsal.trouble import Place

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: what the workflow asked for, by its name in Temporal's protocol
COMMANDS = frozenset(
    {
        "start_timer",
        "cancel_timer",
        "schedule_activity",
        "request_cancel_activity",
        "schedule_local_activity",
        "request_cancel_local_activity",
        "start_child_workflow_execution",
        "cancel_child_workflow_execution",
        "signal_external_workflow_execution",
        "cancel_signal_workflow",
        "request_cancel_external_workflow_execution",
        "complete_workflow_execution",
        "fail_workflow_execution",
        "cancel_workflow_execution",
        "continue_as_new_workflow_execution",
        "set_patch_marker",
        "upsert_workflow_search_attributes",
        "modify_workflow_properties",
        "update_response",
    }
)


def micros(moment: datetime) -> int:
    """Microseconds since 1970. Raises `ValueError` for a naive moment."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no zone: a moment is aware")
    since = moment - _EPOCH
    return since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds


@lru_cache(maxsize=64)  # within an instant it is asked again and again
def moment(at: int) -> datetime:
    """The moment (aware UTC) of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=at)


@dataclass(slots=True)
class Entry:
    """One line of the log. `kind` is a command's name (`COMMANDS`) or what came in (`started`, `timer_fired`,
    `signalled`, `updated`, `cancel_requested`, `attempt_failed`, and `activity_completed`, `…_failed`, `…_cancelled`,
    with `local_` before it for a local one; and `child_started`, `child_completed`, `…_failed`, `…_cancelled`,
    `…_timed_out`); `name` says which activity (and attempt), timer, signal, update or type of child."""

    micros: int
    kind: str
    name: str
    told: Any = None
    """What it says: a protobuf, or a plain object with the fields of one that makes it when asked (`message`)."""
    place: Place | None = None
    """Where in the author's code a command was given; known only when the engine traces."""

    @property
    def at(self) -> datetime:
        """Virtual time (aware UTC)."""
        return moment(self.micros)

    @property
    def command(self) -> bool:
        """The workflow's own doing, not something that came to it."""
        return self.kind in COMMANDS

    @property
    def message(self) -> Any:
        """What it says, in Temporal's protocol; None for what says no more than its name."""
        return self.told if self.told is None or isinstance(self.told, Message) else self.told.message

    @property
    def content(self) -> Any:
        """The message as plain data, payloads decoded from their JSON."""
        message = self.message
        return {} if message is None else plain(message)

    def __str__(self) -> str:
        where = f"  ({self.place})" if self.place else ""
        return f"{self.at:%Y-%m-%d %H:%M:%S}  {self.kind.replace('_', ' ')}  {self.name}".rstrip() + where


def plain(message: Message) -> Any:
    """A message as plain data: a dict, but a payload is what its JSON says."""
    return _decoded(MessageToDict(message, preserving_proto_field_name=True))


def value(payload: Payload) -> Any:
    """What a payload says, without its type: JSON as plain data, else None or the raw bytes."""
    encoding = payload.metadata.get("encoding", b"").decode()
    if encoding.startswith("json/"):
        return json.loads(payload.data)
    return None if encoding == "binary/null" else payload.data


def _decoded(node: Any) -> Any:
    if isinstance(node, list):
        return [_decoded(n) for n in node]
    if not isinstance(node, dict):
        return node
    if "metadata" in node and "encoding" in node["metadata"]:
        return value(
            Payload(
                metadata={"encoding": b64decode(node["metadata"]["encoding"])},
                data=b64decode(node.get("data", "")),
            )
        )
    return {k: _decoded(v) for k, v in node.items()}
