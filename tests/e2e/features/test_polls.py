"""Polls by discord.py, which sends one and reads it again."""

import datetime as dt

import pytest

from tests.e2e.clients.discord_bot import discord, running_bot
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_discord_py_sends_and_reads_polls(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, seen):
        channel = client.get_channel(int(text_channel(guild)))
        assert isinstance(channel, discord.TextChannel)
        poll = discord.Poll("Tea?", dt.timedelta(hours=5), multiple=True)
        poll.add_answer(text="yes", emoji="🍵").add_answer(text="no")
        sent = await channel.send(poll=poll)
        (told,) = await seen.wait_for("message", lambda message: message.id == sent.id)
        for shown in (sent, told, await channel.fetch_message(sent.id)):
            assert shown.poll is not None
            assert (shown.poll.question, shown.poll.multiple, shown.poll.total_votes) == ("Tea?", True, 0)
            assert [(each.id, each.text, str(each.emoji)) for each in shown.poll.answers] == [
                (1, "yes", "🍵"),
                (2, "no", "None"),
            ]
            assert shown.poll.expires_at == sent.created_at + dt.timedelta(hours=5)
            assert not shown.poll.is_finalised()
        with pytest.raises(discord.HTTPException) as failure:
            await sent.edit(content="edited")
        assert failure.value.code == 520003
