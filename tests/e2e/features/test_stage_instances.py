"""Stage instances by discord.py, which opens a stage, hears of it, and finds it after a new login."""

import pytest

from tests.e2e.clients.discord_bot import discord, running_bot
from tests.support.person import Person
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_discord_py_opens_changes_and_closes_a_stage(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    stage_id = int((await alice.call("POST", f"/guilds/{guild['id']}/channels", {"name": "stage", "type": 13}))["id"])
    bot = await alice.make_bot(guild["id"], permissions=8)
    async with running_bot(server, bot["token"]) as (client, seen):
        channel = client.get_channel(stage_id)
        assert isinstance(channel, discord.StageChannel)
        made = await channel.create_instance(topic="Bees", send_start_notification=True, reason="it begins")
        (told,) = await seen.wait_for("stage_instance_create", lambda stage: stage.id == made.id)
        assert (told.topic, told.channel_id, told.privacy_level) == ("Bees", stage_id, discord.PrivacyLevel.guild_only)
        assert (await channel.fetch_instance()).id == made.id
        await made.edit(topic="Wasps")
        await seen.wait_for("stage_instance_update", lambda _, after: after.topic == "Wasps")
        with pytest.raises(discord.HTTPException) as failure:
            await channel.create_instance(topic="Again")
        assert failure.value.code == 150006
        async with running_bot(server, bot["token"]) as (again, _):
            found = again.get_guild(int(guild["id"]))
            assert found is not None
            assert [(stage.id, stage.topic) for stage in found.stage_instances] == [(made.id, "Wasps")]
        await made.delete()
        await seen.wait_for("stage_instance_delete", lambda stage: stage.id == made.id)
        assert [message.type.value async for message in channel.history()] == [28, 31, 27]
