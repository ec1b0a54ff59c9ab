"""Following by discord.py: a channel follows another guild's, and gets what is published there, edited and deleted."""

import io
from typing import Final

import httpx
import pytest

from tests.e2e.clients.discord_bot import discord, running_bot
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")
ADMINISTRATOR: Final = 8
ANNOUNCEMENTS: Final = 5
DATA: Final = b"files are copied" * 1000


async def test_discord_py_follows_publishes_and_gets_copies(server: Server, alice: Person) -> None:
    first, second = await alice.make_guild(), await alice.make_guild()
    made = await alice.call("POST", f"/guilds/{first['id']}/channels", {"name": "news", "type": ANNOUNCEMENTS})
    bot = await alice.make_bot()
    for guild in (first, second):
        await alice.add_bot(bot["id"], guild["id"], ADMINISTRATOR)
    async with running_bot(server, bot["token"]) as (client, seen), httpx.AsyncClient(timeout=60) as http:
        news, target = client.get_channel(int(made["id"])), client.get_channel(int(text_channel(second)))
        assert isinstance(news, discord.TextChannel)
        assert isinstance(target, discord.TextChannel)
        webhook = await news.follow(destination=target)
        (notice,) = await seen.wait_for("message", lambda m: m.type is discord.MessageType.channel_follow_add)
        name = f"{news.guild.name} #news"
        assert (notice.channel.id, notice.content) == (target.id, name)
        await seen.wait_for("webhooks_update", lambda channel: channel.id == target.id)
        (listed,) = await target.webhooks()
        assert (listed.id, listed.type, listed.name) == (webhook.id, discord.WebhookType.channel_follower, name)
        assert listed.source_channel is not None
        assert listed.source_channel.id == news.id
        sent = await news.send("look", embed=discord.Embed(title="T"), file=discord.File(io.BytesIO(DATA), "a.txt"))
        await sent.publish()
        (copy,) = await seen.wait_for("message", lambda m: m.webhook_id == webhook.id)
        assert (copy.channel.id, copy.content, copy.flags.is_crossposted) == (target.id, "look", True)
        assert (copy.author.id, copy.author.name, copy.author.bot) == (webhook.id, name, True)
        assert copy.reference is not None
        assert (copy.reference.message_id, copy.reference.guild_id) == (sent.id, news.guild.id)
        fetched = await target.fetch_message(copy.id)
        (file,) = fetched.attachments
        assert (await http.get(file.url)).content == DATA
        await sent.edit(content="look again")
        _, edited = await seen.wait_for("message_edit", lambda _, m: m.id == copy.id and m.content == "look again")
        assert edited.embeds[0].title == "T"
        await sent.delete()
        _, emptied = await seen.wait_for("message_edit", lambda _, m: m.id == copy.id and not m.embeds)
        assert emptied.flags.source_message_deleted
        assert not emptied.attachments
        await listed.delete()
        assert await target.webhooks() == []
