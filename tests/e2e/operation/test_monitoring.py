"""A real Prometheus scrapes a real server: every panel's query returns data, alerts fire by real faults, and a second
crowd makes no new series.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx
import pytest
import pytest_asyncio

from core.runtime.settings.settings import StoreSettings
from deploy.monitoring.boards.all_boards import BOARDS
from deploy.monitoring.panels import WINDOW, Where
from deploy.monitoring.prometheus_server import RULES, PrometheusServer
from deploy.services.definition import find_free_port
from tests.e2e.conftest import GENEROUS
from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server
from tests.support.services import serving
from tests.support.watcher import Watcher, talking

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded]

LEFT: Final = 'guildway_presence_updates_total{status="offline"}'
SHARDS: Final = "guildway_log_lag_seconds{"
"""The series of which there may be one for each shard, and which come with the shards' first events."""
REGISTRATION: Final = {"email": "nobody@example.org", "password": "correct horse", "date_of_birth": "1990-01-01"}
QUERIES: Final = [
    pytest.param(query.expression, id=f"{board.name}: {panel.title} {query.legend}")
    for board in BOARDS
    for panel in board.panels
    if panel.where is not Where.CLUSTER
    for query in panel.queries
]


class Scene:
    """A server of its own and the Prometheus that watches it."""

    def __init__(self, server: Server, watcher: Watcher, data: Path) -> None:
        self.server = server
        self.watcher = watcher
        self.data = data

    async def series(self) -> set[str]:
        """Return the names and labels of the server's own series."""
        async with httpx.AsyncClient(timeout=60) as http:
            text = (await http.get(f"{self.server.metrics}/metrics")).text
        return set(re.findall(r"^(guildway_\S+) \S+$", text, re.MULTILINE))


def _write_impatient_rules(folder: Path) -> Path:
    """The shipped rules, with alerts that fire at once."""
    folder.mkdir()
    for file in RULES.glob("*.yml"):
        (folder / file.name).write_text(re.sub(r"for: \d+m", "for: 0s", file.read_text()))
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """One that all tests share which leave it whole."""
    async with watching(tmp_path_factory.mktemp("monitoring")) as made:
        yield made


@contextlib.asynccontextmanager
async def watching(folder: Path) -> AsyncIterator[Scene]:
    """Watch a server, at which people have done a little of everything."""
    server = await Server(folder / "data", {**GENEROUS, "GUILDWAY_VOICE_ENABLED": "true"}).start()
    try:
        await _visit(server)
        service = PrometheusServer(
            folder=folder / "prometheus",
            port=find_free_port(),
            targets=[server.metrics.removeprefix("http://")],
            interval="1s",
            rules=_write_impatient_rules(folder / "rules"),
        )
        with serving(service):
            async with talking(server.api, server.gateway):
                yield Scene(server, Watcher(service.address), folder / "data")
    finally:
        await server.stop()


async def _visit(server: Server) -> None:
    """Have new people do things, also wrong ones."""
    async with await Person.register(server.api) as owner, open_gateway(server.gateway) as session:
        await session.identify(owner.token)
        guild = await owner.make_guild()
        channel = text_channel(guild)
        for number in range(3):
            await owner.send(channel, f"message {number}")
        await owner.call("GET", f"/channels/{channel}/messages")
        await session.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "message 2")
        await owner.request("GET", f"/guilds/{guild['id']}x/nothing/{channel}")
        await owner.request("BREW", f"/channels/{channel}")
        await owner.request("GET", "/users/@me", headers={"Authorization": f"nobody-{channel}"})
        await owner.request("POST", "/auth/login", {"login": f"{channel}@example.org", "password": "wrong"})


async def _fail(server: Server) -> None:
    """Ask for what a server that cannot write refuses, again and again."""
    async with Person(server.api) as nobody:
        while True:
            answer = await nobody.request("POST", "/auth/register", {**REGISTRATION, "username": "nobody"})
            assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("query", QUERIES)
async def test_panels_query_returns_data(scene: Scene, query: str) -> None:
    found = await scene.watcher.wait_for(query.replace(WINDOW, "5m"))
    assert all(series["value"][1] for series in found)


async def test_second_crowd_makes_no_new_series(scene: Scene) -> None:
    await _visit(scene.server)
    async with asyncio.timeout(60):
        while LEFT not in (before := await scene.series()):  # noqa: ASYNC110 - who leaves is offline after a while
            await asyncio.sleep(0.1)
    for _ in range(3):
        await _visit(scene.server)
    after = await scene.series()
    assert {series for series in after - before if not series.startswith(SHARDS)} == set()
    assert len([series for series in after if series.startswith(SHARDS)]) <= StoreSettings().num_shards
    assert not [series for series in after if re.search(r"\d{15}|nobody|nothing|BREW", series)]


async def test_server_that_cannot_write_fires_and_so_does_one_that_is_gone(tmp_path: Path) -> None:
    async with watching(tmp_path) as scene:
        await _check_faults_fire(scene)


async def _check_faults_fire(scene: Scene) -> None:
    assert (
        await scene.watcher.ask('ALERTS{alertstate="firing",alertname=~"GuildwayDown|GuildwayNotReady|GuildwayErrors"}')
        == []
    )
    (scene.data / "guildway.db").rename(scene.data / "moved.db")
    ready = await scene.watcher.wait_for_alert("GuildwayNotReady")
    assert ready["severity"] == "page"
    failing = asyncio.create_task(_fail(scene.server))
    try:
        await scene.watcher.wait_for_alert("GuildwayErrors")
    finally:
        failing.cancel()
    await scene.server.kill()
    down = await scene.watcher.wait_for_alert("GuildwayDown")
    assert down["instance"] == scene.server.metrics.removeprefix("http://")
