"""Op 14 and op 37 over a socket: member lists that follow the guild, and passive sessions of people in a large one."""

from typing import Any

import pytest

from core.runtime.settings.settings import GatewaySettings
from tests.fakes.gateway.member_list_copy import Lists, key_of
from tests.integration.gateway.conftest import Connect, RunGateway
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.stores.store_writer import Login, StoreWriter

LARGE_FROM_TWO = GatewaySettings(identify_window_s=0.0, large_guild_members=1, passive_gap_s=0.05)


def lists_of(client: GatewayClient) -> Lists:
    """Return the client's lists after all updates so far."""
    lists = Lists()
    for update in client.bodies("GUILD_MEMBER_LIST_UPDATE"):
        lists.apply(update)
    return lists


async def wait_for_rows(client: GatewayClient, *rows: str, list_id: str = "everyone") -> dict[str, Any]:
    """Wait until the list has these rows, and return the newest update."""

    def stands() -> bool:
        copy = lists_of(client).by_id.get(list_id)
        return copy is not None and [key_of(row) for row in copy.rows] == list(rows)

    await client.wait_until(stands)
    return client.bodies("GUILD_MEMBER_LIST_UPDATE")[-1]


def user(login: Login) -> str:
    """Return the row of a member."""
    return f"u{login.id}"


async def test_member_list_is_told_and_follows_who_comes_and_goes(writer: StoreWriter, connect: Connect) -> None:
    alice, bob, carol = await writer.person("a"), await writer.person("b"), await writer.person("c")
    guild_id = await writer.guild(alice, bob, carol)
    channel_id = await writer.channel(guild_id)
    async with connect() as client, connect() as other:
        await client.identify(alice.token)
        await client.wait_for_guild()
        await client.send(14, {"guild_id": str(guild_id), "channels": {str(channel_id): [[0, 99]]}})
        update = await wait_for_rows(client, "online", user(alice), "offline", user(bob), user(carol))
        assert (update["guild_id"], update["member_count"], update["online_count"]) == (str(guild_id), 3, 1)
        assert [(op["op"], op["range"]) for op in update["ops"]] == [("SYNC", [0, 99])]
        shown = update["ops"][0]["items"][1]["member"]
        assert (shown["user"]["id"], shown["presence"]["status"]) == (str(alice.id), "online")
        await other.identify(bob.token)
        await wait_for_rows(client, "online", user(alice), user(bob), "offline", user(carol))
        await writer.update_member(guild_id, bob, nick="0 first")
        await wait_for_rows(client, "online", user(bob), user(alice), "offline", user(carol))
        await writer.remove(guild_id, carol)
        await wait_for_rows(client, "online", user(bob), user(alice))
        syncs = [op for d in client.bodies("GUILD_MEMBER_LIST_UPDATE") for op in d["ops"] if op["op"] == "SYNC"]
        assert len(syncs) == 1


async def test_ranges_may_change_and_a_range_that_is_left_is_invalidated(writer: StoreWriter, connect: Connect) -> None:
    alice = await writer.person("alice")
    guild_id = await writer.guild(alice)
    channel_id = await writer.channel(guild_id)
    async with connect() as client:
        await client.identify(alice.token)
        subscription: dict[str, Any] = {"channels": {str(channel_id): [[0, 99]]}}
        await client.send(37, {"subscriptions": {str(guild_id): subscription}})
        await wait_for_rows(client, "online", user(alice))
        subscription["channels"] = {str(channel_id): [[0, 49], [100, 199]]}
        await client.send(37, {"subscriptions": {"no id": subscription, str(guild_id): subscription}})
        await client.wait_until(lambda: len(client.bodies("GUILD_MEMBER_LIST_UPDATE")) == 2)
        ops = client.bodies("GUILD_MEMBER_LIST_UPDATE")[1]["ops"]
        assert [(op["op"], op["range"]) for op in ops] == [
            ("INVALIDATE", [0, 99]),
            ("SYNC", [0, 49]),
            ("SYNC", [100, 199]),
        ]


@pytest.mark.parametrize(
    "channels",
    [{"1": [[0, 99]]}, {"x": [[0, 99]]}, {"CHANNEL": [[0, 5000]]}, {"CHANNEL": [[5]]}, {"CHANNEL": []}, {}],
)
async def test_nonsense_is_passed_over_and_the_session_goes_on(
    writer: StoreWriter, connect: Connect, channels: dict[str, Any]
) -> None:
    alice = await writer.person("alice")
    guild_id = await writer.guild(alice)
    channel_id = await writer.channel(guild_id)
    async with connect() as client:
        await client.identify(alice.token)
        asked = {str(channel_id) if key == "CHANNEL" else key: ranges for key, ranges in channels.items()}
        await client.send(14, {"guild_id": str(guild_id), "channels": asked})
        await client.send(14, {"guild_id": "77", "channels": asked})
        await client.send(1, None)
        await client.wait_for_op(11)
        assert client.bodies("GUILD_MEMBER_LIST_UPDATE") == []


async def test_bots_are_not_heard(writer: StoreWriter, connect: Connect) -> None:
    alice = await writer.person("alice")
    bot = await writer.bot(alice)
    guild_id = await writer.guild(alice, bot)
    channel_id = await writer.channel(guild_id)
    async with connect() as client:
        await client.identify(bot.token)
        await client.send(14, {"guild_id": str(guild_id), "channels": {str(channel_id): [[0, 99]]}})
        await client.send(1, None)
        await client.wait_for_op(11)
        assert client.bodies("GUILD_MEMBER_LIST_UPDATE") == []


async def test_person_is_passive_in_a_large_guild_until_it_looks(writer: StoreWriter, run_gateway: RunGateway) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    bot = await writer.bot(alice)
    guild_id = await writer.guild(alice, bob, bot)
    channel_id = await writer.channel(guild_id)
    async with (
        run_gateway(LARGE_FROM_TWO) as gateway,
        open_gateway(gateway.url) as client,
        open_gateway(gateway.url) as machine,
    ):
        await client.identify(bob.token)
        await machine.identify(bot.token)
        await client.wait_for_guild()
        await writer.say(channel_id, alice, "one", guild_id=guild_id)
        second = await writer.say(channel_id, alice, "two", guild_id=guild_id)
        unread = [{"id": str(channel_id), "last_message_id": str(second)}]
        await client.wait_for("CHANNEL_UNREAD_UPDATE", lambda d: d["channel_unread_updates"] == unread)
        await writer.say(channel_id, alice, "you!", guild_id=guild_id, mentions=(bob,))
        await client.wait_until(lambda: client.contents() == ["you!"])
        await client.send(14, {"guild_id": str(guild_id), "typing": True})
        await client.send(1, None)
        await client.wait_for_op(11)
        await writer.say(channel_id, alice, "three", guild_id=guild_id)
        await client.wait_until(lambda: client.contents() == ["you!", "three"])
        await machine.wait_until(lambda: machine.contents() == ["one", "two", "you!", "three"])
