"""Presence: set by sessions, seen by others."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from core.domain.events import USER_SETTINGS_UPDATE, Audience
from core.domain.intents import ALL_INTENTS, Intent
from core.domain.people.preferences import UserSettings
from core.live.memory import MemoryOnlineCounts
from tests.integration.gateway.conftest import LOOPBACK, Connect, RunGateway
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.stores.store_writer import END, Login, StoreWriter


@pytest.fixture
async def hasty_connect(run_gateway: RunGateway) -> AsyncIterator[Connect]:
    """Open a connection to a gateway that gives no grace to who has closed the last session."""
    async with run_gateway(msgspec.structs.replace(LOOPBACK, presence_grace_s=0.0)) as running:
        yield lambda: open_gateway(running.url)


def presence(status: str, *activities: dict[str, Any]) -> dict[str, Any]:
    """Return the `d` of op 3."""
    return {"status": status, "since": None, "afk": False, "activities": list(activities)}


async def test_presence_is_told_to_others_and_shown_in_guild_create(writer: StoreWriter, connect: Connect) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice, bob)
    async with connect() as watching, connect() as client:
        await watching.identify(alice.token)
        await client.identify(bob.token, presence=presence("idle", {"name": "chess", "type": 0}))
        update = await watching.wait_for("PRESENCE_UPDATE")
        assert update["user"] == {"id": str(bob.id)}
        assert update["guild_id"] == str(guild_id)
        assert update["status"] == "idle"
        assert update["client_status"] == {"desktop": "idle"}
        assert [(activity["name"], activity["type"]) for activity in update["activities"]] == [("chess", 0)]
        created = await client.wait_for_guild()
        seen = {shown["user"]["id"]: shown["status"] for shown in created["presences"]}
        assert seen == {str(alice.id): "online", str(bob.id): "idle"}
        assert all("guild_id" not in shown for shown in created["presences"])
        await client.send(3, presence("dnd"))
        update = await watching.wait_for("PRESENCE_UPDATE", lambda update: update["status"] == "dnd")
        assert update["activities"] == []
        await client.send(3, {"status": "online", "since": None, "afk": False, "game": {"name": "go", "type": 0}})
        update = await watching.wait_for("PRESENCE_UPDATE", lambda update: update["status"] == "online")
        assert [activity["name"] for activity in update["activities"]] == ["go"]
        assert "PRESENCE_UPDATE" not in client.names()


async def test_invisible_user_is_offline_to_others(writer: StoreWriter, connect: Connect) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice, bob)
    async with connect() as watching, connect() as client:
        await watching.identify(alice.token)
        await client.identify(bob.token, presence=presence("invisible"))
        created = await client.wait_for_guild()
        assert [shown["user"]["id"] for shown in created["presences"]] == [str(alice.id)]
        await client.send(3, presence("online"))
        await watching.wait_for("PRESENCE_UPDATE")
        await client.send(3, presence("invisible", {"name": "secret", "type": 0}))
        await watching.wait_until(lambda: len(watching.bodies("PRESENCE_UPDATE")) == 2)
        assert [update["status"] for update in watching.bodies("PRESENCE_UPDATE")] == ["online", "offline"]
        assert watching.bodies("PRESENCE_UPDATE")[1]["activities"] == []
        await writer.announce(END, {}, guild_id=guild_id)


async def test_user_who_closes_its_last_session_is_offline_without_a_grace(
    writer: StoreWriter, hasty_connect: Connect
) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    await writer.guild(alice, bob)
    async with hasty_connect() as watching:
        await watching.identify(alice.token)
        async with hasty_connect() as first, hasty_connect() as second:
            await first.identify(bob.token)
            await second.identify(bob.token, presence=presence("dnd"), properties={"browser": "Discord Android"})
            await watching.wait_for(
                "PRESENCE_UPDATE", lambda update: update["client_status"] == {"desktop": "online", "mobile": "dnd"}
            )
        await watching.wait_for("PRESENCE_UPDATE", lambda update: update["status"] == "offline")
        seen = [(update["status"], update["client_status"]) for update in watching.bodies("PRESENCE_UPDATE")]
        both = ("dnd", {"desktop": "online", "mobile": "dnd"})
        alone = ("online", {"desktop": "online"})
        # Presences that follow too quickly are left out; `both` is the last one.
        coming = iter([alone, both, alone, ("offline", {})])
        assert all(each in coming for each in seen)


async def test_lost_socket_does_not_make_its_user_offline_at_once(writer: StoreWriter, connect: Connect) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice, bob)
    async with connect() as watching:
        await watching.identify(alice.token)
        async with connect() as client:
            ready = await client.identify(bob.token)
            await watching.wait_for("PRESENCE_UPDATE")
            seq = client.seq
            client.cut()
            await client.wait_closed()
        async with connect() as client:
            await client.resume(bob.token, ready["session_id"], seq)
            await client.wait_for("RESUMED")
            await writer.announce(END, {}, guild_id=guild_id)
            await watching.wait_for(END)
            assert len(watching.bodies("PRESENCE_UPDATE")) == 1


async def test_user_who_comes_back_within_the_grace_was_never_offline(writer: StoreWriter, connect: Connect) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice, bob)
    async with connect() as watching:
        await watching.identify(alice.token)
        for status in ("online", "online", "idle"):
            async with connect() as client:
                await client.identify(bob.token, presence=presence(status))
                await client.wait_for_guild()
        await watching.wait_for("PRESENCE_UPDATE", lambda update: update["status"] == "idle")
        await writer.announce(END, {}, guild_id=guild_id)
        await watching.wait_for(END)
        # A first presence that waits is replaced by the second one.
        assert [update["status"] for update in watching.bodies("PRESENCE_UPDATE")] in (["online", "idle"], ["idle"])


async def test_presence_needs_its_intent(writer: StoreWriter, connect: Connect) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    bot = await writer.bot(alice)
    guild_id = await writer.guild(alice, bob, bot)
    async with connect() as watching, connect() as client:
        await watching.identify(bot.token, intents=ALL_INTENTS & ~Intent.GUILD_PRESENCES)
        await client.identify(bob.token)
        await client.wait_for_guild()
        await writer.announce(END, {}, guild_id=guild_id)
        await watching.wait_for(END)
        assert "PRESENCE_UPDATE" not in watching.names()


async def test_person_with_several_sessions_is_told_of_them(writer: StoreWriter, connect: Connect) -> None:
    alice = await writer.person("alice")
    async with connect() as first, connect() as second:
        await first.identify(alice.token)
        await second.identify(alice.token)
        both = await first.wait_for("SESSIONS_REPLACE")
        assert [each["status"] for each in both] == ["online", "online"]
        await second.send(3, presence("idle"))
        await first.wait_for("SESSIONS_REPLACE", lambda each: [one["status"] for one in each] == ["online", "idle"])
        await second.socket.close()
        await first.wait_for("SESSIONS_REPLACE", lambda each: len(each) == 1)


async def test_session_begins_with_the_presence_of_the_settings_and_follows_their_changes(
    writer: StoreWriter, connect: Connect
) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    await writer.guild(alice, bob)
    await settle(writer, bob, {"status": "dnd", "custom_status": {"text": "at sea"}})
    async with connect() as watching, connect() as client:
        await watching.identify(alice.token)
        ready = await client.identify(bob.token, intents=None, presence={"status": "unknown", "activities": []})
        assert [each["status"] for each in ready["sessions"]] == ["dnd"]
        update = await watching.wait_for("PRESENCE_UPDATE")
        assert (update["status"], [each["state"] for each in update["activities"]]) == ("dnd", ["at sea"])
        await settle(writer, bob, {"status": "idle", "custom_status": None})
        update = await watching.wait_for("PRESENCE_UPDATE", lambda each: each["status"] == "idle")
        assert update["activities"] == []
        await settle(writer, bob, {"status": "invisible"})
        update = await watching.wait_for("PRESENCE_UPDATE", lambda each: each["status"] == "offline")
        assert update["client_status"] == {}


async def settle(writer: StoreWriter, login: Login, changed: dict[str, Any]) -> None:
    """Change a person's settings."""
    settings = UserSettings(user_id=login.id, changed=msgspec.json.encode(changed).decode())
    async with writer.store.write(users=[login.id]) as tx:
        await tx.preferences.put_settings(settings)
        tx.announce(writer.event(USER_SETTINGS_UPDATE, changed, audience=Audience.USER, user_id=login.id))


