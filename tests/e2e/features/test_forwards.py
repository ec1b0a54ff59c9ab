"""Forwards by discord.py, which reads all that one shows: files are copied, and outlive the message.

`tests/e2e/libraries` forwards by each library.
"""

import io
from typing import Any, Final

import httpx
import pytest

from tests.e2e.clients.discord_bot import discord, running_bot
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")
DATA: Final = b"files are copied" * 1000


async def make_places(alice: Person) -> tuple[dict[str, Any], str, str]:
    """Make two guilds with a bot; return it, and a channel of each."""
    first, second = await alice.make_guild(), await alice.make_guild()
    bot = await alice.make_bot(first["id"])
    await alice.add_bot(bot["id"], second["id"])
    return bot, text_channel(first), text_channel(second)


async def test_discord_py_forwards_and_reads_forwards(server: Server, alice: Person) -> None:
    bot, source, target = await make_places(alice)
    async with running_bot(server, bot["token"]) as (client, seen), httpx.AsyncClient(timeout=60) as http:
        channel, elsewhere = client.get_channel(int(source)), client.get_channel(int(target))
        assert isinstance(channel, discord.TextChannel)
        assert isinstance(elsewhere, discord.TextChannel)
        embed = discord.Embed(title="T")
        file = discord.File(io.BytesIO(DATA), "code.txt")
        sent = await channel.send("look", embed=embed, file=file)
        await sent.forward(elsewhere)
        (told,) = await seen.wait_for("message", lambda m: m.channel.id == elsewhere.id)
        await sent.delete()
        fetched = await elsewhere.fetch_message(told.id)
        for forward in (told, fetched):
            assert forward.content == ""
            assert forward.flags.forwarded
            assert forward.reference is not None
            assert (forward.reference.type, forward.reference.message_id) == (
                discord.MessageReferenceType.forward,
                sent.id,
            )
            (shown,) = forward.message_snapshots
            assert (shown.content, [each.title for each in shown.embeds]) == ("look", ["T"])
            assert (shown.created_at, shown.edited_at, shown.type) == (
                sent.created_at,
                None,
                discord.MessageType.default,
            )
            (copied,) = shown.attachments
            assert copied.filename == "code.txt"
            assert (await http.get(copied.url)).content == DATA
        again = await fetched.forward(channel)
        assert again.message_snapshots[0].content == "look"
        with pytest.raises(discord.HTTPException) as failure:
            await elsewhere.send("more", reference=fetched.to_reference(type=discord.MessageReferenceType.forward))
        assert failure.value.code == 50035
