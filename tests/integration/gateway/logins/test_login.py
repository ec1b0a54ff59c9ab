"""Identify, READY, GUILD_CREATE and the events after them."""

import asyncio
import json
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import connect as connect_socket

from core.domain.application import GATEWAY_PRESENCE_LIMITED
from core.domain.events import Audience
from core.domain.ids import shard_of
from core.domain.intents import ALL_INTENTS, Intent
from core.runtime.metrics.metrics import Metrics
from core.runtime.settings.settings import GatewaySettings
from gateway.login.session_factory import MAX_HOLD_S
from gateway.scheduling.batch_timer import Handle
from tests.integration.gateway.conftest import LOOPBACK, Connect, RunGateway
from tests.support.gateway.gateway_client import TIMEOUT_S, open_gateway
from tests.support.stores.store_writer import StoreWriter


async def test_identify_of_a_bot_leads_to_ready_guild_create_and_live_events(
    writer: StoreWriter, connect: Connect
) -> None:
    alice = await writer.person("alice")
    bot = await writer.bot(alice)
    guild_id = await writer.guild(alice, bot)
    channel_id = await writer.channel(guild_id)
    async with connect() as client:
        ready = await client.identify(bot.token)
        assert ready["user"]["id"] == str(bot.id)
        assert ready["guilds"] == [{"id": str(guild_id), "unavailable": True}]
        assert ready["application"]["id"] == str(bot.id)
        assert ready["private_channels"] == []
        assert "shard" not in ready
        created = await client.wait_for_guild()
        assert created["id"] == str(guild_id)
        assert created["unavailable"] is False
        assert [channel["id"] for channel in created["channels"]] == [str(channel_id)]
        assert {member["user"]["id"] for member in created["members"]} == {str(alice.id), str(bot.id)}
        assert created["member_count"] == 2
        message_id = await writer.say(channel_id, alice, "hello", guild_id=guild_id)
        message = await client.wait_for("MESSAGE_CREATE")
        assert (message["id"], message["content"]) == (str(message_id), "hello")
        assert [payload["s"] for payload in client.dispatches] == list(range(1, len(client.dispatches) + 1))


async def test_guild_create_has_every_key_that_libraries_read(writer: StoreWriter, connect: Connect) -> None:
    bot = await writer.bot(await writer.person("alice"))
    guild_id = await writer.guild(bot)
    async with connect() as client:
        await client.identify(bot.token)
        created = await client.wait_for("GUILD_CREATE")
    expected = (
        "id name icon splash banner description owner_id afk_channel_id afk_timeout application_id system_channel_id "
        "system_channel_flags rules_channel_id public_updates_channel_id default_message_notifications "
        "explicit_content_filter mfa_level verification_level premium_tier preferred_locale nsfw_level vanity_url_code "
        "features max_video_channel_users emojis stickers members channels threads roles voice_states joined_at "
        "member_count large unavailable presences stage_instances guild_scheduled_events soundboard_sounds"
    )
    assert set(expected.split()) <= created.keys()
    assert [role["id"] for role in created["roles"]] == [str(guild_id)]
    assert "guild_id" not in created["members"][0]


async def test_ready_of_a_person_has_direct_channels_and_needs_no_intents(
    writer: StoreWriter, connect: Connect
) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    channel_id = await writer.direct_channel(alice, bob)
    message_id = await writer.say(channel_id, bob, "psst", to=(alice, bob))
    async with connect() as client:
        ready = await client.identify(alice.token, intents=None)
        assert ready["user"]["email"] == f"{alice.id}@example.org"
        assert "application" not in ready
        (channel,) = ready["private_channels"]
        assert channel["id"] == str(channel_id)
        assert [user["id"] for user in channel["recipients"]] == [str(bob.id)]
        assert channel["last_message_id"] == str(message_id)
        await writer.say(channel_id, bob, "still there?", to=(alice, bob))
        await client.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "still there?")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"token": "MTIz.YWJj.ZGVm"}, 4004),
        ({"intents": None}, 4013),
        ({"intents": 1 << 30}, 4013),
        ({"intents": -1}, 4013),
        ({"intents": int(Intent.GUILD_MEMBERS)}, 4014),
        ({"intents": int(Intent.MESSAGE_CONTENT)}, 4014),
        ({"shard": [1, 1]}, 4010),
        ({"shard": [-1, 1]}, 4010),
        ({"shard": [0, 0]}, 4010),
        ({"shard": [0]}, 4010),
    ],
)
async def test_identify_that_may_not_be_is_closed_with_its_code(
    writer: StoreWriter, connect: Connect, fields: dict[str, Any], code: int
) -> None:
    bot = await writer.bot(await writer.person(), flags=GATEWAY_PRESENCE_LIMITED)
    d = {"token": bot.token, "intents": int(Intent.GUILDS | Intent.GUILD_PRESENCES), "properties": {}, **fields}
    async with connect() as client:
        await client.send(2, {name: value for name, value in d.items() if value is not None})
        assert await client.wait_closed() == code


