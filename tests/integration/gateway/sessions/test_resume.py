"""Sessions that lose their socket, and sessions that are over."""

import asyncio

import pytest

from core.runtime.settings.settings import GatewaySettings
from tests.fakes.gateway.held_timers import HeldTimers
from tests.integration.gateway.conftest import Connect, RunGateway
from tests.support.gateway.gateway_client import open_gateway
from tests.support.stores.store_writer import END, Login, StoreWriter

WINDOW_S = 302.0


@pytest.fixture
async def bot(writer: StoreWriter) -> Login:
    """A bot in a guild."""
    return await writer.bot(await writer.person("alice"))


async def test_resume_sends_what_was_missed_and_then_resumed(writer: StoreWriter, connect: Connect, bot: Login) -> None:
    alice = await writer.person()
    guild_id = await writer.guild(alice, bot)
    channel_id = await writer.channel(guild_id)
    async with connect() as first:
        ready = await first.identify(bot.token)
        await writer.say(channel_id, alice, "before", guild_id=guild_id)
        await first.wait_for("MESSAGE_CREATE")
        seq = first.seq
        first.cut()
        await first.wait_closed()
    await writer.say(channel_id, alice, "missed", guild_id=guild_id)
    async with connect() as second:
        await second.resume(bot.token, ready["session_id"], seq)
        assert await second.wait_for("RESUMED") == {"_trace": []}
        await writer.say(channel_id, alice, "after", guild_id=guild_id)
        await second.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "after")
        assert second.names() == ["MESSAGE_CREATE", "RESUMED", "MESSAGE_CREATE"]
        assert second.contents() == ["missed", "after"]
        assert [payload["s"] for payload in second.dispatches] == [seq + 1, seq + 2, seq + 3]


async def test_socket_that_is_cut_again_and_again_loses_and_repeats_nothing(
    writer: StoreWriter, connect: Connect, bot: Login
) -> None:
    alice = await writer.person()
    guild_id = await writer.guild(alice, bot)
    channel_id = await writer.channel(guild_id)
    seen: list[str] = []
    async with connect() as client:
        ready = await client.identify(bot.token)
        await client.wait_for_guild()
        seq = client.seq

    async def talk() -> None:
        for number in range(100):
            await writer.say(channel_id, alice, str(number), guild_id=guild_id)

    async with connect() as client:
        ready = await client.identify(bot.token)
        await client.wait_for_guild()
        talking = asyncio.create_task(talk())
        await client.wait_for("MESSAGE_CREATE")
        client.cut()
        await client.wait_closed()
        seen, seq = client.contents(), client.seq
    for _ in range(8):
        async with connect() as client:
            await client.resume(bot.token, ready["session_id"], seq)
            await client.wait_for("RESUMED")
            client.cut()
            await client.wait_closed()
            seen, seq = seen + client.contents(), client.seq
    await talking
    async with connect() as client:
        await client.resume(bot.token, ready["session_id"], seq)
        await client.wait_for("RESUMED")
        seen += client.contents()
    assert seen == [str(number) for number in range(100)]


async def test_what_a_client_had_at_the_heartbeat_before_the_last_is_forgotten(
    writer: StoreWriter, connect: Connect, bot: Login
) -> None:
    alice = await writer.person()
    guild_id = await writer.guild(alice, bot)
    channel_id = await writer.channel(guild_id)
    named: list[int] = []
    async with connect() as client:
        ready = await client.identify(bot.token)
        await client.wait_for_guild()
        for number in range(3):
            await writer.say(channel_id, alice, str(number), guild_id=guild_id)
            await client.wait_until(lambda: str(number) in client.contents())  # noqa: B023 - awaited in this turn
            named.append(client.seq)
            await client.send(1, client.seq)
            await client.wait_until(lambda: [payload["op"] for payload in client.payloads].count(11) == len(named))
        client.cut()
        await client.wait_closed()
    async with connect() as client:
        await client.resume(bot.token, ready["session_id"], named[-2])
        await client.wait_for("RESUMED")
        assert client.contents() == ["2"]
        assert client.dispatches[0]["s"] == named[-2] + 1
        client.cut()
        await client.wait_closed()
    async with connect() as client:
        await client.resume(bot.token, ready["session_id"], named[0])
        assert (await client.wait_for_op(9))["d"] is False


async def test_resume_of_what_is_not_there_is_an_invalid_session(
    writer: StoreWriter, connect: Connect, bot: Login
) -> None:
    async with connect() as client:
        ready = await client.identify(bot.token)
        client.cut()
        await client.wait_closed()
    other = await writer.person()
    for token, session_id in ((bot.token, "unknown"), (other.token, ready["session_id"])):
        async with connect() as client:
            await client.resume(token, session_id, 1)
            assert (await client.wait_for_op(9))["d"] is False
            assert (await client.identify(token))["user"]["id"]


