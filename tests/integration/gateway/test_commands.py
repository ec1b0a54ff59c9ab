"""Op 8, messages over the socket, and commands without an effect yet."""

from typing import Any

import msgspec
import pytest

from core.domain.intents import ALL_INTENTS, Intent
from core.wire.socket_message import RefusedMessage, SentMessage
from tests.fakes.gateway.message_port import FakeMessagePort
from tests.integration.gateway.conftest import Connect
from tests.support.gateway.gateway_client import GatewayClient
from tests.support.stores.store_writer import StoreWriter


async def ask(client: GatewayClient, **d: Any) -> list[dict[str, Any]]:
    """Request members and return all chunks of the answer."""
    nonce = f"n{len(client.payloads)}"
    await client.send(8, {"nonce": nonce, **d})

    def chunks() -> list[dict[str, Any]] | None:
        found = [chunk for chunk in client.bodies("GUILD_MEMBERS_CHUNK") if chunk.get("nonce") == nonce]
        return found if found and len(found) == found[0]["chunk_count"] else None

    return await client.wait_until(chunks)  # type: ignore[no-any-return]


def ids(chunks: list[dict[str, Any]]) -> set[int]:
    """Return the users in an answer."""
    return {int(member["user"]["id"]) for chunk in chunks for member in chunk["members"]}


async def test_members_are_found_by_prefix_by_id_and_all_together(writer: StoreWriter, connect: Connect) -> None:
    alice, bob, carol = await writer.person("alice"), await writer.person("bob"), await writer.person("carol")
    guild_id = await writer.guild(alice, bob)
    async with connect() as client:
        await client.identify(alice.token)
        assert ids(await ask(client, guild_id=str(guild_id), query="", limit=0)) == {alice.id, bob.id}
        assert ids(await ask(client, guild_id=[guild_id], query="BOB", limit=10)) == {bob.id}
        assert ids(await ask(client, guild_id=str(guild_id), query="zzz", limit=10)) == set()
        (chunk,) = await ask(client, guild_id=str(guild_id), user_ids=[str(bob.id), carol.id], presences=True)
        assert ids([chunk]) == {bob.id}
        assert chunk["not_found"] == [str(carol.id)]
        assert chunk["presences"] == []
        (chunk,) = await ask(client, guild_id=str(guild_id), user_ids=str(alice.id), presences=True)
        assert [shown["user"]["id"] for shown in chunk["presences"]] == [str(alice.id)]
        assert "not_found" not in chunk
        assert (chunk["guild_id"], chunk["chunk_index"], chunk["chunk_count"]) == (str(guild_id), 0, 1)


