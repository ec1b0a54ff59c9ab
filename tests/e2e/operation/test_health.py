"""A server's answers about itself when its disk or its descriptors are used up."""

import asyncio
import contextlib
import json
import resource
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from gateway.transport.listener import TRANSPORTS
from tests.support.server_process import Server

pytestmark = pytest.mark.embedded

ACCOUNT = {"password": "correct horse battery", "date_of_birth": "1990-01-01"}
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PLENTY = 1 << 40


@contextlib.asynccontextmanager
async def running(
    data: Path, settings: dict[str, str] | None = None, *, max_files: int | None = None
) -> AsyncIterator[Server]:
    server = Server(data, settings, max_files=max_files)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def let_files_grow_to(server: Server, size_bytes: int) -> None:
    """Bound the file size of a process, which an ordinary user can do in place of filling a disk."""
    _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size_bytes, hard))


async def register(http: httpx.AsyncClient, number: int) -> httpx.Response:
    body = {**ACCOUNT, "username": f"person{number}", "email": f"person{number}@example.org"}
    return await http.post("/api/v10/auth/register", json=body)


async def wait_for(http: httpx.AsyncClient, path: str, status: int) -> httpx.Response:
    while (answer := await http.get(path)).status_code != status:
        pass  # An answer holds for a second.
    return answer


