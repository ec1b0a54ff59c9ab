"""Identify, READY, GUILD_CREATE and the events that follow."""

from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.place import Place


async def test_identify_of_a_bot_leads_to_ready_guild_create_and_live_events(place: Place, connect: Connect) -> None:
    alice = await place.person("alice")
    bot = await place.bot(alice)
    guild_id = await place.guild(alice, bot)
    channel_id = await place.channel(guild_id)
    async with connect() as client:
        ready = await client.identify(bot.token)
        assert ready["user"]["id"] == str(bot.id)
        assert ready["guilds"] == [{"id": str(guild_id), "unavailable": True}]
        assert ready["application"]["id"] == str(bot.id)
        assert "shard" not in ready
        created = await client.wait_for("GUILD_CREATE")
        assert created["id"] == str(guild_id)
        assert created["unavailable"] is False
        assert [channel["id"] for channel in created["channels"]] == [str(channel_id)]
        assert {member["user"]["id"] for member in created["members"]} == {str(alice.id), str(bot.id)}
        assert created["member_count"] == 2
        message_id = await place.say(channel_id, alice, "hello", guild_id=guild_id)
        message = await client.wait_for("MESSAGE_CREATE")
        assert (message["id"], message["content"]) == (str(message_id), "hello")
        assert [payload["s"] for payload in client.dispatches] == list(range(1, len(client.dispatches) + 1))


async def test_resume_sends_what_was_missed_and_then_resumed(place: Place, connect: Connect) -> None:
    alice = await place.person("alice")
    bot = await place.bot(alice)
    guild_id = await place.guild(alice, bot)
    channel_id = await place.channel(guild_id)
    async with connect() as first:
        ready = await first.identify(bot.token)
        await place.say(channel_id, alice, "before", guild_id=guild_id)
        await first.wait_for("MESSAGE_CREATE")
        seq = first.seq
        first.cut()
        await first.wait_closed()
    await place.say(channel_id, alice, "missed", guild_id=guild_id)
    async with connect() as second:
        await second.resume(bot.token, ready["session_id"], seq)
        assert await second.wait_for("RESUMED") == {"_trace": []}
        await place.say(channel_id, alice, "after", guild_id=guild_id)
        await second.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "after")
        assert second.names() == ["MESSAGE_CREATE", "RESUMED", "MESSAGE_CREATE"]
        assert second.contents() == ["missed", "after"]
        assert [payload["s"] for payload in second.dispatches] == [seq + 1, seq + 2, seq + 3]
