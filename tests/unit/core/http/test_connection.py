"""HTTP connections over real sockets: order, bounds, ends, and bytes that are not HTTP."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.http.bounds import MAX_HEAD_BYTES, MAX_WAITING_BYTES, HttpBounds
from tests.support.http_streams import GET, connect, read_answer


async def count_bytes(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the path and the size of the body."""
    size_bytes = 0
    while True:
        message = await receive()
        size_bytes += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await answer(send, f"{scope['path']} {size_bytes}".encode())


async def answer(send: Any, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})


async def test_head_of_one_endless_header_is_refused() -> None:
    async with connect(count_bytes) as (reader, writer):
        # One byte too much: the server has read all of it, so its answer is not lost to a reset.
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nx: ".ljust(MAX_HEAD_BYTES + 1, b"a"))
        assert (await reader.read()).startswith(b"HTTP/1.1 431 ")


async def test_body_larger_than_a_head_may_be_is_no_head() -> None:
    size = MAX_HEAD_BYTES * 4
    async with connect(count_bytes) as (reader, writer):
        for _ in range(3):
            writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % size + b"b" * size)
            assert (await read_answer(reader))[2] == b"/ %d" % size


async def test_pipelined_requests_are_answered_in_order() -> None:
    first = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/1":
            await first.wait()
        await count_bytes(scope, receive, send)

    async with connect(app) as (reader, writer):
        for number in range(1, 4):
            writer.write(
                b"POST /%d HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % (number, number) + b"b" * number
            )
        asyncio.get_running_loop().call_later(0.05, first.set)
        assert [(await read_answer(reader))[2] for _ in range(3)] == [b"/1 1", b"/2 2", b"/3 3"]


async def test_body_in_chunks_arrives_whole() -> None:
    async with connect(count_bytes) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(3):
            writer.write(b"5\r\nabcde\r\n")
            await asyncio.sleep(0)
        writer.write(b"0\r\n\r\n" + GET)
        assert (await read_answer(reader))[2] == b"/ 15"
        assert (await read_answer(reader))[2] == b"/ 0"


async def test_client_that_waits_to_be_asked_for_the_body_is_asked() -> None:
    async with connect(count_bytes) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        writer.write(b"abc")
        assert (await read_answer(reader))[2] == b"/ 3"


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n" + GET,
        b"GET / HTTP/1.0\r\nhost: x\r\n\r\n",
    ],
    ids=["close", "old"],
)
async def test_last_request_is_answered_once_and_ends_the_connection(request_: bytes) -> None:
    async with connect(count_bytes) as (reader, writer):
        writer.write(request_)
        status, headers, body = await read_answer(reader)
        assert (status, headers["connection"], body) == (200, "close", b"/ 0")
        assert await reader.read() == b""


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nno number\r\n",
    ],
    ids=["line", "header", "path", "two lengths", "chunk"],
)
async def test_what_is_no_request_is_refused(request_: bytes) -> None:
    async with connect(count_bytes) as (reader, writer):
        writer.write(request_)
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")


async def test_nonsense_after_a_request_does_not_harm_its_answer() -> None:
    async with connect(count_bytes) as (reader, writer):
        writer.write(GET + b"nonsense\r\n\r\n")
        assert (await read_answer(reader))[2] == b"/ 0"
        assert await reader.read() == b""


async def test_application_is_told_when_the_client_has_gone() -> None:
    began, told = asyncio.Event(), asyncio.Event()

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        began.set()
        while (await receive())["type"] != "http.disconnect":
            pass
        told.set()

    async with connect(app) as (_, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nab")
        await began.wait()
        writer.close()
        await asyncio.wait_for(told.wait(), 60)


@pytest.mark.parametrize("rest", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nab"])
async def test_client_that_has_said_all_gets_its_answers(rest: bytes) -> None:
    first = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await first.wait()
        await count_bytes(scope, receive, send)

    async with connect(app) as (reader, writer):
        writer.write(GET + GET + rest)
        writer.write_eof()
        asyncio.get_running_loop().call_later(0.05, first.set)
        assert [(await read_answer(reader))[2] for _ in range(2)] == [b"/ 0", b"/ 0"]
        assert await reader.read() == b""


async def test_answer_before_the_bodys_end_leaves_the_connection_usable() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "POST":
            await answer(send, b"enough")
        else:
            await count_bytes(scope, receive, send)

    async with connect(app) as (reader, writer):
        size = MAX_WAITING_BYTES * 3
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % size)
        assert (await read_answer(reader))[2] == b"enough"
        writer.write(b"b" * size + GET)
        assert (await read_answer(reader))[2] == b"/ 0"


@pytest.mark.parametrize("rest", [b"", b"no chunk\r\n"], ids=["slow", "broken"])
async def test_request_that_was_answered_gets_no_second_answer(rest: bytes) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await answer(send, b"enough")

    bounds = HttpBounds(body_grace_s=0.05, keep_alive_s=0.05, linger_s=0.05)
    async with connect(app, bounds) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n")
        assert (await read_answer(reader))[2] == b"enough"
        writer.write(rest)
        assert await reader.read() == b""


async def test_blanks_behind_a_headers_value_are_none_of_it() -> None:
    async def app(scope: Any, _receive: Any, send: Any) -> None:
        await answer(send, dict(scope["headers"])[b"authorization"])

    async with connect(app) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nauthorization: \t a token \t \r\n\r\n")
        assert (await read_answer(reader))[2] == b"a token"


async def test_head_has_the_length_but_no_body() -> None:
    async with connect(count_bytes) as (reader, writer):
        writer.write(GET.replace(b"GET", b"HEAD") + GET)
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"content-length: 3\r\n" in head
        assert (await read_answer(reader))[2] == b"/ 0"


async def _raise(_send: Any) -> None:
    raise KeyError("secret")


async def _say_nothing(_send: Any) -> None:
    pass


async def _break_a_line(send: Any) -> None:
    await answer(send, b"", (b"x", b"a\r\nset-cookie: b"))


async def _announce_too_much(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"four"})


