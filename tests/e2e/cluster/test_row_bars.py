"""What people who chat and change rows notice of a PostgreSQL or a worker that dies: a delay, no more."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp
import httpx
import pytest

from tests.e2e.cluster.crowd import REPEAT_S
from tests.e2e.cluster.crowd_scene import Chat, Scene
from tests.e2e.cluster.editors import Editor, RowListener
from tests.support.clusters.cluster import COME_BACK_S, Cluster
from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person, text_channel

EDITORS: Final = 4
AFTER: Final = 120

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(900)]


class Editing:
    """Editors at work, with a listener that is told of their changes."""

    def __init__(self, editors: list[Editor], listener: RowListener, working: list[asyncio.Task[None]]) -> None:
        self.editors = editors
        self._listener = listener
        self._working = working

    async def go_on(self, changes: int) -> None:
        """Wait until every editor has made so many more changes."""
        goals = [editor.answered + changes for editor in self.editors]
        while any(editor.answered < goal for editor, goal in zip(self.editors, goals, strict=True)):
            self._listener.news.clear()
            await self._listener.news.wait()

    async def check(self) -> None:
        for task in self._working:
            task.cancel()
        await asyncio.wait(self._working)
        faults = [*self._listener.faults]
        for editor in self.editors:
            faults += await editor.check(self._listener)
        assert not faults, f"{len(faults)} faults: " + "; ".join(faults[:20])


@contextlib.asynccontextmanager
async def editing(cluster: Cluster, chat: Chat) -> AsyncIterator[Editing]:
    """Let editors work in a guild of their own beside the chat."""
    timeout = aiohttp.ClientTimeout(total=20)
    async with (
        await Person.register(cluster.server.api) as owner,
        aiohttp.ClientSession(timeout=timeout) as http,
        asyncio.TaskGroup() as tasks,
    ):
        guild = await owner.make_guild()
        tokens = [await _appoint(cluster, owner, guild) for _ in range(EDITORS)]
        editors = []
        for number, token in enumerate(tokens):
            path = f"/guilds/{guild['id']}/channels"
            channel = await owner.call("POST", path, {"name": f"e{number}", "type": 0})
            editors.append(
                Editor(http=http, apis=cluster.apis(), token=token, guild_id=guild["id"], channel_id=channel["id"])
            )
        listener = RowListener(http=http, gateway=cluster.gateway, token=owner.token)
        listening = tasks.create_task(listener.run())
        await listener.ready.wait()
        working = [tasks.create_task(editor.run()) for editor in editors]
        running = Editing(editors, listener, working)
        await running.go_on(3)
        yield running
        for task in (listening, *working):
            task.cancel()


async def _appoint(cluster: Cluster, owner: Person, guild: dict[str, Any]) -> str:
    """Bring a new person into the guild as an administrator, and return its token."""
    async with await Person.register(cluster.server.api) as person:
        await owner.invite(text_channel(guild), person)
        role = await owner.call("POST", f"/guilds/{guild['id']}/roles", {"name": "editor", "permissions": "8"})
        await owner.call("PUT", f"/guilds/{guild['id']}/members/{person.id}/roles/{role['id']}")
        return person.token


class Visitor:
    """A person who joins and leaves a guild in turns."""

    def __init__(self, person: Person, guild_id: str, code: str) -> None:
        self._person = person
        self._guild_id = guild_id
        self._code = code
        self.visits = 0

    async def run(self) -> None:
        """Join and leave until cancelled."""
        while True:
            await self._repeat("POST", f"/invites/{self._code}")
            await self._repeat("DELETE", f"/users/@me/guilds/{self._guild_id}")
            self.visits += 1

    async def stay(self) -> None:
        """Join for good."""
        await self._repeat("POST", f"/invites/{self._code}")

    async def _repeat(self, method: str, path: str) -> None:
        """Send a request until it is answered. A repeated departure may find that it was done."""
        while True:
            with contextlib.suppress(httpx.HTTPError):
                answer = await self._person.request(method, path)
                if answer.is_success or (method == "DELETE" and answer.status_code == 404):
                    return
                assert answer.status_code == 503, answer.text
            await asyncio.sleep(REPEAT_S)


async def wait_ready(cluster: Cluster) -> None:
    """Wait until all processes are ready, and see that each is healthy and shows its numbers."""
    async with httpx.AsyncClient(timeout=60) as http, asyncio.timeout(COME_BACK_S):
        for entry in cluster.entries().values():
            if entry["role"] not in ("api", "worker"):
                continue
            url = entry["addresses"]["metrics"]
            while (await http.get(f"{url}/ready")).status_code != 200:
                pass  # an answer holds for a second
            assert (await http.get(f"{url}/health")).status_code == 200
            assert "guildway_" in (await http.get(f"{url}/metrics")).text


async def expect_not_ready(cluster: Cluster) -> None:
    """Wait until every API process says that it is not ready, though healthy."""
    async with httpx.AsyncClient(timeout=20) as http, asyncio.timeout(COME_BACK_S):
        for api in cluster.apis():
            while (answer := await http.get(f"{api}/ready")).status_code != 503:
                pass  # an answer holds for a second
            assert answer.json()["reason"]
            assert (await http.get(f"{api}/health")).status_code == 200


async def test_worker_that_is_killed_while_people_come_and_go_has_the_right_members(
    cluster: Cluster, scene: Scene, chat: Chat
) -> None:
    guild_id = (await scene.owner.call("GET", f"/channels/{scene.channels[0]}"))["guild_id"]
    path = f"/guilds/{guild_id}?with_counts=true"
    before = (await scene.owner.call("GET", path))["approximate_member_count"]
    code = (await scene.owner.call("POST", f"/channels/{scene.channels[0]}/invites", {"max_age": 0}))["code"]
    async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        people = [await stack.enter_async_context(await Person.register(api)) for api in cluster.apis() * 2]
        visitors = [Visitor(person, guild_id, code) for person in people]
        coming = [tasks.create_task(visitor.run()) for visitor in visitors]
        await chat.go_on(AFTER // 2)
        await cluster.wait_for_cut("worker-1")
        await cluster.kill("worker-1")
        await chat.go_on(AFTER)
        for task in coming:
            task.cancel()
        await asyncio.wait(coming)
        assert all(visitor.visits for visitor in visitors)
        await asyncio.gather(*(visitor.stay() for visitor in visitors))
        assert (await scene.owner.call("GET", path))["approximate_member_count"] == before + len(visitors)
        async with open_gateway(cluster.gateway) as session:
            await session.identify(scene.owner.token)
            shown = await session.wait_for_guild(lambda body: body["id"] == guild_id)
            assert shown["member_count"] == before + len(visitors)
        for person in people:
            await person.call("DELETE", f"/users/@me/guilds/{guild_id}")
    await chat.check()
    assert all(listener.life == 1 for listener in chat.listeners)


async def test_worker_that_is_told_to_stop_is_resumed_exactly(cluster: Cluster, chat: Chat) -> None:
    await cluster.kill("worker-1", signal.SIGTERM)
    await chat.go_on(AFTER)
    await chat.check()
    for listener in chat.listeners:
        assert (listener.life, listener.resumes) == (1, 1)
        assert len(listener.seen) == len({seen.message_id for seen in listener.seen})
    await wait_ready(cluster)


async def test_worker_that_is_killed_twice_while_people_change_rows_tells_all_or_begins_anew(
    cluster: Cluster, chat: Chat
) -> None:
    async with editing(cluster, chat) as work:
        await cluster.wait_for_cut("worker-1")
        for _ in range(2):
            await cluster.kill("worker-1")
            await work.go_on(1)
        await chat.go_on(AFTER)
        await work.go_on(5)
        await work.check()
    await chat.check()
    assert all(listener.life == 1 for listener in chat.listeners)


@pytest.mark.parametrize("is_crash", [False, True], ids=["stopped", "killed"])
async def test_rows_that_were_answered_outlive_postgres(cluster: Cluster, chat: Chat, is_crash: bool) -> None:
    async with editing(cluster, chat) as work:
        await asyncio.to_thread(cluster.postgres.kill if is_crash else cluster.postgres.stop)
        await expect_not_ready(cluster)
        await asyncio.to_thread(cluster.postgres.start)
        await chat.go_on(AFTER)
        await work.go_on(5)
        await work.check()
        await wait_ready(cluster)
    await chat.check()
    assert all(listener.life == 1 for listener in chat.listeners)
