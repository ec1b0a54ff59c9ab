"""Sessions of users who join, leave and are removed, and deleted guilds."""

import asyncio

from core.domain.channels.channel import Overwrite
from core.domain.guilds.permissions import Permission
from core.runtime.settings.settings import GatewaySettings
from tests.fakes.gateway.held_timers import HeldTimers
from tests.integration.gateway.conftest import Connect, RunGateway
from tests.support.gateway.gateway_client import open_gateway
from tests.support.stores.store_writer import END, StoreWriter

VIEW = int(Permission.VIEW_CHANNEL)
IDLE_S = 301.0


async def test_join_leads_to_guild_create_without_unavailable_before_all_else(
    writer: StoreWriter, connect: Connect
) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice)
    channel_id = await writer.channel(guild_id)
    hidden_id = await writer.channel(guild_id, Overwrite(guild_id, 0, 0, VIEW))
    async with connect() as owner, connect() as client:
        await owner.identify(alice.token)
        await client.identify(bob.token)
        await writer.join(guild_id, bob)
        await writer.say(hidden_id, alice, "secret", guild_id=guild_id)
        await writer.say(channel_id, alice, "welcome", guild_id=guild_id)
        await client.wait_for("MESSAGE_CREATE")
        created = client.bodies("GUILD_CREATE")[0]
        assert "unavailable" not in created
        assert [channel["id"] for channel in created["channels"]] == [str(channel_id)]
        assert client.names() == ["READY", "GUILD_CREATE", "MESSAGE_CREATE"]
        added = await owner.wait_for("GUILD_MEMBER_ADD")
        assert (added["user"]["id"], added["guild_id"]) == (str(bob.id), str(guild_id))


async def test_messages_right_after_a_join_arrive_though_the_guild_was_not_in_memory(
    writer: StoreWriter, connect: Connect
) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    async with connect() as client:
        await client.identify(bob.token)
        for number in range(5):
            guild_id = await writer.guild(alice)
            channel_id = await writer.channel(guild_id)
            await writer.join(guild_id, bob)
            await asyncio.gather(*(writer.say(channel_id, alice, "x", guild_id=guild_id) for _ in range(5)))
            await client.wait_until(lambda expected=5 * (number + 1): len(client.bodies("MESSAGE_CREATE")) == expected)
        ids = [message["id"] for message in client.bodies("MESSAGE_CREATE")]
        assert len(set(ids)) == 25
        assert client.names().count("GUILD_CREATE") == 5
        assert client.names().count("CHANNEL_CREATE") == 0


async def test_thrown_out_member_loses_the_guild_and_gets_it_back_on_joining_again(
    writer: StoreWriter, connect: Connect
) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice, bob)
    channel_id = await writer.channel(guild_id)
    async with connect() as owner, connect() as client, connect() as second:
        await owner.identify(alice.token)
        await client.identify(bob.token)
        await second.identify(bob.token)
        await writer.remove(guild_id, bob)
        assert await client.wait_for("GUILD_DELETE") == {"id": str(guild_id)}
        assert await second.wait_for("GUILD_DELETE") == {"id": str(guild_id)}
        removed = await owner.wait_for("GUILD_MEMBER_REMOVE")
        assert (removed["guild_id"], removed["user"]["id"]) == (str(guild_id), str(bob.id))
        await writer.say(channel_id, alice, "without bob", guild_id=guild_id)
        await writer.join(guild_id, bob)
        await client.wait_until(lambda: len(client.guilds) == 2)
        await writer.say(channel_id, alice, "with bob", guild_id=guild_id)
        await client.wait_for("MESSAGE_CREATE")
        assert client.contents() == ["with bob"]
        assert client.guilds[1]["member_count"] == 2
        assert "GUILD_MEMBER_REMOVE" not in client.names()


async def test_deleted_guild_is_gone_for_everybody(writer: StoreWriter, connect: Connect) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice, bob)
    channel_id = await writer.channel(guild_id)
    async with connect() as first, connect() as second:
        await first.identify(alice.token)
        await second.identify(bob.token)
        await writer.delete_guild(guild_id)
        for client in (first, second):
            assert await client.wait_for("GUILD_DELETE") == {"id": str(guild_id)}
        await writer.announce("TYPING_START", {"channel_id": str(channel_id)}, guild_id=guild_id)
        other_id = await writer.guild(alice, bob)
        await first.wait_for_guild(lambda created: created["id"] == str(other_id))
        assert "TYPING_START" not in first.names()


async def test_idle_guild_leaves_memory_and_comes_back_as_it_is_then(
    writer: StoreWriter, run_gateway: RunGateway
) -> None:
    alice = await writer.person()
    guild_id = await writer.guild(alice)
    timers = HeldTimers(IDLE_S)
    options = GatewaySettings(guild_idle_s=IDLE_S, identify_window_s=0.0)
    async with run_gateway(options, call_later=timers.call_later) as gateway:
        async with open_gateway(gateway.url) as client:
            await client.identify(alice.token)
        await timers.come()
        channel_id = await writer.channel(guild_id)
        async with writer.store.write() as tx:
            await tx.guilds.update(guild_id, {"name": "unannounced"})  # A guild in memory would not know of it.
        async with open_gateway(gateway.url) as client:
            await client.identify(alice.token)
            created = await client.wait_for_guild()
            assert created["name"] == "unannounced"
            assert [channel["id"] for channel in created["channels"]] == [str(channel_id)]
            await writer.say(channel_id, alice, "x", guild_id=guild_id)
            await client.wait_for("MESSAGE_CREATE")


async def test_joins_during_login_are_counted_once(writer: StoreWriter, connect: Connect) -> None:
    alice = await writer.person()
    guild_id = await writer.guild(alice)
    others = [await writer.person(f"other{number}") for number in range(20)]

    async def all_join() -> None:
        for login in others:
            await writer.join(guild_id, login)

    async with connect() as client:
        joining = asyncio.create_task(all_join())
        await client.identify(alice.token)
        created = await client.wait_for_guild()
        await joining
        await writer.announce(END, {}, guild_id=guild_id)
        await client.wait_for(END)
        added = [member["user"]["id"] for member in client.bodies("GUILD_MEMBER_ADD")]
        there = [member["user"]["id"] for member in created["members"]]
        assert len(set(added + there)) == len(added + there) == 21
        assert created["member_count"] == len(there)


async def test_session_that_logs_in_while_its_user_joins_gets_the_guild_once(
    writer: StoreWriter, connect: Connect
) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    for _ in range(10):
        guild_id = await writer.guild(alice)
        async with connect() as client:
            await asyncio.gather(client.identify(bob.token), writer.join(guild_id, bob))
            await client.wait_for_guild(lambda created, guild_id=guild_id: created["id"] == str(guild_id))
            await writer.announce(END, {}, guild_id=guild_id)
            await client.wait_for(END)
            created = [body["id"] for body in client.bodies("GUILD_CREATE")]
            assert len(created) == len(set(created))
