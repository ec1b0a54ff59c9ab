"""Bodies that come and go in parts: as they come, as fast as the other end takes them, and never with a false end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.http.bounds import DEFAULT_BOUNDS, MAX_WAITING_BYTES
from core.http.writer import ClientGoneError
from tests.fakes.http_transport import FakeHttpConnection
from tests.support.http_streams import GET, connect, read_answer

PART_BYTES = 100_000


def stream(
    *parts: bytes, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> Callable[..., Awaitable[None]]:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})

    return app


async def read_chunks(reader: asyncio.StreamReader) -> list[bytes]:
    chunks = []
    while size := int(await reader.readline(), 16):
        chunks.append(await reader.readexactly(size))
        assert await reader.readexactly(2) == b"\r\n"
    assert await reader.readexactly(2) == b"\r\n"
    return chunks


async def test_parts_without_a_length_are_chunks() -> None:
    async with connect(stream(b"ab", b"", b"cde" * 10)) as (reader, writer):
        for _ in range(2):
            writer.write(GET)
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"transfer-encoding: chunked\r\n" in head
            assert b"content-length" not in head
            assert await read_chunks(reader) == [b"ab", b"cde" * 10]


async def test_parts_with_a_length_are_sent_as_they_are() -> None:
    async with connect(stream(b"ab", b"cde", headers=((b"content-length", b"5"),))) as (reader, writer):
        for _ in range(2):
            writer.write(GET)
            _, headers, body = await read_answer(reader)
            assert (body, "transfer-encoding" in headers) == (b"abcde", False)


async def test_parts_to_an_old_client_end_with_the_connection() -> None:
    async with connect(stream(b"ab", b"cde")) as (reader, writer):
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert b"connection: close" in head
        assert b"transfer-encoding" not in head
        assert body == b"abcde"


async def test_part_leaves_before_the_next_one_is_there() -> None:
    go_on = asyncio.Event()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await go_on.wait()
        await send({"type": "http.response.body", "body": b"second"})

    async with connect(app) as (reader, writer):
        writer.write(GET)
        await reader.readuntil(b"5\r\nfirst\r\n")
        go_on.set()
        assert await reader.readuntil(b"0\r\n\r\n") == b"6\r\nsecond\r\n0\r\n\r\n"


@pytest.mark.parametrize("status", [200, 204, 304])
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_stream_where_no_body_belongs_is_only_its_head(method: bytes, status: int) -> None:
    app = stream(b"ab", b"cde", status=status, headers=((b"content-length", b"5"), (b"transfer-encoding", b"chunked")))
    async with connect(app) as (reader, writer):
        writer.write(GET.replace(b"GET", method) + b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
    assert (b"content-length: 5" in head) is (status != 204)
    assert b"transfer-encoding" not in head
    assert rest.startswith(b"HTTP/1.1 " if (method, status) != (b"GET", 200) else b"abcdeHTTP/1.1 ")


async def _raise(_send: Any) -> None:
    raise KeyError("secret")


async def _end_too_early(send: Any) -> None:
    await send({"type": "http.response.body", "body": b"x"})


async def _send_too_much(send: Any) -> None:
    await send({"type": "http.response.body", "body": b"x" * 100, "more_body": True})


async def _forget_the_end(_send: Any) -> None:
    pass


async def _begin_anew(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.mark.parametrize(
    ("fail", "headers"),
    [
        (_raise, ()),
        (_raise, ((b"content-length", b"10"),)),
        (_forget_the_end, ()),
        (_begin_anew, ()),
        (_end_too_early, ((b"content-length", b"10"),)),
        (_send_too_much, ((b"content-length", b"10"),)),
    ],
)
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_stream_that_fails_has_no_end(
    fail: Callable[[Any], Awaitable[None]],
    headers: tuple[tuple[bytes, bytes], ...],
    version: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    go_on = asyncio.Event()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        await go_on.wait()
        await fail(send)

    with caplog.at_level(logging.CRITICAL):
        async with connect(app) as (reader, writer):
            writer.write(GET.replace(b"1.1", version))
            await reader.readuntil(b"begun")
            go_on.set()
            with pytest.raises(ConnectionResetError):
                await reader.read()


async def test_application_waits_for_a_client_that_does_not_read() -> None:
    sent = 0

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        nonlocal sent
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(20):
            await send({"type": "http.response.body", "body": b"x" * PART_BYTES, "more_body": True})
            sent += 1
        await send({"type": "http.response.body"})

    connection = FakeHttpConnection(app, bounds=DEFAULT_BOUNDS, is_reader=False)
    connection.protocol.data_received(GET)
    for taken in range(1, 4):
        for _ in range(10):
            await asyncio.sleep(0)
        assert sent == taken
        connection.transport.waiting_bytes = 0
        connection.protocol.resume_writing()


async def test_application_that_streams_is_told_that_its_client_has_gone(caplog: pytest.LogCaptureFixture) -> None:
    told: asyncio.Future[OSError] = asyncio.get_running_loop().create_future()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x" * PART_BYTES, "more_body": True})
        except OSError as error:
            told.set_result(error)
            raise

    async with connect(app) as (reader, writer):
        writer.write(GET)
        await reader.readexactly(PART_BYTES)
        writer.close()
        assert isinstance(await asyncio.wait_for(told, 60), ClientGoneError)
    assert not caplog.records


async def test_answer_in_one_piece_to_a_client_that_has_gone_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    go_on, is_counted = asyncio.Event(), asyncio.Event()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await go_on.wait()
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b"no"})
        is_counted.set()

    connection = FakeHttpConnection(app, bounds=DEFAULT_BOUNDS)
    connection.protocol.data_received(GET)
    await asyncio.sleep(0)
    connection.protocol.connection_lost(None)
    go_on.set()
    await asyncio.wait_for(is_counted.wait(), 60)
    assert connection.transport.written == b""
    assert not caplog.records


async def test_large_body_waits_for_an_application_that_reads_slowly() -> None:
    size = 8 * 1024 * 1024
    largest, total = 0, 0

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        nonlocal largest, total
        is_more = True
        while is_more:
            message = await receive()
            is_more = message["more_body"]
            largest, total = max(largest, len(message["body"])), total + len(message["body"])
            for _ in range(5):
                await asyncio.sleep(0)
        await stream(b"read")(_scope, receive, send)

    async with connect(app) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % size + b"b" * size + GET)
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            assert await read_chunks(reader) == [b"read"]
    assert total == size
    assert largest <= MAX_WAITING_BYTES + 262_144  # and what one read of the loop brings


async def test_body_that_breaks_behind_the_answers_beginning_resets_the_connection() -> None:
    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        with pytest.raises(ClientGoneError):
            await send({"type": "http.response.body", "body": b"more", "more_body": True})

    async with connect(app) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        await reader.readuntil(b"begun")
        writer.write(b"no chunk\r\n")
        with pytest.raises(ConnectionResetError):
            await reader.read()


async def test_pipelined_requests_get_their_streams_in_order() -> None:
    async def app(scope: Any, _receive: Any, send: Any) -> None:
        await stream(scope["path"].encode(), b"end")(scope, _receive, send)

    async with connect(app) as (reader, writer):
        writer.write(b"".join(GET.replace(b"/ ", b"/%d " % number) for number in range(5)))
        for number in range(5):
            await reader.readuntil(b"\r\n\r\n")
            assert await read_chunks(reader) == [b"/%d" % number, b"end"]
