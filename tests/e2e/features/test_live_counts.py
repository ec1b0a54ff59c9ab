"""The API's answers about gateways: the online count of a guild, and the identifies that a bot has left.

The processes of a cluster tell each other such numbers a few times a second, so the tests wait for them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person
from tests.support.server_process import Server

_LOOK_S: Final = 0.1
"""The time between looks: each makes three calls, of fifty that a person may make in a second."""


async def test_counts_of_the_api_are_those_of_the_gateway(tmp_path: Path) -> None:
    server = await Server(tmp_path).start()
    async with await Person.register(server.api) as alice, open_gateway(server.gateway) as session:
        guild = await alice.make_guild()
        bot = await alice.make_bot(guild["id"])

        async def counts() -> list[int]:
            answers = [
                await alice.call("GET", f"/guilds/{guild['id']}?with_counts=true"),
                await alice.call("GET", f"/guilds/{guild['id']}/preview"),
                (await alice.call("GET", "/users/@me/guilds?with_counts=true"))[0],
            ]
            return [answer["approximate_presence_count"] for answer in answers]

        assert await counts() == [0, 0, 0]
        await session.identify(alice.token)
        await session.wait_for_guild()
        await wait_until(counts, [1, 1, 1])
        async with open_gateway(server.gateway) as automaton:
            await automaton.identify(bot["token"])
            await automaton.wait_for_guild()
            await wait_until(counts, [2, 2, 2])

            async def starts_left() -> int:
                limit = await start_limit(server, bot["token"])
                return int(limit["remaining"] - limit["total"])

            await wait_until(starts_left, -1)
            limit = await start_limit(server, bot["token"])
            assert 0 < limit["reset_after"] <= 86_400_000
    assert await server.stop() == 0


async def wait_until(read: Callable[[], Awaitable[object]], wanted: object) -> None:
    async with asyncio.timeout(60):
        while True:
            if await read() == wanted:
                return
            await asyncio.sleep(_LOOK_S)


async def start_limit(server: Server, token: str) -> dict[str, Any]:
    async with Person(server.api, f"Bot {token}") as caller:
        limit: dict[str, Any] = (await caller.call("GET", "/gateway/bot"))["session_start_limit"]
        return limit
