"""Unmodified discord.py bots: log in, chat, manage, and come back after a lost socket."""

import asyncio
import datetime as dt

import pytest

from tests.e2e.clients.discord_bot import TRANSPORTS, cut_socket, discord, running_bot
from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_chat_over_each_transport_reaches_both_sides(server: Server, alice: Person, transport: str) -> None:
    guild = await alice.make_guild("Tea — ☕")
    channel_id = text_channel(guild)
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"], transport=transport) as (client, seen):
        assert client.user is not None
        assert client.user.id == int(bot["id"])
        own = client.get_guild(int(guild["id"]))
        assert own is not None
        assert own.name == "Tea — ☕"
        assert own.me.guild_permissions.administrator
        await alice.send(channel_id, "hello 🍵", nonce="n1")
        (message,) = await seen.wait_for("message", lambda m: m.content == "hello 🍵")
        assert message.author.id == int(alice.id)
        assert message.guild == own

        answer = await message.reply("and **hello** to you")
        assert [m["content"] for m in await alice.history(channel_id)][-2:] == ["hello 🍵", "and **hello** to you"]
        assert answer.reference is not None
        assert answer.reference.message_id == message.id

        edited = await answer.edit(content="edited")
        assert edited.edited_at is not None
        await seen.wait_for("message_edit", lambda _, after: after.content == "edited")
        await message.delete()
        await seen.wait_for("message_delete", lambda m: m.id == message.id)
        assert [m["content"] for m in await alice.history(channel_id)][-1] == "edited"


async def test_history_pages_in_both_directions(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, _):
        channel = client.get_channel(int(text_channel(guild)))
        assert isinstance(channel, discord.TextChannel)
        sent = [await channel.send(f"m{number}") for number in range(9)]
        others = [await alice.send(str(channel.id), f"a{number}") for number in range(9)]
        expected = [message.id for message in sent] + [int(message["id"]) for message in others]
        oldest_first = [message.id async for message in channel.history(limit=None, oldest_first=True)]
        assert oldest_first[-18:] == expected
        newest_first = [message.id async for message in channel.history(limit=5)]
        assert newest_first == expected[:-6:-1]
        after = [message.id async for message in channel.history(limit=3, after=sent[2])]
        assert after == expected[3:6]
        around = [message.id async for message in channel.history(limit=5, around=sent[4])]
        assert sorted(around) == expected[2:7]
        fetched = await channel.fetch_message(sent[0].id)
        assert fetched.content == "m0"
        with pytest.raises(discord.NotFound) as failure:
            await channel.fetch_message(1)
        assert failure.value.code == 10008


async def test_bulk_delete_takes_the_messages_away(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, seen):
        channel = client.get_channel(int(text_channel(guild)))
        assert isinstance(channel, discord.TextChannel)
        messages = [await channel.send(f"m{number}") for number in range(4)]
        await channel.delete_messages(messages[:3])
        (gone,) = await seen.wait_for("bulk_message_delete")
        assert {message.id for message in gone} == {message.id for message in messages[:3]}
        assert [message.id async for message in channel.history(limit=1)] == [messages[3].id]


async def test_channels_are_made_changed_and_deleted(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, seen):
        own = client.get_guild(int(guild["id"]))
        assert own is not None
        category = await own.create_category("Section")
        text = await own.create_text_channel("news", topic="about", category=category, slowmode_delay=5, nsfw=True)
        assert text.category_id == category.id
        voice = await own.create_voice_channel("Room", user_limit=7)
        assert voice.user_limit == 7
        await own.create_forum("forum")
        await own.create_stage_channel("stage")
        await seen.wait_for("guild_channel_create", lambda channel: channel.name == "stage")
        await text.edit(name="olds", topic="other")
        _, after = await seen.wait_for("guild_channel_update", lambda _, after: after.name == "olds")
        assert after.topic == "other"
        assert after.slowmode_delay == 5
        await text.move(beginning=True)
        await voice.delete(reason="no more")
        await seen.wait_for("guild_channel_delete", lambda channel: channel.id == voice.id)
        assert voice.id not in {channel.id for channel in await own.fetch_channels()}


