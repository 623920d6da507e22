"""The last guard before spans leave: what exceptions say stays here, for the SDKs that make spans record it all."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status

TOLD = frozenset({"exception.type", "exception.escaped"})


class Discreet(SpanExporter):
    """Hands spans on without the messages and stack traces of exceptions; their types stay."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """As the exporter's own."""
        return self._exporter.export([_quiet(span) for span in spans])

    def shutdown(self) -> None:
        """As the exporter's own."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """As the exporter's own."""
        return self._exporter.force_flush(timeout_millis)


def _quiet(span: ReadableSpan) -> ReadableSpan:
    if not span.events and not span.status.description:
        return span
    events = [
        Event(
            event.name,
            {key: value for key, value in (event.attributes or {}).items() if key in TOLD},
            timestamp=event.timestamp,
        )
        for event in span.events
    ]
    said = (span.status.description or "").partition(":")[0]  # `TypeError: …`: the type alone
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        events=events,
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code, said if said.isidentifier() else None),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
