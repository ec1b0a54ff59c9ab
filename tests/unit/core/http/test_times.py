"""HTTP clients that take their time: the clock is the test's."""

import asyncio
import logging
from typing import Any

import pytest

from core.http.bounds import HttpBounds
from core.http.peers import HttpPeers
from tests.fakes.http_transport import FakeHttpConnection

BOUNDS = HttpBounds(head_s=30, keep_alive_s=5, body_grace_s=20, body_bytes_per_s=512, request_s=900, unread_s=60)
GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
HEAD = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n"


async def read_all(_scope: Any, receive: Any, send: Any) -> None:
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] == "http.request":
        await answer(send, b"read")


async def answer(send: Any, body: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_body_that_trickles_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    connection = FakeHttpConnection(read_all, bounds=BOUNDS)
    connection.protocol.data_received(HEAD)
    with caplog.at_level(logging.WARNING):
        for _ in range(13):
            await settle()
            connection.timers.advance(2)
            connection.protocol.data_received(b"b")
    assert connection.transport.written.startswith(b"HTTP/1.1 408 ")
    assert connection.transport.is_shut
    connection.timers.advance(BOUNDS.linger_s)
    assert connection.transport.is_closed
    assert [(record.message, record.__dict__["part"]) for record in caplog.records] == [("slow client closed", "body")]
    connection.protocol.connection_lost(None)
    assert len(connection.timers) == 0


async def test_body_on_a_slow_line_is_read_to_its_end() -> None:
    connection = FakeHttpConnection(read_all, bounds=BOUNDS)
    connection.protocol.data_received(HEAD)
    for _ in range(100):
        await settle()
        connection.timers.advance(1.5)
        connection.protocol.data_received(b"b" * 1000)
    await settle()
    assert connection.transport.written.endswith(b"read")


async def test_body_may_not_take_longer_than_a_request_may() -> None:
    connection = FakeHttpConnection(read_all, bounds=BOUNDS)
    connection.protocol.data_received(HEAD.replace(b"100000", b"99999999"))
    for _ in range(181):
        await settle()
        connection.timers.advance(5)
        connection.protocol.data_received(b"b" * 5000)
    assert connection.transport.written.startswith(b"HTTP/1.1 408 ")


async def test_body_that_nobody_reads_yet_is_not_late() -> None:
    go_on = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await go_on.wait()
        await read_all(scope, receive, send)

    connection = FakeHttpConnection(app, bounds=BOUNDS)
    connection.protocol.data_received(HEAD + b"b" * 70_000)
    await settle()
    assert not connection.transport.is_reading
    connection.timers.advance(600)
    go_on.set()
    await settle()
    assert connection.transport.is_reading
    connection.timers.advance(19)
    connection.protocol.data_received(b"b" * 30_000)
    await settle()
    assert connection.transport.written.endswith(b"read")


async def test_rest_of_a_body_that_was_answered_may_not_trickle_either() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await answer(send, b"enough")

    connection = FakeHttpConnection(app, bounds=BOUNDS)
    connection.protocol.data_received(HEAD)
    await settle()
    assert connection.transport.written.endswith(b"enough")
    for _ in range(13):
        connection.timers.advance(2)
        connection.protocol.data_received(b"b")
    connection.timers.advance(BOUNDS.linger_s)
    assert connection.transport.is_closed


async def test_head_that_trickles_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    connection = FakeHttpConnection(read_all, bounds=BOUNDS)
    with caplog.at_level(logging.WARNING):
        for byte in HEAD[:17]:
            connection.protocol.data_received(bytes([byte]))
            connection.timers.advance(2)
    assert connection.transport.is_closed
    assert [(record.message, record.__dict__["part"]) for record in caplog.records] == [("slow client closed", "head")]


async def test_connection_that_says_nothing_is_closed_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    connection = FakeHttpConnection(read_all, bounds=BOUNDS)
    connection.timers.advance(30)
    assert connection.transport.is_closed
    assert not caplog.records


async def test_connection_that_is_idle_between_requests_is_closed() -> None:
    connection = FakeHttpConnection(read_all, bounds=BOUNDS)
    connection.timers.advance(20)
    connection.protocol.data_received(GET)
    await settle()
    connection.timers.advance(4)
    assert not connection.transport.is_closed
    connection.timers.advance(1)
    assert connection.transport.is_closed


async def test_request_that_takes_long_is_not_idle() -> None:
    done = asyncio.Event()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await done.wait()
        await answer(send, b"done")

    connection = FakeHttpConnection(app, bounds=BOUNDS)
    connection.protocol.data_received(GET)
    connection.timers.advance(600)
    done.set()
    await settle()
    assert connection.transport.written.endswith(b"done")


async def test_next_head_that_trickles_ends_with_the_answer_before_it() -> None:
    done = asyncio.Event()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await done.wait()
        await answer(send, b"done")

    connection = FakeHttpConnection(app, bounds=BOUNDS)
    connection.protocol.data_received(GET + b"GET / HT")
    connection.timers.advance(60)
    done.set()
    await settle()
    assert b"connection: close" in connection.transport.written
    assert connection.transport.is_shut
    connection.timers.advance(BOUNDS.linger_s)
    assert connection.transport.is_closed


async def test_answer_that_nobody_reads_ends_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await answer(send, b"x" * 100_000)

    connection = FakeHttpConnection(app, bounds=BOUNDS, is_reader=False)
    with caplog.at_level(logging.WARNING):
        connection.protocol.data_received(GET * 3)
        await settle()
        connection.timers.advance(59)
        assert not connection.transport.is_aborted
        connection.timers.advance(10)
    assert connection.transport.is_aborted
    assert [(record.message, record.__dict__["part"]) for record in caplog.records] == [
        ("slow client closed", "answer")
    ]


async def test_answer_that_is_read_slowly_is_finished() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await answer(send, b"x" * 100_000)

    connection = FakeHttpConnection(app, bounds=BOUNDS, is_reader=False)
    connection.protocol.data_received(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    await settle()
    for _ in range(10):
        connection.timers.advance(50)
        connection.transport.take(10_000)
        assert not connection.transport.is_closed
    connection.transport.take(connection.transport.waiting_bytes)
    connection.timers.advance(2 * BOUNDS.linger_s)
    assert connection.transport.is_closed
    assert not connection.transport.is_aborted


@pytest.mark.parametrize(("path", "status"), [(b"/health", 200), (b"/ready", 200), (b"/other", 429)])
async def test_connection_past_a_bound_is_only_for_the_question_how_the_process_is(path: bytes, status: int) -> None:
    bounds = HttpBounds(connections_per_address=1)
    peers = HttpPeers(bounds=bounds)
    first, second = (FakeHttpConnection(read_all, bounds=bounds, peers=peers) for _ in range(2))
    for connection in (first, second):
        connection.protocol.data_received(b"GET %b HTTP/1.1\r\nhost: x\r\n\r\n" % path)
    await settle()
    assert first.transport.written.startswith(b"HTTP/1.1 200 ")
    assert second.transport.written.startswith(b"HTTP/1.1 %d " % status)
    assert b"connection: close" in second.transport.written
    second.protocol.connection_lost(None)
    third = FakeHttpConnection(read_all, bounds=bounds, peers=peers)
    first.protocol.connection_lost(None)
    assert len(peers) == 1
    third.timers.advance(5)
    assert third.transport.is_closed