async def test_overwrites_hide_and_show_a_channel_live(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    bot = await alice.make_bot(guild["id"], permissions=0)
    async with running_bot(server, bot["token"]) as (client, seen):
        await alice.send(channel_id, "seen")
        await seen.wait_for("message", lambda m: m.content == "seen")
        view = str(discord.Permissions(view_channel=True).value)
        path = f"/channels/{channel_id}/permissions/{guild['id']}"
        await alice.call("PUT", path, {"type": 0, "deny": view, "allow": "0"})
        await alice.send(channel_id, "hidden")
        await seen.wait_for("guild_channel_delete", lambda channel: channel.id == int(channel_id))
        with pytest.raises(discord.Forbidden) as failure:
            await client.fetch_channel(int(channel_id))
        assert failure.value.code == 50001
        await alice.call(
            "PUT", f"/channels/{channel_id}/permissions/{bot['id']}", {"type": 1, "allow": view, "deny": "0"}
        )
        await seen.wait_for("guild_channel_create", lambda channel: channel.id == int(channel_id))
        await alice.send(channel_id, "seen again")
        await seen.wait_for("message", lambda m: m.content == "seen again")
        assert seen.contents(int(channel_id)) == ["seen", "seen again"]


async def test_roles_are_made_given_and_used(server: Server, alice: Person, bob: Person) -> None:
    guild = await alice.make_guild()
    await alice.invite(text_channel(guild), bob)
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, seen):
        own = client.get_guild(int(guild["id"]))
        assert own is not None
        role = await own.create_role(name="Helpers", colour=discord.Colour.red(), hoist=True)
        secret = await own.create_text_channel(
            "secret",
            overwrites={
                own.default_role: discord.PermissionOverwrite(view_channel=False),
                role: discord.PermissionOverwrite(view_channel=True),
                own.me: discord.PermissionOverwrite(view_channel=True),
            },
        )
        assert (await bob.request("GET", f"/channels/{secret.id}/messages")).status_code == 403
        member = await own.fetch_member(int(bob.id))
        await member.add_roles(role)
        await seen.wait_for("member_update", lambda _, after: after.id == member.id and role in after.roles)
        await bob.send(str(secret.id), "may I?")
        await seen.wait_for("message", lambda m: m.content == "may I?")
        await role.edit(name="Elders", permissions=discord.Permissions(kick_members=True))
        await seen.wait_for("guild_role_update", lambda _, after: after.name == "Elders")
        await member.remove_roles(role)
        assert (await bob.request("GET", f"/channels/{secret.id}/messages")).status_code == 403
        await role.delete()
        await seen.wait_for("guild_role_delete", lambda gone: gone.id == role.id)


async def test_members_join_are_renamed_timed_out_kicked_and_banned(server: Server, alice: Person, bob: Person) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, seen):
        own = client.get_guild(int(guild["id"]))
        assert own is not None
        await alice.invite(channel_id, bob)
        (member,) = await seen.wait_for("member_join", lambda joined: joined.id == int(bob.id))
        assert own.member_count == 3
        await member.edit(nick="Bobby")
        await seen.wait_for("member_update", lambda _, after: after.nick == "Bobby")
        await member.timeout(dt.timedelta(minutes=5), reason="cool down")
        refused = await bob.request("POST", f"/channels/{channel_id}/messages", {"content": "x"})
        assert refused.status_code == 403
        await member.timeout(None)
        await bob.send(channel_id, "back")
        await member.kick()
        await seen.wait_for("member_remove", lambda gone: gone.id == int(bob.id))
        await alice.invite(channel_id, bob)
        await own.ban(discord.Object(int(bob.id)), reason="enough", delete_message_seconds=3600)
        await seen.wait_for("member_ban")
        assert [ban.user.id async for ban in own.bans()] == [int(bob.id)]
        assert "back" not in [message["content"] for message in await alice.history(channel_id)]
        invite = await alice.call("POST", f"/channels/{channel_id}/invites", {})
        assert (await bob.request("POST", f"/invites/{invite['code']}")).json()["code"] == 40007
        await own.unban(discord.Object(int(bob.id)))
        await seen.wait_for("member_unban")
        await bob.call("POST", f"/invites/{invite['code']}")


