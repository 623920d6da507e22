"""Log lines: JSON where a machine reads, pretty on a terminal, a journey's id on each, no personal data on any.

Call `configure` once per process, then `structlog.get_logger(__name__)`. Standard-library loggers (Temporal's,
uvicorn's, SQLAlchemy's) go the same way. What is bound with `structlog.contextvars.bind_contextvars` (journey_id,
store_id, connection, request_id) is on every line of that task.

Redaction is defence in depth: nothing that logs should hold personal data in the first place. It catches what slips
through in exception texts, drops keys that can only be personal, and masks values shaped like addresses or numbers.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "[personal]"

# Keys whose value is personal whatever it looks like. Not `name`: journeys, steps and templates have names.
PERSONAL_KEYS = frozenset({
    *("email", "e_mail", "phone", "phone_number", "mobile", "first_name", "last_name", "full_name", "customer_name"),
    *("recipient", "address", "address1", "address2", "street", "city", "zip", "postal_code", "postcode"),
    *("latitude", "longitude", "birthday", "ip", "client_ip", "user_agent"),
    *("authorization", "cookie", "password", "secret", "token", "api_key", "raw_body", "body", "payload", "headers"),
})  # fmt: skip

PERSONAL_SHAPES = (
    re.compile(r"[\w.+%'-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+"),  # an email address, also as it stands in a URL
    re.compile(r"(?<![\w.])\+\d(?:[ ().-]{0,2}\d){7,14}(?!\w)"),  # +49 (30) 1234-5678
    re.compile(r"(?<![\w.-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])"),  # 415-555-0123
    re.compile(r"(?<=input_value=).*?(?=, input_type=)", re.DOTALL),  # pydantic quotes what it refuses
    re.compile(r"(?<=\[parameters: ).*?(?=\]\s)", re.DOTALL),  # SQLAlchemy quotes what it sent
)

# Libraries that say at INFO what only their developers want to know.
QUIETER = {
    "httpx": "WARNING",
    "httpcore": "WARNING",
    "alembic": "WARNING",
    "uvicorn.access": "WARNING",
    "watchfiles.main": "WARNING",  # how many files changed; `--watch` says which
}


class Lines(logging.StreamHandler[TextIO]):
    """Writes to a stream. Of a line that cannot be written (its stream is closed, its arguments do not fit) only the
    place and the error's kind are told: Python itself would print its arguments and the source around, unmasked."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - Python's name
        kind = sys.exc_info()[0]
        what = kind.__name__ if kind else "unknown"
        try:
            sys.stderr.write(f"A log line of {record.name}:{record.lineno} was not written: {what}\n")
        except (OSError, ValueError, AttributeError):
            pass  # nowhere to tell it: stderr is closed, or there is none


def configure(level: str = "INFO", style: str = "auto", stream: TextIO | None = None) -> None:
    """Sets logging up for this process. `style`: auto, json or pretty; `stream`: stderr unless given."""
    out = stream or sys.stderr
    pretty = style == "pretty" or (style == "auto" and out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=("temporal_workflow", "temporal_activity")),
        name_the_journey,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,  # before `redact`: exception texts quote what they refuse
        structlog.processors.UnicodeDecoder(),
        redact,
    ]
    final: Processor = structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
    if pretty:
        final = structlog.dev.ConsoleRenderer(colors=out.isatty())
    handler = Lines(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, final],
            foreign_pre_chain=shared,
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # tests configure anew, with another stream
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, least in QUIETER.items():
        logging.getLogger(name).setLevel(max(logging.getLevelName(least), logging.getLevelName(level)))


def name_the_journey(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Temporal's own lines carry the workflow id, which is the journey's id: says so in the word used everywhere."""
    for key in ("temporal_workflow", "temporal_activity"):
        details = event.pop(key, None)
        if isinstance(details, Mapping):
            # the SDK says them at the end of each sentence, too
            event["event"] = str(event.get("event", "")).removesuffix(f" ({details})")
            event.setdefault("journey_id", details.get("workflow_id"))
            for name in ("workflow_type", "activity_type", "attempt"):
                if name in details:
                    event.setdefault(name, details[name])
    return event


def redact(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Drops personal keys and masks personal shapes, at any depth. Everything else passes unchanged."""
    return {key: _masked(value) for key, value in event.items() if str(key).lower() not in PERSONAL_KEYS}


def _masked(value: Any) -> Any:
    match value:
        case str():
            for shape in PERSONAL_SHAPES:
                value = shape.sub(MASK, value)
            return value
        case Mapping():
            return {
                key: _masked(inner) for key, inner in value.items() if str(key).lower() not in PERSONAL_KEYS
            }
        case list() | tuple() | set() | frozenset():
            return [_masked(inner) for inner in value]
        case None | bool() | int() | float():
            return value
        case logging.LogRecord():
            return value
        case _:
            return _masked(str(value))
