"""What the API's port says of the process, over a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.http.server import HttpServer
from core.runtime.probes import build_probes
from core.runtime.sockets import bind_socket


async def fail(_scope: Any, _receive: Any, _send: Any) -> None:
    raise AssertionError("not for the application")


@asynccontextmanager
async def connect(fault: str | None) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async def find_fault() -> str | None:
        return fault

    app = build_probes(app=fail, find_fault=find_fault)
    started, stopping = asyncio.Event(), asyncio.Event()
    server = HttpServer(app=app, sock=bind_socket("127.0.0.1", 0), grace_s=1)
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


@pytest.mark.parametrize(
    ("line", "fault", "status", "body"),
    [
        ("GET /health HTTP/1.1", None, 200, {"status": "ok"}),
        ("GET /health HTTP/1.0", "full", 200, {"status": "ok"}),
        ("HEAD /health HTTP/1.1", "full", 200, None),
        ("GET /ready HTTP/1.0", None, 200, {"status": "ready"}),
        ("GET /ready?x=y HTTP/1.1", "full", 503, {"status": "not ready", "reason": "full"}),
        ("HEAD /ready HTTP/1.0", "full", 503, None),
        ("OPTIONS /health HTTP/1.0", "full", 200, {"status": "ok"}),
        ("OPTIONS /ready HTTP/1.0", "full", 503, {"status": "not ready", "reason": "full"}),
        ("POST /ready HTTP/1.1", None, 405, {"message": "405: Method Not Allowed", "code": 0}),
    ],
)
async def test_process_tells_how_it_is(line: str, fault: str | None, status: int, body: object) -> None:
    async with connect(fault) as (reader, writer):
        writer.write(f"{line}\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert (b"retry-after: 5" in head) is (status == 503)
    assert (json.loads(rest) if rest else None) == body
