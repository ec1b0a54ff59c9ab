"""The media node as the embedded server runs it: a process that is started, killed and started again."""

import asyncio
import contextlib
import os
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from core.runtime.clock import SystemClock
from core.runtime.errors import StartError
from core.runtime.metrics.voice_metrics import VoiceMetrics
from core.runtime.randomness import SYSTEM_RANDOMNESS
from core.runtime.settings.settings import Settings, VoiceSettings
from core.voice.interfaces import VoiceServer
from core.voice.seats import Room, Seat
from guildway.processes.voice_meters import VoiceMeters
from guildway.processes.voice_node import VoiceNodeProcess
from guildway.processes.voice_process import open_ports
from tests.support.voice.certificates import Certificates, make_certificates
from tests.support.voice.client import VoiceTestClient
from tests.support.voice.node import CHANNEL, EVERYTHING, GUILD, LOOPBACK, News

ADA, BOB = 1, 2
SETTINGS = Settings(voice=VoiceSettings(host=LOOPBACK, port=0, media_port=0))


class Running:
    """The node's process, its news and its metrics."""

    def __init__(self, process: VoiceNodeProcess, news: News, registry: CollectorRegistry) -> None:
        self.process = process
        self.news = news
        self._registry = registry

    def read(self, name: str, **labels: str) -> float:
        """Read a metric."""
        return self._registry.get_sample_value(name, labels) or 0.0

    async def place(self, user_id: int) -> VoiceServer:
        """Seat a user, as soon as there is a node."""
        seat = Seat(Room(GUILD, CHANNEL), user_id, f"session-{user_id}", EVERYTHING)
        known = len(self.news.servers)
        return self.process.nodes.place(seat) or await self.next_server(known)

    async def next_server(self, known: int) -> VoiceServer:
        """Wait for a server beyond so many pieces of news."""
        found: list[VoiceServer] = []

        def is_told() -> bool:
            found[:] = [server for _, server in self.news.servers[known:] if server is not None]
            return bool(found)

        await self.news.wait_until(is_told)
        return found[0]


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    """A node under its server."""
    async with run_node_of(SETTINGS) as running:
        yield running


@contextlib.asynccontextmanager
async def run_node_of(settings: Settings) -> AsyncIterator[Running]:
    """Run a node under its server."""
    registry, news = CollectorRegistry(), News()
    with open_ports(settings.voice) as ports:
        assert ports is not None
        process = VoiceNodeProcess(
            settings=settings, ports=ports, clock=SystemClock(), randomness=SYSTEM_RANDOMNESS,
            meters=VoiceMeters(VoiceMetrics(registry)),
        )  # fmt: skip
        process.nodes.listen(news)
        chores = [asyncio.ensure_future(run()) for run in process.list_chores().values()]
        try:
            yield Running(process, news, registry)
        finally:
            for chore in chores:
                chore.cancel()
            await asyncio.gather(*chores, return_exceptions=True)
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


async def test_killed_node_is_started_again_and_its_room_is_placed_anew(running: Running) -> None:
    ada, bob = [VoiceTestClient(user_id, GUILD, await running.place(user_id)) for user_id in (ADA, BOB)]
    await ada.join()
    await bob.join()
    ada.talk(b"before")
    assert await bob.hear() == (ada.ssrc, b"before")
    known = len(running.news.servers)
    os.kill(running.process.pid, signal.SIGKILL)
    assert await ada.wait_closed() == 1006
    await bob.wait_closed()
    await running.news.wait_until(lambda: sum(server is not None for _, server in running.news.servers[known:]) == 2)
    told = running.news.servers[known:]
    assert [server for _, server in told[:2]] == [None, None]
    servers = {seat.user_id: server for seat, server in told if server is not None}
    assert {server.port for server in servers.values()} == {ada.server.port}
    again = [VoiceTestClient(user_id, GUILD, servers[user_id]) for user_id in (ADA, BOB)]
    for client in again:
        await client.join()
    again[0].talk(b"after")
    assert await again[1].hear() == (again[0].ssrc, b"after")
    assert running.read("guildway_voice_restarts_total") == 1
    for client in (ada, bob, *again):
        await client.leave()


async def test_certificate_is_read_again_when_the_server_is_told_to(tmp_path: Path) -> None:
    old, new = [make_certificates(make_folder(tmp_path / name)) for name in ("old", "new")]
    file = tmp_path / "in-use.pem"
    file.write_bytes(old.server.read_bytes())
    voice = msgspec.structs.replace(SETTINGS.voice, certificate=str(file))
    async with run_node_of(msgspec.structs.replace(SETTINGS, voice=voice)) as running:
        server = await running.place(ADA)
        assert await sees(server, old)
        assert not await sees(server, new)
        file.write_bytes(new.server.read_bytes())
        running.process.reload()
        async with asyncio.timeout(60):
            while not await sees(server, new):  # noqa: ASYNC110 - another process takes a signal
                await asyncio.sleep(0.01)
        assert not await sees(server, old)
        assert running.read("guildway_voice_restarts_total") == 0


def make_folder(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def sees(server: VoiceServer, certificates: Certificates) -> bool:
    """Return whether a client that trusts this authority alone may connect."""
    client = VoiceTestClient(ADA, GUILD, server)
    client.tls = certificates.trust()
    try:
        await client.open()
    except ssl.SSLCertVerificationError:
        return False
    await client.ws.close()
    return True


def test_taken_ports_are_told_before_the_start() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((LOOPBACK, 0))
        settings = VoiceSettings(host=LOOPBACK, port=0, media_port=taken.getsockname()[1])
        with pytest.raises(StartError, match="another process has that port"), open_ports(settings):
            pass


def test_certificate_that_is_not_there_is_told_before_the_start() -> None:
    settings = VoiceSettings(host=LOOPBACK, port=0, media_port=0, certificate="/nowhere/cert.pem")
    with pytest.raises(StartError, match=r"voice.certificate: /nowhere/cert.pem cannot be read"), open_ports(settings):
        pass


def test_without_voice_no_port_is_opened() -> None:
    with open_ports(VoiceSettings(enabled=False)) as ports:
        assert ports is None
