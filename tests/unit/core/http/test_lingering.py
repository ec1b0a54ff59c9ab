"""The end of a connection after its last answer: the client takes all of it, whatever it sends meanwhile."""

import asyncio
import socket
from typing import Any, Final

import pytest

from core.http.bounds import DEFAULT_BOUNDS, HttpBounds
from tests.fakes.http_transport import FakeHttpConnection
from tests.support.http_streams import GET, connect, read_answer

CLOSE: Final = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
LARGE: Final = b"x" * 1_000_000
QUICK: Final = HttpBounds(linger_s=0.05)


class LargeAnswers:
    """An application whose answers are larger than a client's window."""

    def __init__(self) -> None:
        self.is_done = asyncio.Event()

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": LARGE})
        self.is_done.set()


@pytest.mark.parametrize(
    ("request_", "tail"),
    [
        (CLOSE, GET),
        (b"GET / HTTP/1.0\r\nhost: x\r\n\r\n", b"x"),
        (GET, b"nonsense\r\n\r\n"),
    ],
    ids=["close", "old", "nonsense"],
)
async def test_bytes_behind_the_last_request_cost_nothing_of_its_answer(request_: bytes, tail: bytes) -> None:
    app = LargeAnswers()
    async with connect(app) as (reader, writer):
        writer.write(request_ + tail)
        await app.is_done.wait()
        for _ in range(30):
            writer.write(tail)
            await asyncio.sleep(0.001)  # The server reads, or closes, between two pieces.
        assert (await read_answer(reader))[2] == LARGE
        assert await reader.read() == b""


async def test_client_that_closes_after_the_last_answer_ends_the_connection_at_once() -> None:
    connection = FakeHttpConnection(LargeAnswers(), bounds=DEFAULT_BOUNDS)
    connection.protocol.data_received(CLOSE)
    await _settle()
    assert connection.transport.is_shut
    assert not connection.transport.is_closed
    assert not connection.protocol.eof_received()


async def test_client_that_has_said_all_before_is_not_waited_for() -> None:
    connection = FakeHttpConnection(LargeAnswers(), bounds=DEFAULT_BOUNDS)
    connection.protocol.data_received(GET)
    assert connection.protocol.eof_received()
    await _settle()
    assert b"connection: close" in connection.transport.written
    assert connection.transport.is_closed
    assert len(connection.timers) == 1


async def test_idle_connection_of_a_server_that_stops_reads_on_for_a_moment() -> None:
    connection = FakeHttpConnection(LargeAnswers(), bounds=DEFAULT_BOUNDS)
    connection.work.is_stopping = True
    connection.protocol.shutdown()
    connection.protocol.data_received(GET)
    await _settle()
    assert connection.transport.is_shut
    assert not connection.transport.is_closed
    connection.timers.advance(DEFAULT_BOUNDS.stop_linger_s)
    assert connection.transport.is_closed
    assert not connection.transport.is_aborted
    assert not connection.transport.written


async def test_connection_that_lingers_when_the_server_stops_lingers_shorter() -> None:
    connection = FakeHttpConnection(LargeAnswers(), bounds=DEFAULT_BOUNDS)
    connection.protocol.data_received(CLOSE)
    await _settle()
    connection.work.is_stopping = True
    connection.protocol.shutdown()
    assert not connection.transport.is_closed
    connection.timers.advance(DEFAULT_BOUNDS.stop_linger_s)
    assert connection.transport.is_closed


async def test_client_that_sends_for_ever_is_closed() -> None:
    async with connect(LargeAnswers(), QUICK) as (reader, writer):
        writer.write(CLOSE)
        await reader.read()
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(_send_for_ever(writer), 60)


async def test_lingering_connection_keeps_its_place() -> None:
    async with connect(LargeAnswers(), HttpBounds(connections_per_address=1)) as (reader, writer):
        writer.write(CLOSE)
        await reader.read()
        host, port = writer.get_extra_info("peername")
        second, to_second = await asyncio.open_connection(host, port, family=socket.AF_INET)
        to_second.write(GET)
        assert (await read_answer(second))[0] == 429
        to_second.close()


async def _send_for_ever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)
