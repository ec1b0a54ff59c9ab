"""Promises to every client: order, one message a nonce, no gap at login, immediate revocation."""

import asyncio
import contextlib
from typing import Any

import pytest

from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")
VIEW_CHANNEL = str(1 << 10)


async def test_dispatches_reach_everyone_in_id_order_with_50_senders(
    server: Server, alice: Person, bob: Person
) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    await alice.invite(channel_id, bob)
    async with open_gateway(server.gateway) as first, open_gateway(server.gateway) as second:
        await first.identify(alice.token)
        await second.identify(bob.token)

        async def over_rest(number: int) -> None:
            for count in range(6):
                await (alice, bob)[number % 2].send(channel_id, f"rest {number} {count}")

        async def over_socket(session: GatewayClient, number: int) -> None:
            for count in range(6):
                await session.send_message(channel_id, f"socket {number}", f"{number}-{count}")

        rest = [over_rest(number) for number in range(40)]
        sockets = [over_socket((first, second)[number % 2], number) for number in range(10)]
        await asyncio.gather(*rest, *sockets)
        history = await alice.history(channel_id)
        last = max(history, key=lambda message: int(message["id"]))
        for session in (first, second):
            await session.wait_until(lambda session=session: len(session.bodies("MESSAGE_CREATE")) >= 300)
            await session.wait_for("MESSAGE_CREATE", lambda message: message["id"] >= last["id"])
            ids = [int(message["id"]) for message in session.bodies("MESSAGE_CREATE")]
            assert ids == sorted(set(ids))
            assert len(ids) == 300


async def test_nonce_sent_20_times_at_once_makes_one_message(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    async with open_gateway(server.gateway) as session:
        await session.identify(alice.token)
        sends = [alice.send(channel_id, "once", nonce="the-nonce") for _ in range(10)]
        commands = [session.send_message(channel_id, "once", "the-nonce") for _ in range(10)]
        answers: list[Any] = await asyncio.gather(*sends, *commands)
        ids = {message["id"] for message in answers[:10]}
        assert len(ids) == 1
        assert all(message == answers[0] for message in answers[:10])
        await session.wait_for("MESSAGE_CREATE", lambda message: message["nonce"] == "the-nonce")
        await alice.send(channel_id, "the end")
        await session.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "the end")
        assert {m["id"] for m in session.bodies("MESSAGE_CREATE") if m["content"] == "once"} == ids
        assert [m["content"] for m in await alice.history(channel_id)][-2:] == ["once", "the end"]


async def test_message_over_the_socket_that_fails_is_answered_with_its_nonce(server: Server, alice: Person) -> None:
    async with open_gateway(server.gateway) as session:
        await session.identify(alice.token)
        await session.send_message("1", "x", "lost")
        error = await session.wait_for("MESSAGE_SEND_ERROR")
        assert error["nonce"] == "lost"
        assert error["code"] == 10003


async def test_no_message_falls_between_login_and_the_first_live_event(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    bot = await alice.make_bot(guild["id"])
    stop = asyncio.Event()
    sent: list[str] = []

    async def talk() -> None:
        while not stop.is_set():
            sent.append((await alice.send(channel_id, f"m{len(sent)}"))["id"])

    talking = asyncio.create_task(talk())
    try:
        for _ in range(8):
            async with open_gateway(server.gateway) as session:
                before = len(sent)
                await session.identify(bot["token"])
                created = await session.wait_for_guild()
                known = next(channel for channel in created["channels"] if channel["id"] == channel_id)
                await session.wait_until(lambda session=session: len(session.bodies("MESSAGE_CREATE")) >= 5)
                live = [message["id"] for message in session.bodies("MESSAGE_CREATE")]
                history = [message["id"] for message in await alice.history(channel_id)]
                start = history.index(live[0])
                assert history[start : start + len(live)] == live
                assert start >= before - 1
                if start:
                    assert known["last_message_id"] == history[start - 1]
    finally:
        stop.set()
        await talking


async def test_members_that_join_during_login_are_counted_once(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    bot = await alice.make_bot(guild["id"])
    async with contextlib.AsyncExitStack() as people, open_gateway(server.gateway) as session:
        others = [await people.enter_async_context(await Person.register(server.api)) for _ in range(12)]
        joins = asyncio.gather(*(alice.invite(channel_id, other) for other in others))
        await session.identify(bot["token"])
        created = await session.wait_for_guild()
        await joins
        there = {member["user"]["id"] for member in created["members"]}
        missing = {other.id for other in others} - there
        for user_id in missing:
            await session.wait_for("GUILD_MEMBER_ADD", lambda member, user_id=user_id: member["user"]["id"] == user_id)
        added = [member["user"]["id"] for member in session.bodies("GUILD_MEMBER_ADD")]
        assert len(added) == len(set(added))
        assert not set(added) & there
        assert created["member_count"] + len(added) == 2 + len(others)


async def test_a_revoked_view_takes_effect_before_the_next_message(server: Server, alice: Person, bob: Person) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    await alice.invite(channel_id, bob)
    path = f"/channels/{channel_id}/permissions/{guild['id']}"
    async with open_gateway(server.gateway) as session:
        await session.identify(bob.token)
        await session.wait_for_guild()
        for number in range(20):
            await alice.call("PUT", path, {"type": 0, "allow": "0", "deny": VIEW_CHANNEL})
            await alice.send(channel_id, "secret")
            await alice.call("PUT", path, {"type": 0, "allow": VIEW_CHANNEL, "deny": "0"})
            await alice.send(channel_id, f"open {number}")
        await session.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "open 19")
        contents = [message["content"] for message in session.bodies("MESSAGE_CREATE")]
        assert contents == [f"open {number}" for number in range(20)]


async def test_a_new_member_never_sees_what_it_may_not_view(server: Server, alice: Person, bob: Person) -> None:
    guild = await alice.make_guild()
    open_id = text_channel(guild)
    deny = [{"id": guild["id"], "type": 0, "allow": "0", "deny": VIEW_CHANNEL}]
    hidden = await alice.call(
        "POST", f"/guilds/{guild['id']}/channels", {"name": "hidden", "type": 0, "permission_overwrites": deny}
    )
    async with open_gateway(server.gateway) as session:
        await session.identify(bob.token)
        await alice.invite(open_id, bob)
        created = await session.wait_for_guild()
        assert hidden["id"] not in {channel["id"] for channel in created["channels"]}
        await alice.send(hidden["id"], "secret")
        await alice.call("PATCH", f"/channels/{hidden['id']}", {"name": "still-hidden"})
        await alice.send(open_id, "open")
        await session.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "open")
        assert all(hidden["id"] not in str(payload) for payload in session.payloads)