@pytest.mark.parametrize("fail", [_raise, _say_nothing, _break_a_line, _announce_too_much])
async def test_application_that_fails_costs_its_own_request_only(
    fail: Callable[[Any], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await fail(send)

    with caplog.at_level(logging.CRITICAL):
        async with connect(app) as (reader, writer):
            writer.write(GET)
            status, headers, body = await read_answer(reader)
            assert (status, headers["connection"]) == (500, "close")
            assert headers["content-type"] == "application/json"
            assert body == b'{"message":"500: Internal Server Error","code":0}'
            assert await reader.read() == b""


async def test_client_that_takes_no_answers_is_not_read_from() -> None:
    served = 0

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        nonlocal served
        served += 1
        await answer(send, b"x" * 1_000_000)

    async with connect(app) as (reader, writer):
        writer.write(GET * 100)
        await read_answer(reader)
        for _ in range(50):
            await asyncio.sleep(0)
        assert served < 100
        for _ in range(99):
            assert len((await read_answer(reader))[2]) == 1_000_000
        assert served == 100


UPGRADE = (
    b"host: x\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQBAAAAAAIAAAAA\r\n"
)
CHUNKED = b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nauthorization: x\r\n\r\n"


@pytest.mark.parametrize("end", [b"content-length: 5\r\n\r\nabcde", CHUNKED], ids=["length", "chunks"])
@pytest.mark.parametrize("pieces", [1, 2, 7, 1000])
async def test_wish_for_another_protocol_costs_nothing_of_the_request(end: bytes, pieces: int) -> None:
    request_ = b"POST /a HTTP/1.1\r\n" + UPGRADE + end
    data = request_ + request_.replace(b"/a", b"/b") + GET
    size = -(-len(data) // pieces)
    async with connect(count_bytes) as (reader, writer):
        for start in range(0, len(data), size):
            writer.write(data[start : start + size])
            await asyncio.sleep(0)
        assert [(await read_answer(reader))[2] for _ in range(3)] == [b"/a 5", b"/b 5", b"/ 0"]


async def test_client_that_waits_and_wishes_for_another_protocol_is_asked_for_the_body() -> None:
    async with connect(count_bytes) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\n" + UPGRADE + b"expect: 100-continue\r\ncontent-length: 3\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        writer.write(b"abc")
        assert (await read_answer(reader))[2] == b"/ 3"


async def test_headers_behind_the_body_are_not_the_requests() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        await answer(send, b" ".join(name for name, _ in scope["headers"]))

    async with connect(app) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\n" + CHUNKED)
        assert (await read_answer(reader))[2] == b"host transfer-encoding"


@pytest.mark.parametrize(
    "endless", [b"0\r\nx: " + b"a" * MAX_HEAD_BYTES, b"5;" + b"a" * MAX_HEAD_BYTES], ids=["trailer", "extension"]
)
async def test_what_is_neither_head_nor_body_is_bounded(endless: bytes) -> None:
    async with connect(count_bytes) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        writer.write(endless)
        for _ in range(10):
            writer.write(b"a" * MAX_HEAD_BYTES)
        assert (await reader.read()).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 505),
        (b"GET / HTTP/2.0\r\nhost: x\r\n\r\n", 505),
        (b"GET /\r\n\r\n", 505),
        (b"CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\nabc", 501),
        (b"POST / HTTP/1.1\r\nhost: x\r\nexpect: miracles\r\ncontent-length: 3\r\n\r\nabc", 417),
        (b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nhost: x\r\nexpect: x\r\ntransfer-encoding: chunked\r\n\r\nnonsense", 417),
        (b"CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\nnonsense\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET x:1 HTTP/1.1\r\nhost: x\r\n\r\n", 400),
    ],
)
async def test_what_cannot_be_done_is_refused_and_not_done(request_: bytes, status: int) -> None:
    asked = 0

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        nonlocal asked
        asked += 1
        await answer(send, b"")

    async with connect(app) as (reader, writer):
        writer.write(request_)
        told = await reader.read()
    assert told.startswith(b"HTTP/1.1 %d " % status)
    assert told.count(b"content-length: ") == 1
    assert asked == 0


async def test_refusal_does_not_harm_the_answer_before_it() -> None:
    async with connect(count_bytes) as (reader, writer):
        writer.write(GET + b"CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n")
        status, headers, body = await read_answer(reader)
        assert (status, headers["connection"], body) == (200, "close", b"/ 0")
        assert await reader.read() == b""


async def test_whole_address_as_target_is_read_as_its_path() -> None:
    async with connect(count_bytes) as (reader, writer):
        writer.write(b"GET http://x:1/a%20b?c HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await read_answer(reader))[2] == b"/a b 0"


async def test_client_whose_body_nobody_asked_for_is_let_go() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await answer(send, b"no")

    async with connect(app) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n")
        _, headers, body = await read_answer(reader)
        assert (headers["connection"], body) == ("close", b"no")
        assert await reader.read() == b""
