"""Channels that appear and disappear for a session, and events that follow their views."""

from core.domain.channels.channel import Overwrite
from core.domain.events import Audience
from core.domain.guilds.permissions import DEFAULT_EVERYONE, Permission
from core.domain.intents import ALL_INTENTS, Intent
from tests.integration.gateway.conftest import Connect
from tests.support.stores.store_writer import END, StoreWriter

VIEW = int(Permission.VIEW_CHANNEL)


async def test_overwrite_that_hides_a_channel_takes_effect_before_the_next_event(
    writer: StoreWriter, connect: Connect
) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice, bob)
    channel_id = await writer.channel(guild_id)
    async with connect() as client:
        await client.identify(bob.token)
        for number in range(10):
            await writer.put_overwrite(channel_id, Overwrite(guild_id, 0, 0, VIEW))
            await writer.say(channel_id, alice, "secret", guild_id=guild_id)
            await writer.update_channel(channel_id, name=f"secret-{number}")
            await writer.put_overwrite(channel_id, Overwrite(guild_id, 0, VIEW, 0))
            await writer.say(channel_id, alice, f"open {number}", guild_id=guild_id)
        await client.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "open 9")
        assert client.contents() == [f"open {number}" for number in range(10)]
        assert client.names().count("CHANNEL_DELETE") == 10
        assert client.names().count("CHANNEL_CREATE") == 10
        # A rename of a hidden channel is told when the channel is shown again.
        assert [gone["name"] for gone in client.bodies("CHANNEL_DELETE")][:2] == ["channel", "secret-0"]


async def test_role_that_is_given_and_changed_shows_and_hides_channels(writer: StoreWriter, connect: Connect) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice, bob, everyone=DEFAULT_EVERYONE & ~VIEW)
    role_id = await writer.role(guild_id)
    plain_id = await writer.channel(guild_id)
    secret_id = await writer.channel(guild_id, Overwrite(role_id, 0, VIEW, 0))
    async with connect() as client:
        await client.identify(bob.token)
        assert (await client.wait_for_guild())["channels"] == []
        await writer.update_member(guild_id, bob, role_ids=(role_id,))
        shown = await client.wait_for("CHANNEL_CREATE")
        assert shown["id"] == str(secret_id)
        await writer.update_role(guild_id, role_id, permissions=VIEW)
        await client.wait_for("CHANNEL_CREATE", lambda channel: channel["id"] == str(plain_id))
        await writer.delete_role(guild_id, role_id)
        await client.wait_until(lambda: len(client.bodies("CHANNEL_DELETE")) == 2)
        assert client.names()[1:] == [
            "GUILD_MEMBER_UPDATE",
            "CHANNEL_CREATE",
            "GUILD_ROLE_UPDATE",
            "CHANNEL_CREATE",
            "GUILD_ROLE_DELETE",
            "CHANNEL_DELETE",
            "CHANNEL_DELETE",
        ]
    async with connect() as client:
        await client.identify(alice.token)
        created = await client.wait_for_guild()
        assert [channel["permission_overwrites"] for channel in created["channels"]] == [[], []]
        assert all(member["roles"] == [] for member in created["members"])


async def test_channels_are_made_changed_and_deleted_for_who_may_view_them(
    writer: StoreWriter, connect: Connect
) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice, bob)
    async with connect() as owner, connect() as member:
        await owner.identify(alice.token)
        await member.identify(bob.token)
        hidden_id = await writer.channel(guild_id, Overwrite(guild_id, 0, 0, VIEW))
        open_id = await writer.channel(guild_id)
        await writer.update_channel(hidden_id, name="x")
        await writer.update_channel(open_id, name="y")
        await writer.delete_channel(hidden_id)
        await writer.delete_channel(open_id)
        await owner.wait_until(lambda: len(owner.bodies("CHANNEL_DELETE")) == 2)
        await member.wait_for("CHANNEL_DELETE")
        channels = ["CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE"]
        seen = [(payload["t"], payload["d"]["id"]) for payload in member.dispatches if payload["t"] in channels]
        assert seen == [(name, str(open_id)) for name in channels]
        assert [d["id"] for d in owner.bodies("CHANNEL_UPDATE")] == [str(hidden_id), str(open_id)]


async def test_new_owner_views_everything(writer: StoreWriter, connect: Connect) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice, bob)
    hidden_id = await writer.channel(guild_id, Overwrite(guild_id, 0, 0, VIEW))
    async with connect() as before, connect() as after:
        await before.identify(alice.token)
        await after.identify(bob.token)
        await writer.update_guild(guild_id, owner_id=bob.id)
        assert (await after.wait_for("CHANNEL_CREATE"))["id"] == str(hidden_id)
        assert (await before.wait_for("CHANNEL_DELETE"))["id"] == str(hidden_id)
        assert before.bodies("GUILD_UPDATE")[0]["owner_id"] == str(bob.id)


async def test_timed_out_member_keeps_viewing(writer: StoreWriter, connect: Connect) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice, bob)
    channel_id = await writer.channel(guild_id)
    async with connect() as client:
        await client.identify(bob.token)
        until_ms = writer.clock.now_ms() + 60_000
        await writer.update_member(guild_id, bob, timeout_until_ms=until_ms)
        await writer.say(channel_id, alice, "you may read", guild_id=guild_id)
        await client.wait_for("MESSAGE_CREATE")
        assert "CHANNEL_DELETE" not in client.names()


