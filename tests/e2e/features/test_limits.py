"""The default limits, as a stock library meets them."""

import asyncio
from pathlib import Path

import pytest

from tests.e2e.clients.discord_bot import discord, running_bot
from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server


async def test_default_limits_are_told_in_headers_and_waited_out_by_discord_py(tmp_path: Path) -> None:
    server = await Server(tmp_path).start()
    async with await Person.register(server.api) as alice:
        guild = await alice.make_guild()
        channel_id = text_channel(guild)
        path = f"/channels/{channel_id}/messages"
        asking = (alice.request("POST", path, {"content": str(number)}) for number in range(11))
        responses = await asyncio.gather(*asking)  # all at once, so that they are of one window
        responses.sort(key=lambda response: response.status_code)
        assert [response.status_code for response in responses] == [200] * 10 + [429]
        assert responses[0].headers["X-RateLimit-Limit"] == "10"
        left = sorted(int(response.headers["X-RateLimit-Remaining"]) for response in responses[:10])
        assert left == list(range(10))
        refused = responses[10]
        assert refused.headers["Via"]
        assert refused.headers["Content-Type"] == "application/json"
        assert refused.json()["global"] is False
        assert 0 < refused.json()["retry_after"] <= 10
        assert float(refused.headers["Retry-After"]) >= 1
        assert refused.headers["X-RateLimit-Bucket"] == responses[0].headers["X-RateLimit-Bucket"]

        bot = await alice.make_bot(guild["id"])
        async with running_bot(server, bot["token"]) as (client, seen):
            channel = client.get_channel(int(channel_id))
            assert isinstance(channel, discord.TextChannel)
            await asyncio.gather(*(channel.send(f"bot {number}") for number in range(12)))
            await seen.wait_for("message", lambda message: message.content == "bot 11")
    assert await server.stop() == 0


async def test_too_many_commands_close_the_connection_with_4008(tmp_path: Path) -> None:
    server = await Server(tmp_path).start()
    async with await Person.register(server.api) as alice, open_gateway(server.gateway) as session:
        await session.identify(alice.token)
        for _ in range(130):
            await session.send(1, None)
        assert await session.wait_closed() == 4008
    assert await server.stop() == 0


@pytest.mark.parametrize("changes", [{"intents": 1 << 30}, {"shard": [2, 2]}, {"shard": "x"}])
async def test_wrong_identify_is_closed_with_its_code(tmp_path: Path, changes: dict[str, object]) -> None:
    expected = {"intents": 4013, "shard": 4010 if changes.get("shard") == [2, 2] else 4002}
    server = await Server(tmp_path).start()
    async with await Person.register(server.api) as alice, open_gateway(server.gateway) as session:
        bot = await alice.make_bot()
        properties = {"os": "linux", "browser": "test", "device": "test"}
        await session.send(2, {"token": bot["token"], "intents": 1, "properties": properties, **changes})
        assert await session.wait_closed() == expected[next(iter(changes))]
    assert await server.stop() == 0