async def test_resume_beyond_what_was_sent_is_closed(connect: Connect, bot: Login) -> None:
    async with connect() as client:
        ready = await client.identify(bot.token)
        client.cut()
        await client.wait_closed()
    async with connect() as client:
        await client.resume(bot.token, ready["session_id"], 1000)
        assert await client.wait_closed() == 4007


async def test_resume_after_too_much_was_missed_is_an_invalid_session(
    writer: StoreWriter, run_gateway: RunGateway, bot: Login
) -> None:
    alice = await writer.person()
    guild_id = await writer.guild(alice, bot)
    async with run_gateway(GatewaySettings(replay_events=3)) as gateway, open_gateway(gateway.url) as watching:
        await watching.identify(alice.token)
        async with open_gateway(gateway.url) as client:
            ready = await client.identify(bot.token)
            await client.wait_for_guild()
            seq = client.seq
            client.cut()
            await client.wait_closed()
        for number in range(4):
            await writer.announce(END, {"number": number}, guild_id=guild_id)
        await watching.wait_until(lambda: len(watching.bodies(END)) == 4)
        async with open_gateway(gateway.url) as client:
            await client.resume(bot.token, ready["session_id"], seq)
            assert (await client.wait_for_op(9))["d"] is False


async def test_resume_takes_the_session_from_a_socket_that_is_still_open(
    writer: StoreWriter, connect: Connect, bot: Login
) -> None:
    alice = await writer.person()
    guild_id = await writer.guild(alice, bot)
    async with connect() as first, connect() as second:
        ready = await first.identify(bot.token)
        await first.wait_for_guild()
        await second.resume(bot.token, ready["session_id"], first.seq)
        await second.wait_for("RESUMED")
        assert await first.wait_closed() == 4009
        await writer.announce(END, {}, guild_id=guild_id)
        await second.wait_for(END)
        assert END not in first.names()


async def test_session_that_was_closed_normally_cannot_be_resumed(connect: Connect, bot: Login) -> None:
    async with connect() as client:
        ready = await client.identify(bot.token)
        seq = client.seq
    async with connect() as client:
        await client.resume(bot.token, ready["session_id"], seq)
        assert (await client.wait_for_op(9))["d"] is False


async def test_session_can_be_resumed_for_its_window_only(run_gateway: RunGateway, bot: Login) -> None:
    timers = HeldTimers(WINDOW_S)
    async with run_gateway(GatewaySettings(resume_window_s=WINDOW_S), call_later=timers.call_later) as gateway:
        async with open_gateway(gateway.url) as client:
            ready = await client.identify(bot.token)
            seq = client.seq
            client.cut()
            await client.wait_closed()
        await timers.come()
        async with open_gateway(gateway.url) as client:
            await client.resume(bot.token, ready["session_id"], seq)
            assert (await client.wait_for_op(9))["d"] is False


async def test_ended_login_closes_its_sessions_and_no_others(writer: StoreWriter, connect: Connect) -> None:
    alice = await writer.person()
    other = await writer.another_login(alice)
    async with connect() as first, connect() as second, connect() as detached:
        await first.identify(alice.token)
        await second.identify(other.token)
        ready = await detached.identify(alice.token)
        detached.cut()
        await detached.wait_closed()
        await writer.log_out(alice)
        assert await first.wait_closed() == 4004
        async with connect() as client:
            await client.resume(alice.token, ready["session_id"], 1)
            assert (await client.wait_for_op(9))["d"] is False
        async with connect() as client:
            await client.send(2, {"token": alice.token, "properties": {}})
            assert await client.wait_closed() == 4004
        channel_id = await writer.direct_channel(alice, alice)
        await writer.say(channel_id, alice, "still here", to=(alice,))
        await second.wait_for("MESSAGE_CREATE")


async def test_login_that_ends_while_it_identifies_never_becomes_ready(writer: StoreWriter, connect: Connect) -> None:
    for _ in range(10):
        alice = await writer.person()
        async with connect() as client:
            await client.send(2, {"token": alice.token, "properties": {}})
            await writer.log_out(alice)
            assert await client.wait_closed() == 4004


async def test_stopping_gateway_tells_clients_to_reconnect(run_gateway: RunGateway, bot: Login) -> None:
    async with run_gateway(GatewaySettings()) as gateway, open_gateway(gateway.url) as client:
        await client.identify(bot.token)
        await gateway.stop()
        await client.wait_closed()
        assert client.payloads[-1]["op"] == 7
