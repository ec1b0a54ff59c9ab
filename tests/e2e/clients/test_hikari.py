"""An unmodified hikari bot: JSON in binary frames, zstd-stream, strict parsing."""

import asyncio
import contextlib
import socket
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.person import Person, text_channel
from tests.support.server_process import Server

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import hikari

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Seen:
    """The events of one bot."""

    def __init__(self) -> None:
        self.events: list[hikari.Event] = []
        self._changed = asyncio.Event()

    async def record(self, event: hikari.Event) -> None:
        self.events.append(event)
        self._changed.set()

    async def wait_for(self, kind: type[Any], check: Callable[[Any], bool] = lambda _: True) -> Any:
        """Wait for the first event of that kind, past or future, that the check accepts."""
        async with asyncio.timeout(60):
            seen = 0
            while True:
                while seen < len(self.events):
                    event = self.events[seen]
                    seen += 1
                    if isinstance(event, kind) and check(event):
                        return event
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def running_bot(server: Any, token: str) -> AsyncIterator[tuple[hikari.GatewayBot, Seen]]:
    """Run a bot until the test ends, from its start."""
    bot = hikari.GatewayBot(token, rest_url=f"{server.api}/api/v10", intents=hikari.Intents.ALL, banner=None, logs=None)
    seen = Seen()
    bot.event_manager.subscribe(hikari.Event, seen.record)
    await bot.start(check_for_updates=False)
    try:
        yield bot, seen
    finally:
        with contextlib.suppress(hikari.ComponentStateConflictError):
            await bot.close()


async def test_chat_and_management_work_both_ways(server: Server, alice: Person, bob: Person) -> None:
    guild = await alice.make_guild("Hikari's")
    channel_id = text_channel(guild)
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, seen):
        available = await seen.wait_for(hikari.GuildAvailableEvent)
        assert available.guild.name == "Hikari's"
        await alice.send(channel_id, "hello")
        event = await seen.wait_for(hikari.GuildMessageCreateEvent, lambda event: event.content == "hello")
        reply = await event.message.respond("hi", reply=True)
        assert [message["content"] for message in await alice.history(channel_id)][-1] == "hi"
        await client.rest.edit_message(reply.channel_id, reply.id, "ho")
        await seen.wait_for(hikari.GuildMessageUpdateEvent, lambda event: event.message.content == "ho")
        await client.rest.delete_message(reply.channel_id, reply.id)
        await seen.wait_for(hikari.GuildMessageDeleteEvent)
        await alice.invite(channel_id, bob)
        joined = await seen.wait_for(hikari.MemberCreateEvent)
        role = await client.rest.create_role(int(guild["id"]), name="Crew", permissions=hikari.Permissions.KICK_MEMBERS)
        await client.rest.add_role_to_member(int(guild["id"]), joined.user_id, role)
        await seen.wait_for(hikari.MemberUpdateEvent, lambda event: role.id in event.member.role_ids)
        channel = await client.rest.create_guild_text_channel(int(guild["id"]), "made by hikari")
        await client.rest.edit_channel(channel, name="renamed")
        await client.rest.delete_channel(channel)
        await seen.wait_for(hikari.GuildChannelDeleteEvent)
        members = [member.id for member in await client.rest.fetch_members(int(guild["id"]))]
        assert set(members) == {int(alice.id), int(bob.id), int(bot["id"])}
        guilds = [each.id async for each in client.rest.fetch_my_guilds()]
        assert guilds == [int(guild["id"])]
        application = await client.rest.fetch_application()
        assert application.id == int(bot["id"])
        await client.rest.ban_user(int(guild["id"]), joined.user_id)
        await seen.wait_for(hikari.BanCreateEvent)
        assert [ban.user.id async for ban in client.rest.fetch_bans(int(guild["id"]))] == [joined.user_id]


async def test_resume_after_the_socket_is_cut(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, seen):
        await alice.send(channel_id, "before")
        await seen.wait_for(hikari.GuildMessageCreateEvent, lambda event: event.content == "before")
        transport = client.shards[0]._ws._ws  # type: ignore[attr-defined]
        transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        await alice.send(channel_id, "meanwhile")
        await seen.wait_for(hikari.ShardResumedEvent)
        await alice.send(channel_id, "after")
        await seen.wait_for(hikari.GuildMessageCreateEvent, lambda event: event.content == "after")
        contents = [event.content for event in seen.events if isinstance(event, hikari.GuildMessageCreateEvent)]
        assert contents == ["before", "meanwhile", "after"]
