"""Direct channels that are closed, and opened by the next message."""

import asyncio

from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import error_code
from tests.support.stores.stored_guild import store_bot, store_guild

MINE = "/users/@me/channels"


async def pair_with_channel(api: ApiUnderTest) -> tuple[Actor, Actor, str]:
    alice, bob = await api.register(), await api.register()
    await api.befriend(alice, bob)
    channel_id = (await alice.post(MINE, {"recipient_id": bob.id})).json()["id"]
    return alice, bob, channel_id


async def listed(actor: Actor) -> list[str]:
    return [channel["id"] for channel in (await actor.get(MINE)).json()]


async def test_first_message_shows_the_channel_to_the_other_before_the_message(api: ApiUnderTest) -> None:
    alice, bob, channel_id = await pair_with_channel(api)
    assert (await listed(alice), await listed(bob)) == ([channel_id], [])
    await alice.post(f"/channels/{channel_id}/messages", {"content": "hello"})
    assert await listed(bob) == [channel_id]
    to_bob = [each.event for each in api.events("CHANNEL_CREATE", "MESSAGE_CREATE") if each.user_id == int(bob.id)]
    assert to_bob == ["CHANNEL_CREATE", "MESSAGE_CREATE"]
    await alice.post(f"/channels/{channel_id}/messages", {"content": "again"})
    assert len([each for each in api.events("CHANNEL_CREATE") if each.user_id == int(bob.id)]) == 1


async def test_closing_is_told_to_the_closer_alone_and_the_next_message_opens(api: ApiUnderTest) -> None:
    alice, bob, channel_id = await pair_with_channel(api)
    sent = (await alice.post(f"/channels/{channel_id}/messages", {"content": "hello"})).json()
    api.deliveries.clear()
    for _ in range(2):
        closed = await bob.delete(f"/channels/{channel_id}")
        assert closed.status_code == 200
        assert (closed.json()["id"], closed.json()["last_message_id"]) == (channel_id, sent["id"])
    assert [each.user_id for each in api.events("CHANNEL_DELETE")] == [int(bob.id)]
    assert (await listed(alice), await listed(bob)) == ([channel_id], [])
    assert [message["id"] for message in (await bob.get(f"/channels/{channel_id}/messages")).json()] == [sent["id"]]
    api.deliveries.clear()
    assert (await alice.post(f"/channels/{channel_id}/messages", {"content": "still there?"})).status_code == 200
    assert [each.user_id for each in api.events("CHANNEL_CREATE")] == [int(bob.id)]
    assert await listed(bob) == [channel_id]


async def test_own_message_opens_a_channel_that_one_has_closed(api: ApiUnderTest) -> None:
    alice, _, channel_id = await pair_with_channel(api)
    await alice.delete(f"/channels/{channel_id}")
    await alice.post(f"/channels/{channel_id}/messages", {"content": "hello"})
    assert await listed(alice) == [channel_id]


async def test_opening_again_gives_the_same_channel_back(api: ApiUnderTest) -> None:
    alice, bob, channel_id = await pair_with_channel(api)
    await alice.delete(f"/channels/{channel_id}")
    api.deliveries.clear()
    assert (await alice.post(MINE, {"recipients": [bob.id]})).json()["id"] == channel_id
    assert [each.user_id for each in api.events("CHANNEL_CREATE")] == [int(alice.id)]
    assert await listed(alice) == [channel_id]


async def test_message_and_closing_at_once_leave_no_unseen_message(api: ApiUnderTest) -> None:
    alice, bob, channel_id = await pair_with_channel(api)
    await alice.post(f"/channels/{channel_id}/messages", {"content": "first"})
    events = {"CHANNEL_CREATE", "CHANNEL_DELETE", "MESSAGE_CREATE"}
    for _ in range(10):
        await asyncio.gather(
            alice.post(f"/channels/{channel_id}/messages", {"content": "x"}), bob.delete(f"/channels/{channel_id}")
        )
        shown = [each.event for each in api.events() if each.user_id == int(bob.id) and each.event in events]
        # Closed after the message, it had been seen; closed before, the channel was opened for it.
        last_message = len(shown) - 1 - shown[::-1].index("MESSAGE_CREATE")
        is_open = [each for each in shown if each != "MESSAGE_CREATE"][-1] == "CHANNEL_CREATE"
        assert is_open or "CHANNEL_DELETE" in shown[last_message:], shown
        assert await listed(bob) == ([channel_id] if is_open else [])


