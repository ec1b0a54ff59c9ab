"""Odd values in fields that the server does not need, over a socket: no session ends, and others get valid events."""

import json
import random
from typing import Any

import msgspec
import pytest

from core.domain.intents import Intent
from tests.integration.gateway.conftest import LOOPBACK, RunGateway
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.gateway.shown_presence import check_presence
from tests.support.stores.store_writer import StoreWriter

MAX_BYTES = 4096
"""The largest command of a bot."""
UNLIMITED = msgspec.structs.replace(LOOPBACK, commands_per_minute=1_000_000, presences_per_window=1_000_000)
COMMANDS = {
    1: ["seq", "qos"],
    3: ["status", "since", "afk", "activities", "game"],
    4: ["guild_id", "channel_id", "self_mute", "self_deaf", "self_video", "self_stream", "flags"],
    8: ["guild_id", "query", "limit", "presences", "user_ids", "nonce"],
    14: ["guild_id", "typing", "threads", "activities", "members", "channels"],
    31: ["guild_ids"],
    36: ["guild_id"],
    37: ["subscriptions"],
    40: ["seq", "qos"],
    43: ["guild_id", "fields"],
}
ACTIVITY = [
    "name",
    "type",
    "url",
    "created_at",
    "timestamps",
    "application_id",
    "details",
    "state",
    "emoji",
    "flags",
    "party",
]
INNER = ["id", "name", "animated", "roles", "start", "end", "large_image", "size"]
WORDS = [
    "",
    "x",
    "0",
    "17",
    "-1",
    "1.5",
    "true",
    "online",
    "dnd",
    "0001-01-01T00:00:00Z",
    "\U0001f375",
    "x" * 300,
    "https://a.b",
]
NUMBERS = [0, 1, -1, 4, 7, 1.0, 1.5, 1 << 31, 1 << 53, 1 << 63, 10**30, 1e300]


def value(some: random.Random, depth: int = 0) -> Any:
    """Any JSON value."""
    kinds = [lambda: None, lambda: some.choice([True, False]), lambda: some.choice(WORDS), lambda: some.choice(NUMBERS)]
    if depth < 4:
        kinds += [
            lambda: [value(some, depth + 1) for _ in range(some.randrange(3))],
            lambda: {name: value(some, depth + 1) for name in some.sample(ACTIVITY, some.randrange(1, 8))},
            lambda: {name: value(some, depth + 1) for name in some.sample(INNER, some.randrange(4))},
        ]
    return some.choice(kinds)()


def presence(some: random.Random) -> dict[str, Any]:
    """A presence, mostly with an activity that has a name."""
    activity = {name: value(some, 2) for name in some.sample(ACTIVITY, some.randrange(8))}
    return {
        "status": some.choice(["idle", "dnd", "", None]),
        "activities": [activity | {"name": some.choice(["a", "b", 5])} for _ in range(some.randrange(1, 4))],
    }


async def say_everything(client: GatewayClient, some: random.Random) -> None:
    for _ in range(150):
        op = some.choice(list(COMMANDS))
        names = some.sample(COMMANDS[op], some.randrange(len(COMMANDS[op]) + 1))
        d = {name: value(some) for name in names}
        odd = {"op": op, "d": some.choice([d, d, d, value(some)]), "t": value(some), "s": value(some)}
        for payload in (odd, {"op": 3, "d": presence(some)}):
            if len(json.dumps(payload)) <= MAX_BYTES:
                await client.send(**payload)


@pytest.mark.parametrize("seed", range(4))
async def test_odd_values_close_nobody_and_reach_nobody(
    writer: StoreWriter, run_gateway: RunGateway, seed: int
) -> None:
    some = random.Random(seed)
    alice, bob = await writer.person("alice"), await writer.person("bob")
    bot = await writer.bot(alice)
    guild_id = await writer.guild(alice, bob, bot)
    odd = {"properties": value(some), "presence": value(some), "large_threshold": value(some), "compress": "x"}
    async with (
        run_gateway(UNLIMITED) as gateway,
        open_gateway(gateway.url) as watching,
        open_gateway(gateway.url) as person,
        open_gateway(gateway.url) as machine,
    ):
        await watching.identify(alice.token)
        await person.identify(bob.token, **odd)
        await machine.identify(bot.token, intents=int(Intent.GUILDS), **odd)
        for client in (person, machine):
            await say_everything(client, some)
            await client.send(3, {"status": "dnd", "activities": [{"name": "the end"}]})
        for login in (bob, bot):
            await watching.wait_for(
                "PRESENCE_UPDATE",
                lambda each, login=login: (
                    each["user"]["id"] == str(login.id)
                    and [shown["name"] for shown in each["activities"]] == ["the end"]
                ),
            )
        assert not person.is_closed
        assert not machine.is_closed
        told = watching.bodies("PRESENCE_UPDATE")
        assert any(each["activities"] for each in told)
        for shown in told:
            assert shown["guild_id"] == str(guild_id)
            check_presence(shown)