async def test_bot_sees_guilds_that_it_joins_and_leaves(server: Server, alice: Person) -> None:
    guild = await alice.make_guild("first")
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, seen):
        second = await alice.make_guild("second")
        await alice.add_bot(bot["id"], second["id"])
        (joined,) = await seen.wait_for("guild_join")
        assert joined.name == "second"
        await alice.call("PATCH", f"/guilds/{second['id']}", {"name": "renamed"})
        await seen.wait_for("guild_update", lambda _, after: after.name == "renamed")
        await joined.leave()
        await seen.wait_for("guild_remove", lambda gone: gone.id == joined.id)
        assert [each.id async for each in client.fetch_guilds()] == [int(guild["id"])]
        await alice.call("DELETE", f"/guilds/{guild['id']}")
        await seen.wait_for("guild_remove", lambda gone: gone.id == int(guild["id"]))


async def test_member_chunks_typing_and_presence_arrive(server: Server, alice: Person, bob: Person) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    await alice.invite(channel_id, bob)
    bot, other = await alice.make_bot(guild["id"]), await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"], chunk_guilds_at_startup=False) as (client, seen):
        own = client.get_guild(int(guild["id"]))
        assert own is not None
        members = await own.chunk()
        assert {member.id for member in members} == {int(each) for each in (alice.id, bob.id, bot["id"], other["id"])}
        found = await own.query_members(user_ids=[int(bob.id)])
        assert [member.id for member in found] == [int(bob.id)]
        found = await own.query_members(query=bob.name[:4], limit=10)
        assert int(bob.id) in {member.id for member in found}
        await bob.call("POST", f"/channels/{channel_id}/typing")
        channel, user, _ = await seen.wait_for("typing")
        assert (channel.id, user.id) == (int(channel_id), int(bob.id))
        async with running_bot(server, other["token"], activity=discord.Game("chess")) as (second, _):
            _, after = await seen.wait_for("presence_update", lambda _, after: after.id == int(other["id"]))
            assert after.status is discord.Status.online
            await second.change_presence(status=discord.Status.dnd, activity=discord.Game("go"))
            _, after = await seen.wait_for("presence_update", lambda _, after: after.status is discord.Status.dnd)
            assert [activity.name for activity in after.activities] == ["go"]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_resume_after_the_socket_is_cut_loses_and_repeats_nothing(
    server: Server, alice: Person, transport: str
) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"], transport=transport) as (client, seen):
        expected = []
        sending = asyncio.Event()

        async def chatter() -> None:
            for number in range(60):
                expected.append((await alice.send(channel_id, f"m{number}"))["content"])
                if number == 10:
                    sending.set()

        talking = asyncio.create_task(chatter())
        await sending.wait()
        cut_socket(client)
        await talking
        await seen.wait_for("resumed")
        await seen.wait_for("message", lambda message: message.content == expected[-1])
        assert seen.contents(int(channel_id)) == expected
        assert len(seen.all("ready")) == 1


async def test_two_client_shards_see_their_guilds_only(server: Server, alice: Person) -> None:
    guilds = [await alice.make_guild(f"guild {number}") for number in range(6)]
    bot = await alice.make_bot()
    for guild in guilds:
        await alice.add_bot(bot["id"], guild["id"])
    async with running_bot(server, bot["token"], kind=discord.AutoShardedClient, shard_count=2) as (client, seen):
        assert {guild.id: guild.shard_id for guild in client.guilds} == {
            int(guild["id"]): (int(guild["id"]) >> 22) % 2 for guild in guilds
        }
        for guild in guilds:
            await alice.send(text_channel(guild), f"to {guild['id']}")
        for guild in guilds:
            await seen.wait_for("message", lambda message, guild=guild: message.content == f"to {guild['id']}")
        assert len(seen.all("message")) == len(guilds)


async def test_a_wrong_token_is_refused_as_the_library_expects(server: Server, alice: Person) -> None:
    with pytest.raises(discord.LoginFailure):
        async with running_bot(server, "MTIz.YWJj.ZGVm"):
            pass


