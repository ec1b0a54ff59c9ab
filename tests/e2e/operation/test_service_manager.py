"""The service manager is notified when the server answers, and not before."""

import asyncio
import os
import signal
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
        async with httpx.AsyncClient(timeout=60) as client:
            answers = [await client.get(f"{url}/ready") for url in (server.api, server.metrics)]
        assert await server.stop() == 0
        assert (told, [answer.status_code for answer in answers]) == (b"READY=1", [200, 200])
        assert manager.recv(100) == b"STOPPING=1"
        with pytest.raises(BlockingIOError):
            manager.recv(100)


async def test_manager_hears_that_the_server_lives_and_when_it_reloads(tmp_path: Path) -> None:
    name = tmp_path / "notify"
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.setblocking(False)
        manager.bind(str(name))
        server = Server(tmp_path / "data", {"NOTIFY_SOCKET": str(name), "WATCHDOG_USEC": "200000"})
        async with asyncio.TaskGroup() as tasks, asyncio.timeout(60):
            starting = tasks.create_task(server.start())
            while await loop.sock_recv(manager, 100) != b"READY=1":
                pass
            await starting
            lives = [await loop.sock_recv(manager, 100) for _ in range(2)]
            os.kill(server.pid, signal.SIGHUP)
            while (told := await loop.sock_recv(manager, 100)) == b"WATCHDOG=1":
                pass
            while (ready := await loop.sock_recv(manager, 100)) == b"WATCHDOG=1":
                pass
        assert await server.stop() == 0
    assert lives == [b"WATCHDOG=1"] * 2
    assert told.startswith(b"RELOADING=1\nMONOTONIC_USEC=")
    assert ready == b"READY=1"


async def test_server_whose_manager_is_gone_serves_on(tmp_path: Path) -> None:
    server = await Server(tmp_path / "data", {"NOTIFY_SOCKET": str(tmp_path / "nowhere")}).start()
    assert await server.stop() == 0
    assert any("the service manager does not listen" in line for line in server.log)