async def test_strangers_cannot_write_to_each_other_until_they_have_something_in_common(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    channel_id = (await alice.post(MINE, {"recipient_id": bob.id})).json()["id"]
    path = f"/channels/{channel_id}/messages"
    for one in (alice, bob):
        assert error_code(await one.post(path, {"content": "psst"})) == (403, 50007)
        assert error_code(await one.post(f"/channels/{channel_id}/typing")) == (403, 50007)
    assert await listed(bob) == []
    place = await store_guild(api, alice, bob)
    # Rows that were written past the bus are seen by a new server; here the next event does it.
    api.built.memory.forget_all()
    assert (await bob.post(path, {"content": "hello"})).status_code == 200
    assert (await bob.delete(f"/users/@me/guilds/{place.guild_id}")).status_code == 204
    assert error_code(await alice.post(path, {"content": "and now?"})) == (403, 50007)
    await api.befriend(alice, bob)
    assert (await alice.post(path, {"content": "hello again"})).status_code == 200


async def test_bot_writes_to_members_of_its_guilds(api: ApiUnderTest) -> None:
    alice, robot = await api.register(), await store_bot(api)
    channel_id = (await robot.post(MINE, {"recipient_id": alice.id})).json()["id"]
    path = f"/channels/{channel_id}/messages"
    assert error_code(await robot.post(path, {"content": "buy"})) == (403, 50007)
    await store_guild(api, alice, robot)
    api.built.memory.forget_all()
    assert (await robot.post(path, {"content": "welcome"})).status_code == 200


async def test_block_stops_messages_edits_and_typing_both_ways(api: ApiUnderTest) -> None:
    alice, bob, channel_id = await pair_with_channel(api)
    await store_guild(api, alice, bob)
    path = f"/channels/{channel_id}/messages"
    sent = (await alice.post(path, {"content": "hello"})).json()
    assert (await bob.put(f"/users/@me/relationships/{alice.id}", {"type": 2})).status_code == 204
    for one in (alice, bob):
        assert error_code(await one.post(path, {"content": "x"})) == (403, 50007)
        assert error_code(await one.post(f"/channels/{channel_id}/typing")) == (403, 50007)
    assert error_code(await alice.patch(f"{path}/{sent['id']}", {"content": "insult"})) == (403, 50007)
    assert (await alice.delete(f"{path}/{sent['id']}")).status_code == 204
    assert (await bob.delete(f"/users/@me/relationships/{alice.id}")).status_code == 204
    assert (await alice.post(path, {"content": "sorry"})).status_code == 200


async def test_guild_that_is_joined_left_or_deleted_decides_at_once(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    channel_id = (await alice.post(MINE, {"recipient_id": bob.id})).json()["id"]
    path = f"/channels/{channel_id}/messages"

    async def may_write() -> bool:
        answers = {(await one.post(path, {"content": "x"})).status_code for one in (alice, bob)}
        assert len(answers) == 1
        return answers == {200}

    assert not await may_write()
    guild = (await alice.post("/guilds", {"name": "Common"})).json()["id"]
    channels = (await alice.get(f"/guilds/{guild}/channels")).json()
    place = next(channel["id"] for channel in channels if channel["type"] == 0)
    invite = (await alice.post(f"/channels/{place}/invites", {"max_uses": 0})).json()["code"]
    for _ in range(2):
        assert not await may_write()
        assert (await bob.post(f"/invites/{invite}")).status_code == 200
        assert await may_write()
        assert (await alice.delete(f"/guilds/{guild}/members/{bob.id}")).status_code == 204
    assert (await bob.post(f"/invites/{invite}")).status_code == 200
    assert await may_write()
    assert (await alice.delete(f"/guilds/{guild}")).status_code == 204
    assert not await may_write()
