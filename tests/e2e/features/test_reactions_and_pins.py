"""Reactions and pins by discord.py, which shows more of their events than other libraries do.

`tests/e2e/libraries` reacts and pins by each library.
"""

from urllib.parse import quote

import pytest

from tests.e2e.clients.discord_bot import discord, running_bot
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")
FIRE, DUCK = "🔥", "🦆"


async def test_discord_py_reacts_lists_and_removes(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, seen):
        await alice.send(channel_id, "hello")
        (message,) = await seen.wait_for("message", lambda m: m.content == "hello")
        path = f"/channels/{channel_id}/messages/{message.id}/reactions"
        await alice.call("PUT", f"{path}/{quote(FIRE)}/@me")
        reaction, user = await seen.wait_for("reaction_add", lambda _, user: user.id == int(alice.id))
        assert (str(reaction.emoji), reaction.count, reaction.me) == (FIRE, 1, False)
        assert isinstance(user, discord.Member)
        (raw,) = await seen.wait_for("raw_reaction_add")
        assert (raw.message_author_id, raw.burst, raw.member.id) == (int(alice.id), False, int(alice.id))
        await message.add_reaction(FIRE)
        await message.add_reaction(DUCK)
        fetched = await message.channel.fetch_message(message.id)
        assert [(str(each.emoji), each.count, each.me) for each in fetched.reactions] == [
            (FIRE, 2, True),
            (DUCK, 1, True),
        ]
        users = [user.id async for user in fetched.reactions[0].users()]
        assert sorted(users) == sorted([int(alice.id), int(bot["id"])])
        await message.remove_reaction(FIRE, discord.Object(int(alice.id)))
        await seen.wait_for("reaction_remove", lambda _, user: user.id == int(alice.id))
        await message.clear_reaction(DUCK)
        await seen.wait_for("raw_reaction_clear_emoji", lambda raw: str(raw.emoji) == DUCK)
        await message.clear_reactions()
        await seen.wait_for("raw_reaction_clear", lambda raw: raw.message_id == message.id)
        assert (await message.channel.fetch_message(message.id)).reactions == []
        with pytest.raises(discord.HTTPException) as failure:
            await message.add_reaction("nothing:41771983423143937")
        assert (failure.value.status, failure.value.code) == (400, 10014)
        assert client.user is not None


async def test_discord_py_pins_and_reads_pins(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, seen):
        channel = client.get_channel(int(channel_id))
        assert isinstance(channel, discord.TextChannel)
        first, second = await channel.send("first"), await channel.send("second")
        await first.pin(reason="worth it")
        await second.pin()
        told, last_pin = await seen.wait_for("guild_channel_pins_update")
        assert told.id == channel.id
        assert last_pin is not None
        await seen.wait_for("message", lambda m: m.type is discord.MessageType.pins_add)
        await seen.wait_for("raw_message_edit", lambda raw: raw.data.get("pinned") is True)
        assert [message.id async for message in channel.pins()] == [second.id, first.id]
        await first.unpin()
        assert [message.id async for message in channel.pins()] == [second.id]
        await second.delete()
        assert [message.id async for message in channel.pins()] == []
