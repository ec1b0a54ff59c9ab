"""Spans by OpenTelemetry, which go to a collector by OTLP over HTTP, in batches and in a thread of their own.

What a collector does not take is dropped when the exporter's queue is full: tracing never holds up a message. All that
is begun is exported, as the sampling is done before (`core.runtime.traces.sampling`).
"""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from core.runtime.traces.interfaces import CONTEXT_BYTES

_TRACE_ID_BYTES: Final = 16
_SPAN_ID_BYTES: Final = CONTEXT_BYTES - _TRACE_ID_BYTES
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_SCOPE: Final = "guildway"
_BATCH_DELAY_MS: Final = 1000
"""The longest wait of a span for others; a reader of traces waits for it."""

logging.getLogger("opentelemetry").setLevel(logging.ERROR)


class OpenTelemetrySpan:
    """The `Span` of OpenTelemetry."""

    __slots__ = ("_span", "context")

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        found = span.get_span_context()
        self.context = found.trace_id.to_bytes(_TRACE_ID_BYTES) + found.span_id.to_bytes(_SPAN_ID_BYTES)

    def end(self, **attributes: str | int) -> None:
        """End the span."""
        for name, value in attributes.items():
            if value:
                self._span.set_attribute(f"guildway.{name}", value)
        self._span.end()


class OpenTelemetryTracer:
    """The `Tracer` of OpenTelemetry. It must be closed."""

    __slots__ = ("_provider", "_tracer", "now_ns")

    def __init__(self, *, endpoint: str, resource: Mapping[str, str], now_ns: Callable[[], int]) -> None:
        """`endpoint` is the collector's address for traces; `resource` says who makes the spans."""
        self.now_ns = now_ns
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=Resource.create(dict(resource)), shutdown_on_exit=False
        )
        exporter = OTLPSpanExporter(endpoint=endpoint)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_BATCH_DELAY_MS))
        self._tracer = self._provider.get_tracer(_SCOPE)

    def begin(self, name: str, *, parent: bytes | None = None, since_ns: int | None = None) -> OpenTelemetrySpan:
        """Begin a span."""
        context = None if parent is None else trace.set_span_in_context(NonRecordingSpan(_read_context(parent)))
        started_ns = self.now_ns() if since_ns is None else since_ns
        return OpenTelemetrySpan(self._tracer.start_span(name, context=context, start_time=started_ns))

    def close(self) -> None:
        """Export what waits, and end the thread. This blocks for as long as the collector takes to answer."""
        self._provider.shutdown()


def _read_context(context: bytes) -> SpanContext:
    return SpanContext(
        trace_id=int.from_bytes(context[:_TRACE_ID_BYTES]),
        span_id=int.from_bytes(context[_TRACE_ID_BYTES:]),
        is_remote=True,
        trace_flags=_SAMPLED,
    )
