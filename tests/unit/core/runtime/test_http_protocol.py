"""Heads of requests that never end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.runtime import http_protocol
from core.runtime.http_protocol import MAX_HEAD_BYTES
from core.runtime.http_server import HttpServer
from core.runtime.sockets import bind_socket


async def _answer(_scope: Any, receive: Any, send: Any) -> None:
    size_bytes = 0
    while True:
        message = await receive()
        size_bytes += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    body = str(size_bytes).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def _connect() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    started, stopping = asyncio.Event(), asyncio.Event()
    server = HttpServer(app=_answer, sock=bind_socket("127.0.0.1", 0), grace_s=1, lifespan=False)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.run(started=started, stopping=stopping))
        await started.wait()
        host, _, port = server.authority.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            yield reader, writer
        finally:
            writer.close()
            stopping.set()


async def test_head_of_one_endless_header_is_refused() -> None:
    async with _connect() as (reader, writer):
        # One byte too much: the server has read all of it, so its answer is not lost to a reset.
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nx: ".ljust(MAX_HEAD_BYTES + 1, b"a"))
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_body_larger_than_a_head_may_be_is_no_head() -> None:
    size = MAX_HEAD_BYTES * 4
    async with _connect() as (reader, writer):
        for _ in range(3):
            writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % size + b"b" * size)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(len(str(size))) == str(size).encode()


async def test_head_that_does_not_come_closes_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_S", 0.05)
    async with _connect() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost:")
        assert await asyncio.wait_for(reader.read(), 5) == b""
