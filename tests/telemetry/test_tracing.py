"""Traces are off and free unless the environment asks for them, and discreet when it does."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.contrib.opentelemetry import TracingInterceptor

from doorstep.telemetry import tracing
from doorstep.telemetry.discreet import Discreet
from telemetry.collector import collecting

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.mark.parametrize(
    ("environ", "asked"),
    [
        ({}, False),
        ({ENDPOINT: "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({ENDPOINT: "http://c:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({ENDPOINT: "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({ENDPOINT: "http://c:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
    ],
)
def test_the_standard_variables_decide(environ: dict[str, str], asked: bool) -> None:
    """`OTEL_*` as every other program reads it."""
    assert tracing.wanted(environ) is asked


def test_a_protocol_that_is_not_spoken_is_told() -> None:
    """Not silently nothing: a line says what is asked and what there is."""
    with structlog.testing.capture_logs() as lines:
        assert not tracing.wanted({ENDPOINT: "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    assert lines[0]["asked"] == "grpc"


def test_without_the_variables_nothing_is_even_imported() -> None:
    """A process that does not trace loads no SDK, makes no span, and writes nothing into the inbox."""
    code = """
import sys
from doorstep.telemetry import tracing
tracing.configure("x")
with tracing.span("a", "server", n=1):
    tracing.note(b="c")
    assert tracing.parent() == ""
assert tracing.interceptors() == []
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
"""
    env = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    subprocess.run([sys.executable, "-c", code], env=env, check=True)


def test_what_an_exception_says_does_not_leave() -> None:
    """Its type does. Also for spans of Temporal's SDK, which record messages and stack traces."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(Discreet(kept)))
    tracer = provider.get_tracer("t")
    interceptor = TracingInterceptor(tracer)
    with (
        pytest.raises(ValueError, match="ada"),
        interceptor._start_as_current_span("call", attributes={}, kind=0),  # type: ignore[arg-type]
    ):
        raise ValueError("ada@example.org is no address")
    (span,) = kept.get_finished_spans()
    assert span.status.description == "ValueError"
    assert span.status.status_code.name == "ERROR"
    (event,) = span.events
    assert dict(event.attributes or {})["exception.type"] == "ValueError"
    assert "ada@" not in span.to_json()


def test_spans_follow_what_they_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first `traceparent` is the parent, another is a link, an empty or broken one is nothing; a failure is told
    by its type."""
    with collecting() as collected:
        monkeypatch.setenv(ENDPOINT, collected.endpoint)
        tracing.configure("t")
        try:
            parents = []
            for name in ("first", "second"):
                with tracing.span(name, "server"):
                    parents.append(tracing.parent())
            with tracing.span("follower", "consumer", follows=("", *parents, parents[0]), events=2):
                pass
            with pytest.raises(KeyError), tracing.span("broken", follows=("nonsense",)):
                raise KeyError("ada@example.org")
        finally:
            tracing.close()
        assert tracing.parent() == ""
        first, second = collected.named("first")[0], collected.named("second")[0]
        (follower,) = collected.named("follower")
        assert (follower.trace, follower.parent) == (first.trace, first.id)
        assert follower.links == (second.trace,)
        assert follower.attributes == {"doorstep.events": 2}
        (broken,) = collected.named("broken")
        assert (broken.parent, broken.status, broken.events) == ("", "KeyError", ())
