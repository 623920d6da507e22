"""Traces, from a webhook through the inbox and the journey to the provider's call.

Configured by OpenTelemetry's own variables and by nothing of ours: with `OTEL_EXPORTER_OTLP_ENDPOINT` (or
`…_TRACES_ENDPOINT`) set, spans go there by OTLP over HTTP; without, nothing is imported, made or written, and a span
costs one comparison. Sampling, headers, service name and resource are `OTEL_*` too.

Spans name routes, steps and references of ours. What an exception says is left out, its type stays: a driver's or a
provider's message may quote somebody's address.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

log = structlog.get_logger(__name__)

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
HTTP = "http/protobuf"

_provider: TracerProvider | None = None
_tracer: Tracer | None = None
_NOTHING: AbstractContextManager[None] = nullcontext()


def wanted(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment asks for traces in a way that we can serve."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if environ.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return False
    if not any(environ.get(name) for name in ENDPOINTS):
        return False
    protocol = next((environ[name] for name in PROTOCOLS if environ.get(name)), HTTP)
    if protocol != HTTP:
        log.error("no traces are sent: only OTLP over HTTP is spoken", asked=protocol, allowed=HTTP)
        return False
    return True


def configure(service: str) -> None:
    """Starts tracing in this process if the environment asks for it; `service` names it where `OTEL_SERVICE_NAME`
    does not. Again changes nothing."""
    global _provider, _tracer
    if _provider is not None or not wanted():
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from doorstep.telemetry.discreet import Discreet

    resource = Resource.create({} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: service})
    _provider = TracerProvider(resource=resource)
    _provider.add_span_processor(BatchSpanProcessor(Discreet(OTLPSpanExporter())))
    _tracer = _provider.get_tracer("doorstep")
    log.info("traces are sent", service=resource.attributes.get(SERVICE_NAME))


def close() -> None:
    """Sends what waits and ends tracing."""
    global _provider, _tracer
    if _provider is not None:
        _provider.shutdown()
    _provider = _tracer = None


def interceptors() -> list[Any]:
    """For a Temporal client: its calls, journeys and activities carry the trace on. Empty where nobody traces."""
    if _tracer is None:
        return []
    from temporalio.contrib.opentelemetry import TracingInterceptor

    return [TracingInterceptor(_tracer)]


def parent() -> str:
    """The current span as a W3C `traceparent`; empty outside any span or where nobody traces."""
    if _tracer is None:
        return ""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent", "")


def note(**attributes: str | int) -> None:
    """Adds attributes (prefixed `doorstep.`, never personal data) to the current span."""
    if _tracer is not None:
        from opentelemetry.trace import get_current_span

        get_current_span().set_attributes({f"doorstep.{key}": value for key, value in attributes.items()})


def span(
    name: str, kind: str = "internal", *, follows: Iterable[str] = (), **attributes: str | int
) -> AbstractContextManager[None]:
    """A span around the block. `kind`: internal, server, client, producer or consumer. `follows`: `traceparent`s;
    the first becomes its parent, others are linked. `attributes` get the prefix `doorstep.`: never personal data."""
    if _tracer is None:
        return _NOTHING
    return _span(_tracer, name, kind, follows, attributes)


@contextmanager
def _span(
    tracer: Tracer, name: str, kind: str, follows: Iterable[str], attributes: Mapping[str, str | int]
) -> Iterator[None]:
    from opentelemetry.trace import Link, SpanKind, Status, StatusCode, get_current_span
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    known = [
        TraceContextTextMapPropagator().extract({"traceparent": one}) for one in dict.fromkeys(follows) if one
    ]
    with tracer.start_as_current_span(
        name,
        context=known[0] if known else None,
        kind=SpanKind[kind.upper()],
        attributes={f"doorstep.{key}": value for key, value in attributes.items()},
        links=[Link(get_current_span(context).get_span_context()) for context in known[1:]],
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield
        except Exception as error:
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
