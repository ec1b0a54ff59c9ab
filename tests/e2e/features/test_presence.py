"""Presence of people as a stock discord.py bot sees it, and as the people's own devices do."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.clients.discord_bot import Recorder, discord, running_bot
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE = {"browser": "Discord Android"}


async def see(seen: Recorder, person: Person, check: Callable[[discord.Member], bool]) -> discord.Member:
    """Wait until the bot sees the person so."""
    _, after = await seen.wait_for("presence_update", lambda _, after: after.id == int(person.id) and check(after))
    assert isinstance(after, discord.Member)
    return after


async def heard_as(device: GatewayClient, status: str) -> None:
    """Wait until a device, which is one of several, is told that one of them is so."""
    await device.wait_for("SESSIONS_REPLACE", lambda each: status in [one["status"] for one in each])


def say(status: str, *activities: dict[str, Any], afk: bool = False) -> dict[str, Any]:
    return {"status": status, "since": 1, "activities": list(activities), "afk": afk}


async def test_bot_sees_one_presence_of_a_person_with_two_devices(server: Server, alice: Person, bob: Person) -> None:
    guild = await alice.make_guild()
    await alice.invite(text_channel(guild), bob)
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (_, seen), open_gateway(server.gateway) as desk:
        game = {
            "name": "chess",
            "type": 0,
            "application_id": "5",
            "details": "rank 7",
            "assets": {"large_image": "1", "large_text": "board"},
        }
        await desk.identify(bob.token, intents=None, presence=say("online", game))
        await see(seen, bob, lambda member: member.desktop_status is discord.Status.online)
        async with open_gateway(server.gateway) as phone:
            state = {"name": "Custom Status", "type": 4, "state": "at sea"}
            await phone.identify(bob.token, intents=None, properties=PHONE, presence=say("dnd", state, afk=True))
            both = await see(seen, bob, lambda member: member.mobile_status is discord.Status.dnd)
            assert (both.status, both.desktop_status) == (discord.Status.dnd, discord.Status.online)
            custom, playing = both.activities
            assert isinstance(custom, discord.CustomActivity)
            assert custom.name == "at sea"
            assert isinstance(playing, discord.Activity)
            assert (playing.name, playing.details, playing.large_image_text) == ("chess", "rank 7", "board")
            sessions = await desk.wait_for("SESSIONS_REPLACE", lambda each: len(each) == 2)
            assert [(each["status"], each["active"]) for each in sessions] == [("online", True), ("dnd", False)]
            await desk.send(3, say("invisible"))
            await see(seen, bob, lambda member: member.desktop_status is discord.Status.offline)
            await phone.send(3, say("invisible"))
            hidden = await see(seen, bob, lambda member: member.status is discord.Status.offline)
            assert hidden.activities == ()
            await desk.wait_for("SESSIONS_REPLACE", lambda each: {one["status"] for one in each} == {"invisible"})


async def test_person_is_seen_as_the_settings_say_and_as_they_change(
    server: Server, alice: Person, bob: Person
) -> None:
    guild = await alice.make_guild()
    await alice.invite(text_channel(guild), bob)
    bot = await alice.make_bot(guild["id"])
    await bob.call("PATCH", "/users/@me/settings", {"status": "idle", "custom_status": {"text": "tea"}})
    async with running_bot(server, bot["token"]) as (_, seen), open_gateway(server.gateway) as session:
        await session.identify(bob.token, intents=None, presence=say("unknown"))
        settled = await see(seen, bob, lambda member: member.status is discord.Status.idle)
        assert [str(activity) for activity in settled.activities] == ["tea"]
        await bob.call("PATCH", "/users/@me/settings", {"status": "dnd", "custom_status": None})
        changed = await see(seen, bob, lambda member: member.status is discord.Status.dnd)
        assert changed.activities == ()


async def test_client_that_starts_anew_was_never_offline_and_a_block_hides_it(
    server: Server, alice: Person, bob: Person
) -> None:
    guild = await alice.make_guild()
    await alice.invite(text_channel(guild), bob)
    async with open_gateway(server.gateway) as hers:
        await hers.identify(alice.token, intents=None)
        for status in ("online", "online", "idle"):
            async with open_gateway(server.gateway) as his:
                await his.identify(bob.token, intents=None, presence=say(status))
        await hers.wait_for("PRESENCE_UPDATE", lambda body: body["status"] == "idle")
        assert "offline" not in [body["status"] for body in hers.bodies("PRESENCE_UPDATE")]
        async with open_gateway(server.gateway) as his, open_gateway(server.gateway) as phone:
            await his.identify(bob.token, intents=None, presence=say("dnd"))
            await phone.identify(bob.token, intents=None, presence=say("invisible"))
            await hers.wait_for("PRESENCE_UPDATE", lambda body: body["status"] == "dnd")
            await bob.call("PUT", f"/users/@me/relationships/{alice.id}", {"type": 2})
            await hers.wait_for("PRESENCE_UPDATE", lambda body: body["status"] == "offline")
            told = len(hers.bodies("PRESENCE_UPDATE"))
            await his.send(3, say("online"))
            await heard_as(phone, "online")
            await bob.call("DELETE", f"/users/@me/relationships/{alice.id}")
            await hers.wait_until(lambda: len(hers.bodies("PRESENCE_UPDATE")) > told)
            assert {body["status"] for body in hers.bodies("PRESENCE_UPDATE")[told:]} == {"online"}


async def test_last_seen_is_when_others_saw_the_person_go_and_not_what_it_did_unseen(
    server: Server, alice: Person, bob: Person
) -> None:
    await alice.befriend(bob)
    await bob.call("PUT", "/users/@me/last-seen", {})

    async def seen() -> str | None:
        return (await alice.call("GET", f"/users/{bob.id}/last-seen"))["last_seen"]  # type: ignore[no-any-return]

    async with open_gateway(server.gateway) as session:
        await session.identify(bob.token, intents=None, presence=say("invisible"))
    async with open_gateway(server.gateway) as session, open_gateway(server.gateway) as phone:
        await phone.identify(bob.token, intents=None, presence=say("invisible"))
        await session.identify(bob.token, intents=None, presence=say("online"))
        assert await seen() is None
        await session.send(3, say("invisible"))
        async with asyncio.timeout(60):
            while await seen() is None:  # noqa: ASYNC110 - there is nothing that could set an event
                await asyncio.sleep(0.05)
        hidden = await seen()
        await session.send(3, say("dnd"))
        await heard_as(phone, "dnd")
        assert await seen() == hidden
    async with asyncio.timeout(60):
        while await seen() == hidden:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.1)