async def test_identify_takes_a_bots_token_with_its_prefix(writer: StoreWriter, connect: Connect) -> None:
    bot = await writer.bot(await writer.person())
    async with connect() as client:
        assert (await client.identify(f"Bot {bot.token}"))["user"]["id"] == str(bot.id)


async def test_client_shards_get_their_guilds_and_the_first_gets_user_events(
    writer: StoreWriter, connect: Connect
) -> None:
    alice = await writer.person("alice")
    bot = await writer.bot(alice)
    by_shard: dict[int, list[int]] = {0: [], 1: []}
    while not all(by_shard.values()):  # A later millisecond is in another shard.
        guild_id = await writer.guild(alice, bot)
        by_shard[(guild_id >> 22) % 2].append(guild_id)
    direct_id = await writer.direct_channel(alice, bot)
    async with connect() as first, connect() as second:
        for shard_id, client in enumerate((first, second)):
            ready = await client.identify(bot.token, shard=[shard_id, 2])
            assert ready["shard"] == [shard_id, 2]
            assert {int(guild["id"]) for guild in ready["guilds"]} == set(by_shard[shard_id])
        await writer.say(direct_id, alice, "direct", to=(alice, bot))
        await first.wait_for("MESSAGE_CREATE")
        for shard_id, client in enumerate((first, second)):
            guild_id = by_shard[shard_id][0]
            await writer.say(await writer.channel(guild_id), alice, "guild", guild_id=guild_id)
            await client.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "guild")
        assert first.contents() == ["direct", "guild"]
        assert second.contents() == ["guild"]


