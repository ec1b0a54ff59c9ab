"""Sessions in guilds whose home is at another gateway: homes that are away, and what events cost.

What is the same wherever guilds are is tested by the other files, which run with guilds here and elsewhere.
"""

import asyncio

import pytest

from gateway.far import far_stay
from tests.integration.gateway.conftest import Connect
from tests.support.gateway.neighbours import FixedNeighbours
from tests.support.stores.store_writer import StoreWriter

Neighbours = tuple[FixedNeighbours, FixedNeighbours]


pytestmark = pytest.mark.guilds_are("elsewhere")


async def test_session_without_a_guild_elsewhere_lives_through_a_cut(
    writer: StoreWriter, connect: Connect, neighbours: Neighbours
) -> None:
    host, home = neighbours
    alice, bob = await writer.person(), await writer.person()
    channel_id = await writer.direct_channel(alice, bob)
    async with connect() as client:
        await client.identify(alice.token)
        host.links.cut(home.links)
        await writer.say(channel_id, bob, "still there?", to=(alice,))
        await client.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "still there?")


async def test_guild_whose_home_is_away_is_unavailable_and_comes_later(
    writer: StoreWriter, connect: Connect, neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, home = neighbours
    monkeypatch.setattr("gateway.far.far_entrance._RETRY_S", 0.01)
    alice = await writer.person()
    bot = await writer.bot(alice)
    guild_id = await writer.guild(alice, bot)
    channel_id = await writer.channel(guild_id)
    async with connect() as client, connect() as other:
        host.links.cut(home.links)
        for each, login in ((client, alice), (other, bot)):
            ready = await each.identify(login.token)
            assert ready["guilds"] == [{"id": str(guild_id), "unavailable": True}]
        host.links.connect(home.links)
        for each in (client, other):
            assert (await each.wait_for_guild())["id"] == str(guild_id)
        await writer.say(channel_id, alice, "welcome", guild_id=guild_id)
        for each in (client, other):
            await each.wait_for("MESSAGE_CREATE")


async def test_home_that_does_not_answer_makes_nobody_wait_for_long(
    writer: StoreWriter, connect: Connect, neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(far_stay, "ANSWER_S", 0.05)
    monkeypatch.setattr("gateway.far.far_entrance._RETRY_S", 0.01)
    host, home = neighbours
    alice = await writer.person()
    guild_id = await writer.guild(alice)
    async with connect() as client:
        home.links.hold()
        assert (await client.identify(alice.token))["guilds"] == [{"id": str(guild_id), "unavailable": True}]
        monkeypatch.setattr(far_stay, "ANSWER_S", 60.0)
        home.links.go_on()
        assert (await client.wait_for_guild())["id"] == str(guild_id)
        assert host.links.is_connected(home.links)


async def test_home_that_is_lost_during_a_login_refuses_it_resumably(
    writer: StoreWriter, connect: Connect, neighbours: Neighbours
) -> None:
    host, home = neighbours
    alice = await writer.person()
    for _ in range(2):
        await writer.guild(alice)
    async with connect() as client:
        host.links.hold(after=3)  # what the user's home says, the seat in one guild, and what it begins with
        await client.send(2, {"token": alice.token, "properties": {}})
        async with asyncio.timeout(60):
            while not host.links.is_holding:  # noqa: ASYNC110 - a fake tells nobody
                await asyncio.sleep(0)
        host.links.cut(home.links)
        assert await client.wait_closed() == 4000


async def test_many_sessions_elsewhere_cost_one_frame_an_event(
    writer: StoreWriter, connect: Connect, neighbours: Neighbours
) -> None:
    _, home = neighbours
    people = [await writer.person() for _ in range(3)]
    guild_id = await writer.guild(*people)
    channel_id = await writer.channel(guild_id)
    async with connect() as one, connect() as two, connect() as three:
        clients = (one, two, three)
        for client, login in zip(clients, people, strict=True):
            await client.identify(login.token)
        for client in clients:
            await client.wait_until(lambda client=client: client.guilds)
        before = home.links.count(b"MESSAGE_CREATE")
        await writer.say(channel_id, people[0], "to all", guild_id=guild_id)
        for client in clients:
            await client.wait_for("MESSAGE_CREATE")
        assert home.links.count(b"MESSAGE_CREATE") == before + 1


async def test_user_who_joins_while_the_home_does_not_answer_hears_what_was_said_since(
    writer: StoreWriter, connect: Connect, neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The home has let the session in at the first attempts. What it said of them comes too late."""
    monkeypatch.setattr(far_stay, "ANSWER_S", 0.05)
    monkeypatch.setattr("gateway.far.far_entrance._RETRY_S", 0.01)
    host, _ = neighbours
    alice, bob = await writer.person(), await writer.person()
    guild_id = await writer.guild(alice)
    channel_id = await writer.channel(guild_id)
    async with connect() as client:
        await client.identify(bob.token)
        host.links.hold()
        await writer.join(guild_id, bob)
        await writer.say(channel_id, alice, "welcome", guild_id=guild_id)
        async with asyncio.timeout(60):
            while host.links.waiting < 8:  # noqa: ASYNC110 - some attempts
                await asyncio.sleep(0.01)
        monkeypatch.setattr(far_stay, "ANSWER_S", 60.0)
        host.links.go_on()
        await client.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "welcome")
        await writer.say(channel_id, alice, "more", guild_id=guild_id)
        await client.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "more")
        assert client.contents() == ["welcome", "more"]
        assert client.names().count("GUILD_CREATE") == 1
