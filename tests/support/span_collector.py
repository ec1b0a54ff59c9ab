"""A collector of OpenTelemetry for tests: takes spans by OTLP over HTTP, and reads them by the official messages."""

import contextlib
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from typing_extensions import override


@dataclass(frozen=True, kw_only=True)
class Collected:
    """One span."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    """Empty for the first span of a trace."""
    process: str
    begin_ns: int
    end_ns: int
    attributes: dict[str, str | int] = field(default_factory=dict)


class SpanCollector:
    """The spans that have come."""

    def __init__(self, url: str) -> None:
        self.url = url
        """For `traces.endpoint`."""
        self._spans: list[Collected] = []
        self._has_more = threading.Condition()

    def add(self, body: bytes) -> None:
        """Take the body of an export."""
        with self._has_more:
            self._spans += _read(body)
            self._has_more.notify_all()

    def wait_for_trace(self, is_whole: Callable[[list[Collected]], bool], trace_id: str = "") -> list[Collected]:
        """Return the spans of a trace when they are whole. Raises TimeoutError with what has come instead."""
        until_s = time.monotonic() + 60
        with self._has_more:
            while True:
                by_trace: dict[str, list[Collected]] = {}
                for span in self._spans:
                    by_trace.setdefault(span.trace_id, []).append(span)
                for found, spans in by_trace.items():
                    if trace_id in ("", found) and is_whole(spans):
                        return spans
                if not self._has_more.wait(until_s - time.monotonic()):
                    raise TimeoutError(f"no whole trace among {self._spans}")


@contextlib.contextmanager
def collecting() -> Iterator[SpanCollector]:
    """Run a collector on a free port of loopback."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.add(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = SpanCollector(f"http://127.0.0.1:{server.server_port}/v1/traces")
        thread = threading.Thread(target=server.serve_forever, name="span collector", daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()


def _read(body: bytes) -> Iterator[Collected]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        names = {each.key: each.value.string_value for each in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Collected(
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    process=names["service.instance.id"],
                    begin_ns=span.start_time_unix_nano,
                    end_ns=span.end_time_unix_nano,
                    attributes={
                        each.key.removeprefix("guildway."): each.value.string_value or each.value.int_value
                        for each in span.attributes
                    },
                )
