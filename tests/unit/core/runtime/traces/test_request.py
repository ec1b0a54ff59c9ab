"""The layer around the API: a request has a span once somebody has sampled it, from its begin on."""

import logging
from typing import Any

import pytest

from core.runtime.logs import add_filter
from core.runtime.traces.log_lines import TraceIds
from core.runtime.traces.request import CURRENT, RequestTracing
from tests.fakes.tracer import FakeTracer


async def answer_with(app: Any, tracer: FakeTracer) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    tracing = RequestTracing(app, tracer=tracer, route_key="route")
    await tracing({"type": "http", "method": "POST"}, None, send)
    return sent


def make_app(tracer: FakeTracer, *, is_sampled: bool, fails: bool = False) -> Any:
    async def app(scope: Any, _receive: Any, send: Any) -> None:
        tracer.time_ns = 50
        scope["route"] = "/things/{id}"
        if is_sampled:
            request = CURRENT.get()
            assert request is not None
            assert request.sample() is request.sample()
        if fails:
            raise RuntimeError
        await send({"type": "http.response.start", "status": 201, "headers": [(b"a", b"b")]})
        await send({"type": "http.response.body", "body": b"x"})

    return app


async def test_sampled_request_has_a_span_since_its_begin_and_tells_its_trace() -> None:
    tracer = FakeTracer()
    head, body = await answer_with(make_app(tracer, is_sampled=True), tracer)
    span = tracer.find("request")
    assert (span.begin_ns, span.parent) == (1, None)
    assert span.ended == {"method": "POST", "route": "/things/{id}", "status": 201}
    assert head["headers"] == [(b"a", b"b"), (b"x-trace-id", span.context[:16].hex().encode())]
    assert body == {"type": "http.response.body", "body": b"x"}


async def test_other_request_passes_unchanged() -> None:
    tracer = FakeTracer()
    head, _ = await answer_with(make_app(tracer, is_sampled=False), tracer)
    assert head["headers"] == [(b"a", b"b")]
    assert tracer.spans == []
    assert CURRENT.get() is None


async def test_span_of_a_request_that_fails_ends() -> None:
    tracer = FakeTracer()
    with pytest.raises(RuntimeError):
        await answer_with(make_app(tracer, is_sampled=True, fails=True), tracer)
    assert tracer.find("request").ended == {"method": "POST", "route": "/things/{id}"}
    assert CURRENT.get() is None


async def test_log_lines_of_a_sampled_request_have_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    tracer = FakeTracer()
    logger = logging.getLogger("test of traces")
    added = TraceIds()
    caplog.handler.addFilter(added)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        logger.warning("before")
        await make_app(tracer, is_sampled=True)(scope, receive, send)
        logger.warning("after")

    await answer_with(app, tracer)
    logger.warning("outside")
    caplog.handler.removeFilter(added)
    trace_ids = [getattr(record, "trace_id", None) for record in caplog.records]
    assert trace_ids == [None, tracer.find("request").context[:16].hex(), None]


def test_filter_is_added_to_the_process_once(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = logging.NullHandler()
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    add_filter(TraceIds())
    add_filter(TraceIds())
    assert len(handler.filters) == 1