async def test_new_member_brings_its_presence_along(writer: StoreWriter, connect: Connect) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice)
    async with connect() as watching, connect() as client:
        await watching.identify(alice.token)
        await client.identify(bob.token, presence=presence("dnd"))
        await writer.join(guild_id, bob)
        update = await watching.wait_for("PRESENCE_UPDATE")
        assert (update["user"]["id"], update["status"]) == (str(bob.id), "dnd")
        created = await client.wait_for_guild()
        assert len(created["presences"]) == 2


async def test_messages_do_not_wait_for_a_crowd_that_comes_online(writer: StoreWriter, connect: Connect) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    crowd = [await writer.person(f"crowd{number}") for number in range(30)]
    guild_id = await writer.guild(alice, bob, *crowd)
    channel_id = await writer.channel(guild_id)
    async with contextlib.AsyncExitStack() as stack:
        watching = await stack.enter_async_context(connect())
        await watching.identify(alice.token)
        for member in crowd:
            client = await stack.enter_async_context(connect())
            await client.send(2, {"token": member.token, "properties": {}})
        await writer.say(channel_id, bob, "x", guild_id=guild_id)
        await watching.wait_for("MESSAGE_CREATE")
        everybody = {str(member.id) for member in crowd}
        await watching.wait_until(
            lambda: {update["user"]["id"] for update in watching.bodies("PRESENCE_UPDATE")} == everybody
        )
        assert len(watching.bodies("PRESENCE_UPDATE")) == len(crowd)