async def test_members_of_a_guild_too_large_for_memory_come_in_chunks(
    writer: StoreWriter, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.guilds.guild_loader.KEEP_ALL_BELOW", 1)
    monkeypatch.setattr("gateway.requests.member_requests.CHUNK", 10)
    alice = await writer.person("alice")
    others = [await writer.person("other") for _ in range(24)]
    guild_id = await writer.guild(alice, *others)
    async with connect() as client:
        await client.identify(alice.token)
        chunks = await ask(client, guild_id=str(guild_id), query="", limit=0)
        assert [(chunk["chunk_index"], len(chunk["members"])) for chunk in chunks] == [(0, 10), (1, 10), (2, 5)]
        assert len(ids(chunks)) == 25
        found = await ask(client, guild_id=str(guild_id), user_ids=[others[3].id, 1])
        assert ids(found) == {others[3].id}
        assert found[0]["not_found"] == ["1"]


async def test_all_members_of_a_large_guild_wait_until_what_was_sent_has_left(
    writer: StoreWriter, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.guilds.guild_loader.KEEP_ALL_BELOW", 1)
    monkeypatch.setattr("gateway.requests.member_requests.CHUNK", 2)
    monkeypatch.setattr("gateway.requests.member_requests.PAGE", 1)
    monkeypatch.setattr("gateway.requests.member_requests.MAX_AHEAD_BYTES", -1)
    alice, bob, carol = await writer.person("alice"), await writer.person("bob"), await writer.person("carol")
    guild_id = await writer.guild(alice, bob, carol)
    async with connect() as client:
        await client.identify(alice.token)
        await client.send(8, {"guild_id": str(guild_id), "query": "", "limit": 0})
        assert ids(await ask(client, guild_id=str(guild_id), user_ids=[str(bob.id)])) == {bob.id}
        assert len(client.bodies("GUILD_MEMBERS_CHUNK")) == 1
        monkeypatch.setattr("gateway.requests.member_requests.MAX_AHEAD_BYTES", 1 << 20)
        await client.wait_until(lambda: len(client.bodies("GUILD_MEMBERS_CHUNK")) == 3)
        assert ids(client.bodies("GUILD_MEMBERS_CHUNK")[1:]) == {alice.id, bob.id, carol.id}


async def test_members_need_the_intent_and_the_guild(writer: StoreWriter, connect: Connect) -> None:
    alice = await writer.person("alice")
    bot = await writer.bot(alice)
    guild_id, other_id = await writer.guild(alice, bot), await writer.guild(alice)
    async with connect() as client:
        await client.identify(bot.token, intents=ALL_INTENTS & ~(Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES))
        await client.send(8, {"guild_id": str(other_id), "query": "", "limit": 0, "nonce": "other"})
        assert ids(await ask(client, guild_id=str(guild_id), query="", limit=0)) == set()
        found = await ask(client, guild_id=str(guild_id), query="alice", limit=1, presences=True)
        assert ids(found) == {alice.id}
        assert found[0]["presences"] == []
        assert len(client.bodies("GUILD_MEMBERS_CHUNK")) == 2


async def test_nonce_that_is_too_long_is_ignored(writer: StoreWriter, connect: Connect) -> None:
    alice = await writer.person("alice")
    guild_id = await writer.guild(alice)
    async with connect() as client:
        await client.identify(alice.token)
        await client.send(8, {"guild_id": str(guild_id), "query": "", "limit": 0, "nonce": "é" * 17})
        assert "nonce" not in await client.wait_for("GUILD_MEMBERS_CHUNK")


async def test_message_over_the_socket_is_handed_on_and_a_refusal_comes_back(
    writer: StoreWriter, connect: Connect, port: FakeMessagePort
) -> None:
    alice = await writer.person("alice")
    port.outcome = lambda _: RefusedMessage(code=10003, message="Unknown Channel")
    async with connect() as client:
        await client.identify(alice.token)
        await client.send(0, {"channel_id": "1", "content": "hi", "nonce": "lost"}, t="MESSAGE_CREATE")
        error = await client.wait_for("MESSAGE_SEND_ERROR")
        assert error == {"nonce": "lost", "channel_id": "1", "code": 10003, "message": "Unknown Channel"}
        assert port.sent == [(alice.id, 1, {"channel_id": "1", "content": "hi", "nonce": "lost"})]


@pytest.mark.parametrize(
    ("intents", "is_new", "answers"),
    [(ALL_INTENTS, True, 0), (ALL_INTENTS, False, 1), (int(Intent.GUILDS), True, 1)],
)
async def test_sender_is_answered_by_itself_where_its_messages_event_does_not_do_it(
    writer: StoreWriter, connect: Connect, port: FakeMessagePort, intents: int, is_new: bool, answers: int
) -> None:
    alice = await writer.person("alice")
    bot = await writer.bot(alice)
    guild_id = await writer.guild(alice, bot)
    payload = msgspec.Raw(b'{"id":"5","nonce":"n"}')
    sent, refused = (
        SentMessage(payload=payload, guild_id=guild_id, is_new=is_new),
        RefusedMessage(code=0, message="end"),
    )
    port.outcome = lambda body: refused if body["content"] == "end" else sent
    async with connect() as client:
        await client.identify(bot.token, intents=intents)
        await client.send(0, {"channel_id": "1", "content": "hi", "nonce": "n"}, t="MESSAGE_CREATE")
        await client.send(0, {"channel_id": "1", "content": "end", "nonce": "end"}, t="MESSAGE_CREATE")
        await client.wait_for("MESSAGE_SEND_ERROR")
        assert len(client.bodies("MESSAGE_CREATE")) == answers


@pytest.mark.parametrize(
    ("op", "d"),
    [
        (4, {"guild_id": "1", "channel_id": None, "self_mute": False, "self_deaf": False}),
        (31, {"guild_ids": ["1"]}),
    ],
)
async def test_command_without_effect_leaves_the_session_alone(
    writer: StoreWriter, connect: Connect, op: int, d: dict[str, Any]
) -> None:
    alice = await writer.person("alice")
    guild_id = await writer.guild(alice)
    async with connect() as client:
        await client.identify(alice.token)
        await client.send(op, d)
        assert ids(await ask(client, guild_id=str(guild_id), query="", limit=0)) == {alice.id}


async def test_soundboards_are_answered_for_the_sessions_guilds(writer: StoreWriter, connect: Connect) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    bot = await writer.bot(alice)
    guild_id, second_id, other_id = (
        await writer.guild(alice, bot),
        await writer.guild(alice, bot),
        await writer.guild(bob),
    )
    async with connect() as client:
        await client.identify(bot.token, intents=int(Intent.GUILDS))
        await client.send(31, {"guild_ids": [str(guild_id), other_id, second_id, str(guild_id), "x"]})
        await client.wait_for("SOUNDBOARD_SOUNDS", lambda each: each["guild_id"] == str(second_id))
        assert client.bodies("SOUNDBOARD_SOUNDS") == [
            {"guild_id": str(each), "soundboard_sounds": []} for each in (guild_id, second_id)
        ]
        await client.send(31, {"guild_ids": str(guild_id)})
        await client.wait_until(lambda: len(client.bodies("SOUNDBOARD_SOUNDS")) == 3)


async def test_channels_without_a_status_are_answered_and_members_are_searched(
    writer: StoreWriter, connect: Connect
) -> None:
    alice, bob = await writer.person("alice"), await writer.person("bob")
    guild_id, other_id = await writer.guild(alice, bob), await writer.guild(bob)
    async with connect() as client:
        await client.identify(alice.token, intents=None)
        for op in (36, 43):
            for each in (other_id, guild_id):
                await client.send(op, {"guild_id": str(each), "fields": ["status"]})
        await client.send(35, {"guild_id": str(other_id), "query": "", "nonce": "no"})
        await client.send(35, {"guild_id": str(guild_id), "query": bob.user.username, "nonce": "n"})
        found = await client.wait_for("GUILD_MEMBERS_CHUNK")
        assert (found["nonce"], [each["user"]["id"] for each in found["members"]]) == ("n", [str(bob.id)])
        await client.send(35, {"guild_id": str(guild_id), "query": "", "nonce": "all"})
        found = await client.wait_for("GUILD_MEMBERS_CHUNK", lambda each: each["nonce"] == "all")
        assert {each["user"]["id"] for each in found["members"]} == {str(alice.id), str(bob.id)}
        for event in ("CHANNEL_STATUSES", "CHANNEL_INFO"):
            assert client.bodies(event) == [{"guild_id": str(guild_id), "channels": []}]


PEOPLES_OPS = (5, 12, 13, 18, 22, 34, 35, 36, 38, 39, 40, 41, 43, 60)


@pytest.mark.parametrize("d", [None, {}, {"guild_id": "1", "seq": 3}, []])
async def test_what_peoples_clients_say_beside_is_passed_over(writer: StoreWriter, connect: Connect, d: Any) -> None:
    alice = await writer.person("alice")
    guild_id = await writer.guild(alice)
    async with connect() as client:
        await client.identify(alice.token)
        for op in PEOPLES_OPS:
            await client.send(op, d)
        assert ids(await ask(client, guild_id=str(guild_id), query="", limit=0)) == {alice.id}
        assert [payload["op"] for payload in client.payloads].count(11) == 1


@pytest.mark.parametrize(
    ("op", "is_bot", "code"),
    [(61, False, 4001), (7, False, 4001), (11, False, 4001), (-1, False, 4001), (44, True, 4001), (12, True, 4001)],
)
async def test_opcode_that_such_clients_do_not_have_is_closed(
    writer: StoreWriter, connect: Connect, op: int, is_bot: bool, code: int
) -> None:
    alice = await writer.person("alice")
    login = await writer.bot(alice) if is_bot else alice
    async with connect() as client:
        await client.identify(login.token)
        await client.send(op, {})
        assert await client.wait_closed() == code


async def test_bots_may_send_what_is_documented(writer: StoreWriter, connect: Connect) -> None:
    alice = await writer.person("alice")
    bot = await writer.bot(alice)
    guild_id = await writer.guild(alice, bot)
    async with connect() as client:
        await client.identify(bot.token)
        for op in (31, 43, 40, 14, 37):
            await client.send(op, {})
        assert ids(await ask(client, guild_id=str(guild_id), query="", limit=0)) == {alice.id, bot.id}


async def test_person_may_say_more_at_once_than_a_bot(writer: StoreWriter, connect: Connect) -> None:
    alice = await writer.person("alice")
    bot = await writer.bot(alice)
    guild_id = await writer.guild(alice)
    large = {"subscriptions": {str(guild_id + number): {"typing": True, "members": []} for number in range(200)}}
    assert 4096 < len(msgspec.json.encode(large)) < 15_000
    async with connect() as client:
        ready = await client.identify(alice.token, client_state={"guild_versions": "-" * 10_000})
        await client.send(37, large)
        assert ids(await ask(client, guild_id=str(guild_id), query="", limit=0)) == {alice.id}
        seq = client.seq
    async with connect() as client:
        await client.identify(bot.token)
        await client.send(37, large)
        assert await client.wait_closed() == 4002
    async with connect() as client:
        await client.send(2, {"token": bot.token, "intents": 1, "x": "-" * 5000})
        assert await client.wait_closed() == 4002
    async with connect() as lost:
        ready = await lost.identify(alice.token)
        seq = lost.seq
        lost.cut()
    async with connect() as client:
        await client.resume(alice.token, ready["session_id"], seq)
        await client.wait_for("RESUMED")
        await client.send(37, large)
        assert ids(await ask(client, guild_id=str(guild_id), query="", limit=0)) == {alice.id}


@pytest.mark.parametrize(("limit", "is_asked_by_name"), [(0, False), (1, False), (10, False), (1, True)])
async def test_members_without_the_intent_are_found_by_name_alone(
    writer: StoreWriter, connect: Connect, limit: int, is_asked_by_name: bool
) -> None:
    alice = await writer.person("alice")
    bot = await writer.bot(alice)
    guild_id = await writer.guild(alice, bot)
    query = "alice" if is_asked_by_name else ""
    async with connect() as client:
        await client.identify(bot.token, intents=int(Intent.GUILDS))
        found = ids(await ask(client, guild_id=str(guild_id), query=query, limit=limit))
        assert found == ({alice.id} if is_asked_by_name else set())
        assert ids(await ask(client, guild_id=str(guild_id), user_ids=[str(alice.id)], limit=limit)) == {alice.id}
    async with connect() as client:
        await client.identify(bot.token)
        found = ids(await ask(client, guild_id=str(guild_id), query=query, limit=limit))
        assert len(found) == (min(limit, 2) or 2)
