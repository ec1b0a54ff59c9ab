"""The service manager is notified when the server answers, and not before."""

import asyncio
import socket
from pathlib import Path

import httpx
import pytest

from tests.support.server_process import Server

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded]


async def test_manager_is_told_once_and_by_then_every_port_answers(tmp_path: Path) -> None:
    name = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.setblocking(False)
        manager.bind(str(name))
        server = Server(tmp_path / "data", {"NOTIFY_SOCKET": str(name)})
        async with asyncio.TaskGroup() as tasks:
            starting = tasks.create_task(server.start())
            async with asyncio.timeout(60):
                told = await asyncio.get_running_loop().sock_recv(manager, 100)
            await starting
        async with httpx.AsyncClient() as client:
            answers = [await client.get(f"{url}/ready") for url in (server.api, server.metrics)]
        assert await server.stop() == 0
        assert (told, [answer.status_code for answer in answers]) == (b"READY=1", [200, 200])
        with pytest.raises(BlockingIOError):
            manager.recv(100)


async def test_server_whose_manager_is_gone_serves_on(tmp_path: Path) -> None:
    server = await Server(tmp_path / "data", {"NOTIFY_SOCKET": str(tmp_path / "nowhere")}).start()
    assert await server.stop() == 0
    assert any("the service manager does not listen" in line for line in server.log)
