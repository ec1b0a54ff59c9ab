"""The HTTP server and the operations page, over real sockets."""

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from core.http.bounds import HttpBounds
from core.http.server import HttpServer
from core.runtime.errors import StartError
from core.runtime.metrics.metrics import Metrics
from core.runtime.operations import build_operations
from core.runtime.sockets import bind_socket, local_authority
from tests.support.http_streams import GET


@asynccontextmanager
async def _serve(app: Any, **options: Any) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """The server's URL, and the event that stops it."""
    server = HttpServer(app=app, sock=bind_socket("127.0.0.1", 0), **{"grace_s": 600, **options})
    started, stopping = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.run(started=started, stopping=stopping))
        await started.wait()
        yield f"http://{server.authority}", stopping
        stopping.set()


async def test_server_finishes_a_request_that_is_being_answered_when_it_stops() -> None:
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        inside.set()
        await go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"done"})

    async with httpx.AsyncClient() as client:
        async with _serve(app) as (url, stopping):
            request = asyncio.create_task(client.get(url))
            await inside.wait()
            stopping.set()
            asyncio.get_running_loop().call_later(0.2, go_on.set)
            response = await request
        with pytest.raises(httpx.ConnectError):
            await client.get(url)
    assert response.text == "done"
    assert "server" not in response.headers
    assert "date" not in response.headers


async def test_server_takes_the_rest_of_a_body_when_it_stops() -> None:
    inside = asyncio.Event()

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        inside.set()
        body = b""
        while (message := await receive()).get("more_body"):
            body += message["body"]
        await _answer(send, body + message["body"])

    async with _serve(app) as (url, stopping):
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nabc")
        await inside.wait()
        stopping.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        writer.write(b"def")
        told = await reader.read()
        writer.close()
    assert told.endswith(b"\r\n\r\nabcdef")
    assert b"connection: close" in told


async def test_server_gives_up_requests_that_outlast_its_patience(caplog: pytest.LogCaptureFixture) -> None:
    inside = asyncio.Event()

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        inside.set()
        await asyncio.Event().wait()

    async with httpx.AsyncClient() as client:
        async with _serve(app, grace_s=0.01) as (url, stopping):
            request = asyncio.create_task(client.get(url))
            await inside.wait()
            stopping.set()
        response = await request
    assert response.status_code == 503
    assert response.json() == {"message": "503: Service Unavailable", "code": 0}
    assert response.headers["content-type"] == "application/json"
    assert response.headers["retry-after"] == "1"
    assert response.headers["connection"] == "close"
    told = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert told == ["requests were given up at the end", "a request was given up"]


async def test_body_that_is_not_whole_at_the_end_is_refused() -> None:
    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        while (await receive()).get("more_body"):
            inside.set()

    inside = asyncio.Event()
    async with _serve(app, grace_s=0.01) as (url, stopping):
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nabc")
        await inside.wait()
        stopping.set()
        told = await reader.read()
        writer.close()
    assert told.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"\r\nconnection: close\r\n" in told
    assert told.endswith(b'\r\n\r\n{"message":"503: Service Unavailable","code":0}')


async def test_server_closes_idle_connections_soon_when_it_stops() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await _answer(send, b"done")

    async with httpx.AsyncClient() as client, asyncio.timeout(60), _serve(app) as (url, _):
        assert (await client.get(url)).text == "done"


async def _answer_done(_scope: Any, _receive: Any, send: Any) -> None:
    await _answer(send, b"done")


@pytest.mark.parametrize("turns", [0, 1, 5])
async def test_request_that_was_on_its_way_when_the_server_stopped_is_answered(turns: int) -> None:
    async with _serve(_answer_done) as (url, stopping):
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(GET)
        await reader.readuntil(b"done")
        stopping.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        writer.write(GET)
        told = await reader.read()
        writer.close()
    assert told.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nconnection: close\r\n" in told


async def test_client_that_the_kernel_has_accepted_when_the_server_stops_is_answered() -> None:
    async with _serve(_answer_done) as (url, stopping):
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(GET)
            stopping.set()
            reader, writer = await asyncio.open_connection(sock=client)
            told = await reader.read()
            writer.close()
    assert told.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nconnection: close\r\n" in told


async def test_server_that_stops_does_not_wait_for_idle_clients(caplog: pytest.LogCaptureFixture) -> None:
    bounds = HttpBounds(stop_s=0.01, stop_linger_s=0.01)
    async with asyncio.timeout(60), _serve(_answer_done, bounds=bounds) as (url, stopping):
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))):
            await asyncio.sleep(0)
            stopping.set()
    assert not caplog.records


async def test_server_leaves_signals_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    async with _serve(build_operations(registry=Metrics().registry, find_fault=_find_nothing)):
        assert signal.getsignal(signal.SIGTERM) is before


async def test_server_believes_only_trusted_proxies() -> None:
    async def app(scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["client"][0].encode()})

    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    async with httpx.AsyncClient() as client:
        async with _serve(app) as (url, _):
            assert (await client.get(url, headers=forwarded)).text == "127.0.0.1"
        async with _serve(app, trusted_proxies=["127.0.0.0/8"]) as (url, _):
            assert (await client.get(url, headers=forwarded)).text == "203.0.113.9"


async def _answer(send: Any, body: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def _find_nothing() -> str | None:
    return None


async def _find_full_disk() -> str | None:
    return "the disk is full"


async def test_operations_answers_metrics_health_and_ready() -> None:
    metrics = Metrics()
    metrics.connections.session_buffer_bytes.set(5)
    async with (
        httpx.AsyncClient() as client,
        _serve(build_operations(registry=metrics.registry, find_fault=_find_nothing)) as (url, _),
    ):
        page = await client.get(f"{url}/metrics")
        assert "guildway_session_buffer_bytes 5.0" in page.text
        assert page.headers["content-type"].startswith("text/plain; version=")
        assert (await client.get(f"{url}/health")).text == "ok\n"
        assert (await client.get(f"{url}/ready")).status_code == 200
        assert (await client.get(f"{url}/other")).status_code == 404
        assert (await client.post(f"{url}/health")).status_code == 405


async def test_operations_is_alive_but_not_ready_without_backends() -> None:
    async with (
        httpx.AsyncClient() as client,
        _serve(build_operations(registry=Metrics().registry, find_fault=_find_full_disk)) as (url, _),
    ):
        assert (await client.get(f"{url}/health")).status_code == 200
        answer = await client.get(f"{url}/ready")
        assert (answer.status_code, answer.text) == (503, "not ready: the disk is full\n")


async def test_operations_is_ready_when_it_is_impaired_and_says_so() -> None:
    app = build_operations(
        registry=Metrics().registry, find_fault=_find_nothing, list_impairments=lambda: ["no search"]
    )
    async with httpx.AsyncClient() as client, _serve(app) as (url, _):
        answer = await client.get(f"{url}/ready")
        assert (answer.status_code, answer.text) == (200, "ready\nimpaired: no search\n")


def test_bind_taken_port_is_told() -> None:
    with bind_socket("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(StartError, match=f"127.0.0.1:{port}: another process listens there"):
            bind_socket("127.0.0.1", port)


def test_bind_foreign_address_is_told() -> None:
    with pytest.raises(StartError, match="cannot listen on"):
        bind_socket("192.0.2.1", 0)
    with pytest.raises(StartError, match="cannot listen on"):
        bind_socket("no such host", 0)


def test_authority_of_every_address_is_loopback() -> None:
    with bind_socket("0.0.0.0", 0) as sock:
        assert local_authority(sock) == f"127.0.0.1:{sock.getsockname()[1]}"
