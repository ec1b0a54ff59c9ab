"""Stock discord.py and hikari: their caches of voice states, and moderation by them."""

import pytest

from tests.e2e.clients import test_hikari
from tests.e2e.clients.discord_bot import discord, running_bot
from tests.e2e.clients.test_hikari import hikari
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.person import Person
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def join(client: GatewayClient, guild_id: str, channel_id: str | None) -> None:
    """Send op 4."""
    await client.send(4, {"guild_id": guild_id, "channel_id": channel_id, "self_mute": True, "self_deaf": False})


async def test_discord_py_sees_moves_and_mutes_who_is_in_voice(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    bot = await alice.make_bot(guild["id"])
    other = await alice.call("POST", f"/guilds/{guild['id']}/channels", {"name": "other", "type": 2})
    first = next(channel["id"] for channel in guild["channels"] if channel["type"] == 2)
    async with open_gateway(server.gateway) as alices:
        await alices.identify(alice.token)
        await join(alices, guild["id"], first)
        await alices.wait_for("VOICE_STATE_UPDATE")
        async with running_bot(server, bot["token"]) as (client, seen):
            own = client.get_guild(int(guild["id"]))
            assert own is not None
            member = own.get_member(int(alice.id))
            assert member is not None
            assert member.voice is not None
            assert member.voice.channel is not None
            assert (str(member.voice.channel.id), member.voice.self_mute) == (first, True)
            assert member in member.voice.channel.members
            await member.move_to(own.get_channel(int(other["id"])))  # type: ignore[arg-type]
            await seen.wait_for("voice_state_update", lambda _who, _before, after: str(after.channel.id) == other["id"])
            await member.edit(mute=True)
            await seen.wait_for("voice_state_update", lambda _who, _before, after: after.mute)
            await member.move_to(None)
            await seen.wait_for("voice_state_update", lambda _who, _before, after: after.channel is None)
            assert member.voice is None
            with pytest.raises(discord.HTTPException) as failure:
                await member.move_to(None)
            assert failure.value.code == 40032


async def test_hikari_sees_who_is_in_voice_and_joins_itself(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    bot = await alice.make_bot(guild["id"])
    channel_id = next(channel["id"] for channel in guild["channels"] if channel["type"] == 2)
    async with open_gateway(server.gateway) as alices:
        await alices.identify(alice.token)
        await join(alices, guild["id"], channel_id)
        await alices.wait_for("VOICE_STATE_UPDATE")
        async with test_hikari.running_bot(server, bot["token"]) as (client, seen):
            await seen.wait_for(hikari.GuildAvailableEvent)
            state = client.cache.get_voice_state(int(guild["id"]), int(alice.id))
            assert state is not None
            assert (str(state.channel_id), state.is_self_muted) == (channel_id, True)
            await client.update_voice_state(int(guild["id"]), int(channel_id))
            await alices.wait_for("VOICE_STATE_UPDATE", lambda state: state["user_id"] == bot["id"])
            await join(alices, guild["id"], None)
            gone = await seen.wait_for(hikari.VoiceStateUpdateEvent, lambda event: event.state.channel_id is None)
            assert str(gone.state.user_id) == alice.id