async def test_presence_of_a_member_who_left_does_not_follow_its_end(writer: StoreWriter, connect: Connect) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id = await writer.guild(alice, bob)
    async with connect() as watching:
        await watching.identify(alice.token)
        async with connect() as client:
            await client.identify(bob.token)
            await client.wait_for_guild()
            await watching.wait_for("PRESENCE_UPDATE", lambda update: update["user"]["id"] == str(bob.id))
            for status in ("idle", "dnd"):
                await client.send(3, presence(status))
            await writer.remove(guild_id, bob)
            await client.wait_for("GUILD_DELETE")
        await writer.join(guild_id, bob)
        async with connect() as client:
            await client.identify(bob.token, presence=presence("idle"))
            added = await watching.wait_for("GUILD_MEMBER_ADD")
            await watching.wait_until(lambda: watching.names()[-1] == "PRESENCE_UPDATE")
        assert added["user"]["id"] == str(bob.id)
        names = watching.names()
        removed, joined = names.index("GUILD_MEMBER_REMOVE"), names.index("GUILD_MEMBER_ADD")
        assert "PRESENCE_UPDATE" not in names[removed:joined]


async def test_online_members_of_a_guild_are_counted(
    writer: StoreWriter, hasty_connect: Connect, online: MemoryOnlineCounts
) -> None:
    connect = hasty_connect
    alice, bob, carol = await writer.person("alice"), await writer.person("bob"), await writer.person("carol")
    guild_id, other_id = await writer.guild(alice, bob, carol), await writer.guild(alice)

    async def count(client: GatewayClient) -> dict[int, int]:
        await writer.announce(END, {}, guild_id=guild_id)
        await client.wait_for(END)
        return dict(await online.find_many([guild_id, other_id]))

    async with connect() as watching:
        await watching.identify(alice.token)
        await watching.wait_for_guild()
        assert await online.find_many([guild_id, other_id]) == {guild_id: 1, other_id: 1}
        async with connect() as first, connect() as second, connect() as hidden:
            await first.identify(bob.token)
            await second.identify(bob.token)
            await hidden.identify(carol.token, presence={"status": "invisible"})
            for client in (first, second, hidden):
                await client.wait_for_guild()
            assert await online.find_many([guild_id, other_id]) == {guild_id: 2, other_id: 1}
            await hidden.send(3, presence("dnd"))
            await watching.wait_for("PRESENCE_UPDATE", lambda each: each["status"] == "dnd")
            assert (await online.find_many([guild_id]))[guild_id] == 3
            await hidden.send(3, presence("invisible"))
            await watching.wait_for(
                "PRESENCE_UPDATE", lambda each: each["user"]["id"] == str(carol.id) and each["status"] == "offline"
            )
            assert (await online.find_many([guild_id]))[guild_id] == 2
        await watching.wait_for(
            "PRESENCE_UPDATE", lambda each: each["user"]["id"] == str(bob.id) and each["status"] == "offline"
        )
        assert await count(watching) == {guild_id: 1, other_id: 1}