async def test_events_for_holders_of_a_permission_pass_others_by(writer: StoreWriter, connect: Connect) -> None:
    alice, bob, carol = await writer.person("alice"), await writer.person("bob"), await writer.person("carol")
    guild_id = await writer.guild(alice, bob, carol)
    ban = int(Permission.BAN_MEMBERS)
    role_id = await writer.role(guild_id, permissions=ban)
    await writer.update_member(guild_id, carol, role_ids=(role_id,))
    header = {"guild_id": guild_id, "audience": Audience.GUILD_PERMISSION, "permissions": ban}
    async with connect() as owner, connect() as member, connect() as moderator:
        for client, login in ((owner, alice), (member, bob), (moderator, carol)):
            await client.identify(login.token)
        await writer.announce("GUILD_BAN_ADD", {"guild_id": str(guild_id)}, **header)
        await writer.update_member(guild_id, carol, timeout_until_ms=writer.clock.now_ms() + 60_000)
        await writer.announce("GUILD_BAN_REMOVE", {"guild_id": str(guild_id)}, **header)
        await writer.announce(END, {}, guild_id=guild_id)
        for client in (owner, member, moderator):
            await client.wait_for(END)
        bans = [[name for name in client.names() if "BAN" in name] for client in (owner, member, moderator)]
        assert bans == [["GUILD_BAN_ADD", "GUILD_BAN_REMOVE"], [], ["GUILD_BAN_ADD"]]


async def test_intents_decide_what_a_bot_gets(writer: StoreWriter, connect: Connect) -> None:
    alice = await writer.person()
    bot = await writer.bot(alice)
    guild_id = await writer.guild(alice, bot)
    channel_id = await writer.channel(guild_id)
    async with connect() as messages, connect() as members, connect() as nothing:
        await messages.identify(bot.token, intents=int(Intent.GUILD_MESSAGES))
        await members.identify(bot.token, intents=int(Intent.GUILD_MEMBERS | Intent.GUILDS))
        ready = await nothing.identify(bot.token, intents=0)
        assert len(ready["guilds"]) == 1
        await writer.say(channel_id, alice, "x", guild_id=guild_id)
        await writer.join(guild_id, await writer.person("new"))
        await writer.update_member(guild_id, bot, nick="me")
        await writer.announce(END, {}, guild_id=guild_id)
        for client in (messages, members, nothing):
            await client.wait_for(END)
        assert messages.names() == ["READY", "MESSAGE_CREATE", "GUILD_MEMBER_UPDATE", END]
        assert members.names() == ["READY", "GUILD_CREATE", "GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE", END]
        assert nothing.names() == ["READY", "GUILD_MEMBER_UPDATE", END]


async def test_content_is_for_the_intent_the_author_and_the_mentioned(writer: StoreWriter, connect: Connect) -> None:
    alice = await writer.person()
    bots = [await writer.bot(alice) for _ in range(3)]
    with_intent, mentioned, other = bots
    guild_id = await writer.guild(alice, *bots)
    channel_id = await writer.channel(guild_id)
    without = ALL_INTENTS & ~Intent.MESSAGE_CONTENT
    async with connect() as first, connect() as second, connect() as third, connect() as author:
        await first.identify(with_intent.token)
        await second.identify(mentioned.token, intents=without)
        await third.identify(other.token, intents=without)
        await author.identify(alice.token)
        await writer.say(channel_id, alice, "text", guild_id=guild_id, mentions=(mentioned,), nonce="n")
        await writer.say(channel_id, other, "own", guild_id=guild_id, nonce="o")
        for client in (first, second, third, author):
            await client.wait_until(lambda client=client: len(client.bodies("MESSAGE_CREATE")) == 2)
        assert first.contents() == ["text", "own"]
        assert second.contents() == ["text", ""]
        assert third.contents() == ["", "own"]
        nonces = [[message.get("nonce") for message in client.bodies("MESSAGE_CREATE")] for client in (first, third)]
        assert nonces == [[None, None], [None, "o"]]
        assert [message.get("nonce") for message in author.bodies("MESSAGE_CREATE")] == ["n", None]


async def test_direct_messages_show_their_content_without_the_intent(writer: StoreWriter, connect: Connect) -> None:
    alice = await writer.person()
    bot = await writer.bot(alice)
    channel_id = await writer.direct_channel(alice, bot)
    async with connect() as client, connect() as deaf:
        await client.identify(bot.token, intents=int(Intent.DIRECT_MESSAGES))
        await deaf.identify(bot.token, intents=int(Intent.GUILDS))
        await writer.say(channel_id, alice, "psst", to=(alice, bot), nonce="n")
        message = await client.wait_for("MESSAGE_CREATE")
        assert message["content"] == "psst"
        assert "nonce" not in message
        await writer.announce("USER_UPDATE", {}, audience=Audience.USER, user_id=bot.id)
        await deaf.wait_for("USER_UPDATE")
        assert deaf.names() == ["READY", "USER_UPDATE"]