async def test_direct_messages_go_both_ways(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, seen), open_gateway(server.gateway) as session:
        await session.identify(alice.token)
        user = await client.fetch_user(int(alice.id))
        sent = await user.send("psst")
        received = await session.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "psst")
        assert received["id"] == str(sent.id)
        assert "guild_id" not in received
        await alice.send(received["channel_id"], "yes?")
        (answer,) = await seen.wait_for("message", lambda message: message.content == "yes?")
        assert isinstance(answer.channel, discord.DMChannel)
        await alice.call("POST", f"/channels/{received['channel_id']}/typing")
        _, typist, _ = await seen.wait_for("typing")
        assert typist.id == int(alice.id)


async def test_without_the_content_intent_only_mentions_show_their_content(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    bot = await alice.make_bot(guild["id"])
    intents = discord.Intents.default()
    async with running_bot(server, bot["token"], intents=intents) as (client, seen):
        await alice.send(channel_id, "not for bots", embeds=[{"title": "nor this"}])
        await alice.send(channel_id, f"for you <@{bot['id']}>")
        channel = client.get_channel(int(channel_id))
        assert isinstance(channel, discord.TextChannel)
        await channel.send("my own")
        await seen.wait_for("message", lambda message: message.content == "my own")
        assert seen.contents(channel.id) == ["", f"for you <@{bot['id']}>", "my own"]
        assert all(not message.embeds for (message,) in seen.all("message"))


async def test_privileged_intents_that_were_switched_off_are_refused(server: Server, alice: Person) -> None:
    bot = await alice.make_bot()
    await alice.call("PATCH", "/applications/@me", {"flags": 0}, headers={"Authorization": f"Bot {bot['token']}"})
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with running_bot(server, bot["token"]):
            pass
    async with running_bot(server, bot["token"], intents=discord.Intents.default()):
        pass


async def test_a_reset_token_ends_the_bot_that_uses_the_old_one(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (_, seen):
        fresh = await alice.call("POST", f"/applications/{bot['id']}/bot")
        await seen.wait_for("disconnect")
    old = {"Authorization": f"Bot {bot['token']}"}
    assert (await alice.request("GET", "/users/@me", headers=old)).status_code == 401
    with pytest.raises(discord.LoginFailure):
        async with running_bot(server, bot["token"]):
            pass
    async with running_bot(server, fresh["token"]) as (client, _):
        assert [each.id for each in client.guilds] == [int(guild["id"])]


async def test_mentions_reach_whom_they_name(server: Server, alice: Person, bob: Person) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    await alice.invite(channel_id, bob)
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, seen):
        own = client.get_guild(int(guild["id"]))
        assert own is not None
        role = await own.create_role(name="crew", mentionable=True)
        await bob.send(channel_id, f"<@{alice.id}> <@&{role.id}> @everyone")
        (message,) = await seen.wait_for("message", lambda message: "@everyone" in message.content)
        assert [user.id for user in message.mentions] == [int(alice.id)]
        assert [mentioned.id for mentioned in message.role_mentions] == [role.id]
        assert message.mention_everyone is False or own.default_role.permissions.mention_everyone
        channel = client.get_channel(int(channel_id))
        assert isinstance(channel, discord.TextChannel)
        quiet = await channel.send(f"<@{bob.id}> @everyone", allowed_mentions=discord.AllowedMentions.none())
        assert quiet.mentions == []
        assert quiet.mention_everyone is False
        loud = await channel.send("@here")
        assert loud.mention_everyone is True


async def test_person_who_blocks_a_bot_gets_no_direct_messages_of_it(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, _), open_gateway(server.gateway) as session:
        await session.identify(alice.token)
        user = await client.fetch_user(int(alice.id))
        await user.send("first")
        created = await session.wait_for("CHANNEL_CREATE")
        assert [each["id"] for each in created["recipients"]] == [bot["id"]]
        await alice.call("PUT", f"/users/@me/relationships/{bot['id']}", {"type": 2})
        with pytest.raises(discord.Forbidden) as refused:
            await user.send("second")
        assert refused.value.code == 50007
        await alice.call("DELETE", f"/users/@me/relationships/{bot['id']}")
        await user.send("third")
        await session.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "third")
        assert session.contents() == ["first", "third"]