async def open_gateway_socket(server: Server, opened: contextlib.AsyncExitStack) -> int:
    """Return the status of an upgrade. An accepted connection stays open."""
    host, _, port = server.gateway.removeprefix("ws://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(HANDSHAKE)
    status = int((await reader.readline()).split()[1])
    if status == 101:
        opened.callback(writer.close)
    else:
        writer.close()
    return status


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux")
async def test_full_disk_is_told_everywhere_and_is_over_when_there_is_room(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as server, httpx.AsyncClient(timeout=60, base_url=server.api) as http:
        assert (await register(http, 0)).status_code == 201
        assert (await http.get("/ready")).status_code == 200
        let_files_grow_to(server, 4096)
        refused = [await register(http, number) for number in range(1, 6)]
        assert {answer.status_code for answer in refused} == {503}
        assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
        answer = await wait_for(http, "/ready", 503)
        assert answer.json()["reason"]
        assert (await http.get("/health")).status_code == 200
        for port in (server.metrics, server.gateway.replace("ws", "http")):
            async with httpx.AsyncClient(timeout=60, base_url=port) as other:
                assert (await wait_for(other, "/ready", 503)).text.startswith("not ready: ")
        let_files_grow_to(server, PLENTY)
        assert (await register(http, 9)).status_code == 201
        await wait_for(http, "/ready", 200)
    log = "\n".join(server.log)
    assert "Traceback" not in log
    assert log.count('"message": "not ready"') == log.count('"message": "ready again"') == 1


async def test_database_that_is_replaced_under_a_running_server_is_told_and_not_ruined(tmp_path: Path) -> None:
    database, backup = tmp_path / "data" / "guildway.db", tmp_path / "backup.db"
    async with running(tmp_path / "data") as server, httpx.AsyncClient(timeout=60, base_url=server.api) as http:
        assert (await register(http, 0)).status_code == 201
    shutil.copy(database, backup)
    server.log.clear()
    await server.start()
    async with httpx.AsyncClient(timeout=60, base_url=server.api) as http:
        assert [(await register(http, number)).status_code for number in (1, 2)] == [201, 201]
        backup.replace(database)
        assert {(await register(http, number)).status_code for number in (3, 4, 5)} == {503}
        answer = await wait_for(http, "/ready", 503)
        assert answer.json()["reason"] == "guildway.db was replaced while the server ran: start it again"
    assert await server.stop() == 0
    log = "\n".join(server.log)
    assert log.count('"nothing is written any more"') == log.count('"message": "not ready"') == 1
    assert "Traceback" not in log
    await server.start()
    async with httpx.AsyncClient(timeout=60, base_url=server.api) as http:
        # A username in the backup is taken (400); a later one is free again (201).
        assert [(await register(http, number)).status_code for number in (0, 1)] == [400, 201]
    assert await server.stop() == 0


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_gateway_that_is_full_leaves_room_for_the_api_and_for_probes(tmp_path: Path, transport: str) -> None:
    settings = {"GUILDWAY_GATEWAY_TRANSPORT": transport}
    async with running(tmp_path / "data", settings, max_files=256) as server, contextlib.AsyncExitStack() as sockets:
        opened = [await open_gateway_socket(server, sockets) for _ in range(250)]
        assert set(opened) == {101, 503}
        assert opened.index(503) == opened.count(101) == 256 - 64 - 112
        async with httpx.AsyncClient(timeout=60) as http:
            for path in ("/health", "/ready"):
                for url in (server.api, server.metrics, server.gateway.replace("ws", "http")):
                    assert (await http.get(f"{url}{path}")).status_code == 200
                    assert (await http.request("HEAD", f"{url}{path}")).status_code == 200
        async with httpx.AsyncClient(timeout=60, base_url=server.api) as http:
            assert (await register(http, 1)).status_code == 201


async def test_one_address_does_not_get_all_connections_of_the_api(tmp_path: Path) -> None:
    async with running(tmp_path / "data", max_files=256) as server, contextlib.AsyncExitStack() as sockets:
        host, _, port = server.api.removeprefix("http://").rpartition(":")
        for _ in range(100):
            _, writer = await asyncio.open_connection(host, int(port))
            sockets.callback(writer.close)
        async with httpx.AsyncClient(
            timeout=60, transport=httpx.AsyncHTTPTransport(local_address="127.0.0.2")
        ) as other:
            assert (await other.get(f"{server.api}/api/v10/gateway")).status_code == 200
        async with httpx.AsyncClient(timeout=60, base_url=server.metrics) as http:
            assert (await http.get("/ready")).status_code == 200


@pytest.mark.parametrize("ask", [lambda server: server.api, lambda server: server.gateway.replace("ws", "http")])
async def test_probes_are_answered_to_an_address_that_is_shut_out(tmp_path: Path, ask: Callable[[Server], str]) -> None:
    server = Server(tmp_path / "data", {"GUILDWAY_LIMITS_INVALID_REQUESTS": "3"})
    await server.start()
    try:
        async with httpx.AsyncClient(timeout=60) as http:
            statuses = [(await http.get(f"{server.api}/api/v10/users/@me")).status_code for _ in range(5)]
            assert statuses == [401, 401, 401, 429, 429]
            for path in ("/health", "/ready"):
                answers = [(await http.get(f"{ask(server)}{path}")).status_code for _ in range(60)]
                assert answers == [200] * 60
    finally:
        await server.stop()


async def test_first_line_says_what_has_started_and_nothing_secret_is_logged(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", {"GUILDWAY_API_TRUSTED_PROXIES": "10.0.0.0/8"})
    lines = []
    for _ in range(2):
        await server.start()
        async with httpx.AsyncClient(timeout=60, base_url=server.api) as http:
            await register(http, 1)
            await http.post("/api/v10/auth/login", json={"login": "person1", "password": "a wrong one"})
        await server.stop()
        written = [line for line in server.log if line.startswith("{")]
        server.log.clear()
        # The very first start warns that the database keeps its numbers from then on.
        lines.append(
            next(line for line in map(json.loads, written) if line["logger"] != "core.store.sql.schema.cluster")
        )
        log = "\n".join(written)
        assert "login failed" in log
        assert not [secret for secret in (ACCOUNT["password"], "a wrong one", "person1") if secret in log]
    first, second = lines
    assert first["message"] == second["message"] == "ready"
    assert first["schema_before"] is None
    assert second["schema_before"] == second["schema"] == first["schema"]
    assert {"version", "python", "kernels", "api", "gateway", "metrics"} <= set(first)
    assert first["trusted_proxies"] == ["10.0.0.0/8"]