async def test_bot_with_too_many_guilds_for_a_shard_is_told_to_shard(
    writer: StoreWriter, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.login.identify.MAX_GUILDS_OF_A_SHARD", 2)
    alice = await writer.person()
    bot = await writer.bot(alice)
    for _ in range(3):
        await writer.guild(alice, bot)
    async with connect() as client:
        await client.send(2, {"token": bot.token, "intents": 1, "properties": {}})
        assert await client.wait_closed() == 4011


async def test_guilds_beyond_those_that_ready_waits_for_follow(
    writer: StoreWriter, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.login.identify.PREPARED_GUILDS", 1)
    alice = await writer.person()
    guild_ids = {str(await writer.guild(alice)) for _ in range(3)}
    async with connect() as client:
        ready = await client.identify(alice.token)
        assert {guild["id"] for guild in ready["guilds"]} == guild_ids
        assert [guild.get("unavailable") for guild in ready["guilds"]] == [None, True, True]
        await client.wait_until(lambda: len(client.guilds) == 3)
        assert {guild["id"] for guild in client.guilds} == guild_ids
        assert [created["unavailable"] for created in client.bodies("GUILD_CREATE")] == [False, False]


async def test_bot_that_identifies_too_often_gets_invalid_session_later(
    writer: StoreWriter, run_gateway: RunGateway
) -> None:
    """Some clients identify again at once, and would use up their commands within the window."""
    bot = await writer.bot(await writer.person())
    options = GatewaySettings(identify_concurrency=2, identify_window_s=60.0)
    held: asyncio.Queue[Callable[[], None]] = asyncio.Queue()
    call_later = asyncio.get_running_loop().call_later

    def hold(delay_s: float, callback: Callable[[], None]) -> Handle:
        if delay_s == MAX_HOLD_S:
            held.put_nowait(callback)
            return call_later(0, lambda: None)
        return call_later(delay_s, callback)

    async with (
        run_gateway(options, call_later=hold) as gateway,
        open_gateway(gateway.url) as client,
        open_gateway(gateway.url) as other,
    ):
        await client.identify(bot.token, shard=[0, 3])
        await other.send(2, {"token": bot.token, "intents": 1, "properties": {}, "shard": [2, 3]})
        answer = await asyncio.wait_for(held.get(), TIMEOUT_S)
        await other.send(1)
        await other.wait_for_op(11)
        assert [payload["op"] for payload in other.payloads] == [10, 11]
        answer()
        assert (await other.wait_for_op(9))["d"] is False
        ready = await other.identify(bot.token, shard=[1, 3])
        assert ready["shard"] == [1, 3]


async def test_bot_whose_starts_of_the_day_are_used_up_hears_it_at_once(
    writer: StoreWriter, run_gateway: RunGateway
) -> None:
    bot = await writer.bot(await writer.person())
    options = GatewaySettings(identify_window_s=0.0, session_starts_per_day=1)
    async with run_gateway(options) as gateway, open_gateway(gateway.url) as client, open_gateway(gateway.url) as other:
        await client.identify(bot.token)
        await other.send(2, {"token": bot.token, "intents": 1, "properties": {}})
        assert (await other.wait_for_op(9))["d"] is False


async def test_command_sent_before_ready_is_heeded(writer: StoreWriter, connect: Connect) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    await writer.guild(alice, bob)
    async with connect() as watching, connect() as client:
        await watching.identify(alice.token)
        await client.send(2, {"token": bob.token, "properties": {}})
        await client.send(3, {"status": "dnd", "since": None, "afk": False, "activities": []})
        await watching.wait_for("PRESENCE_UPDATE", lambda update: update["status"] == "dnd")


async def test_event_that_was_applied_is_ignored_when_it_comes_again(writer: StoreWriter, connect: Connect) -> None:
    alice = await writer.person()
    guild_id = await writer.guild(alice)
    channel_id = await writer.channel(guild_id)
    async with connect() as client:
        await client.identify(alice.token)
        header = {"guild_id": guild_id, "channel_id": channel_id, "audience": Audience.CHANNEL}
        envelope = writer.event("TYPING_START", {"channel_id": str(channel_id)}, **header)
        await writer.store.bus.publish([envelope])
        await writer.store.bus.publish([envelope])
        await writer.say(channel_id, alice, "end", guild_id=guild_id)
        await client.wait_for("MESSAGE_CREATE")
        assert client.names().count("TYPING_START") == 1


async def test_messages_sent_all_through_logins_arrive_from_the_first_one_on(
    writer: StoreWriter, connect: Connect
) -> None:
    alice = await writer.person()
    guild_id = await writer.guild(alice)
    channel_id = await writer.channel(guild_id)
    sent: list[int] = []

    async def talk() -> None:
        while True:
            sent.append(await writer.say(channel_id, alice, "x", guild_id=guild_id))

    talking = asyncio.create_task(talk())
    for _ in range(10):
        async with connect() as client:
            await client.identify(alice.token)
            created = await client.wait_for_guild()
            await client.wait_until(lambda client=client: len(client.bodies("MESSAGE_CREATE")) >= 20)
            live = [int(message["id"]) for message in client.bodies("MESSAGE_CREATE")]
            known = int(created["channels"][0]["last_message_id"] or 0)
            start = sent.index(live[0])
            assert live == sent[start : start + len(live)]
            assert known == (sent[start - 1] if start else 0)
    talking.cancel()


async def test_large_guild_shows_oneself_and_who_is_online(writer: StoreWriter, connect: Connect) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    others = [await writer.person(f"other{number}") for number in range(50)]
    await writer.guild(alice, bob, *others)
    async with connect() as first, connect() as second, connect() as third:
        await first.identify(alice.token)
        await second.identify(bob.token)
        created = await second.wait_for_guild()
        assert created["large"] is True
        assert created["member_count"] == 52
        assert {member["user"]["id"] for member in created["members"]} == {str(alice.id), str(bob.id)}
        await third.identify(bob.token, large_threshold=250)
        created = await third.wait_for_guild()
        assert created["large"] is False
        assert len(created["members"]) == 52


async def test_session_without_the_presence_intent_sees_its_own_member_alone(
    writer: StoreWriter, connect: Connect
) -> None:
    alice = await writer.person()
    bot = await writer.bot(alice)
    await writer.guild(alice, bot)
    async with connect() as client:
        await client.identify(bot.token, intents=ALL_INTENTS & ~Intent.GUILD_PRESENCES)
        created = await client.wait_for_guild()
        assert [member["user"]["id"] for member in created["members"]] == [str(bot.id)]
        assert created["presences"] == []


async def test_bot_that_started_too_many_sessions_today_gets_invalid_session(
    writer: StoreWriter, run_gateway: RunGateway
) -> None:
    bot = await writer.bot(await writer.person())
    options = msgspec.structs.replace(LOOPBACK, session_starts_per_day=1)
    async with run_gateway(options) as gateway, open_gateway(gateway.url) as client, open_gateway(gateway.url) as other:
        await client.identify(bot.token)
        await other.send(2, {"token": bot.token, "intents": 1, "properties": {}})
        assert (await other.wait_for_op(9))["d"] is False


@pytest.mark.guilds_are("here")
async def test_dispatches_are_counted(writer: StoreWriter, connect: Connect, metrics: Metrics) -> None:
    alice = await writer.person()
    bot = await writer.bot(alice)
    guild_id = await writer.guild(alice, bot)
    channel_id = await writer.channel(guild_id)
    async with connect() as client, connect() as second:
        await client.identify(alice.token)
        await second.identify(bot.token)
        await writer.say(channel_id, alice, "x", guild_id=guild_id)
        await client.wait_for("MESSAGE_CREATE")
        await second.wait_for("MESSAGE_CREATE")

    def count(event: str) -> float | None:
        return metrics.registry.get_sample_value("guildway_dispatch_total", {"event": event})

    assert (count("READY"), count("GUILD_CREATE"), count("MESSAGE_CREATE")) == (2.0, 1.0, 2.0)
    assert (metrics.registry.get_sample_value("guildway_fanout_seconds_count") or 0) >= 1
    shard = str(shard_of(guild_id, writer.store.bus.num_shards))
    lag = metrics.registry.get_sample_value("guildway_log_lag_seconds", {"shard": shard})
    assert lag is not None
    assert 0 <= lag < 10


@pytest.mark.parametrize(
    ("is_bot", "browser", "is_deflated"),
    [(True, "DiscordGo v0.29.0", True), (True, "discord.py", False), (False, "Firefox", False)],
)
async def test_bot_that_reads_deflated_payloads_gets_them_from_ready_on(
    writer: StoreWriter, run_gateway: RunGateway, is_bot: bool, browser: str, is_deflated: bool
) -> None:
    alice = await writer.person("alice")
    login = await writer.bot(alice) if is_bot else alice
    identify = {"token": login.token, "intents": 1, "compress": True, "properties": {"browser": browser}}
    async with run_gateway(LOOPBACK) as gateway, connect_socket(f"{gateway.url}/?v=9&encoding=json") as socket:
        assert json.loads(await socket.recv())["op"] == 10
        await socket.send(json.dumps({"op": 2, "d": identify}))
        await socket.send(json.dumps({"op": 1, "d": None}))
        frames = [await socket.recv(), await socket.recv()]
        ready = next(frame for frame in frames if b"READY" in inflate(frame))
        assert isinstance(ready, bytes) is is_deflated
        assert json.loads(inflate(ready))["t"] == "READY"
        await socket.send(json.dumps({"op": 1, "d": 1}))
        ack = await socket.recv()
        assert isinstance(ack, bytes) is is_deflated
        assert json.loads(inflate(ack))["op"] == 11


def inflate(frame: str | bytes) -> bytes:
    return frame.encode() if isinstance(frame, str) else zlib.decompress(frame)
