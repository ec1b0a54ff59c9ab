"""Direct channels of two users, and typing."""

import asyncio

from core.domain.channels.channel import ChannelType
from core.domain.events import Audience
from core.domain.guilds.permissions import Permission
from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import error_code
from tests.support.stores.stored_guild import store_bot, store_guild


async def test_direct_channel_is_made_once_and_told_to_whoever_opens_it(api: ApiUnderTest) -> None:
    alice, bob = await api.register("alice"), await api.register("bob")
    opened = await alice.post("/users/@me/channels", {"recipient_id": bob.id})
    assert opened.status_code == 200
    assert [user["username"] for user in opened.json()["recipients"]] == ["bob"]
    assert (await bob.get("/users/@me/channels")).json() == []
    by_bob = await bob.post("/users/@me/channels", {"recipients": [alice.id]})
    assert by_bob.json()["id"] == opened.json()["id"]
    assert [user["username"] for user in by_bob.json()["recipients"]] == ["alice"]
    created = {envelope.user_id: envelope for envelope in api.events("CHANNEL_CREATE")}
    assert set(created) == {int(alice.id), int(bob.id)}
    assert {envelope.audience for envelope in created.values()} == {Audience.USER}
    assert [payload["recipients"][0]["username"] for payload in api.payloads("CHANNEL_CREATE")] == ["bob", "alice"]


async def test_direct_channel_opened_at_once_from_both_sides_is_one(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    answers = await asyncio.gather(
        *(alice.post("/users/@me/channels", {"recipient_id": bob.id}) for _ in range(5)),
        *(bob.post("/users/@me/channels", {"recipient_id": alice.id}) for _ in range(5)),
    )
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(api.events("CHANNEL_CREATE")) == 2


async def test_direct_channel_wrong_recipients_are_refused(api: ApiUnderTest) -> None:
    alice, bob, carol = await api.register(), await api.register(), await api.register()
    robot, other = await store_bot(api), await store_bot(api, "other")
    for body in ({}, {"recipient_id": None}, {"recipient_id": alice.id}, {"recipient_id": "5"}, {"recipients": []}):
        answer = await alice.post("/users/@me/channels", body)
        assert (answer.status_code, answer.json()["code"]) == (400, 50033)
    assert error_code(await alice.post("/users/@me/channels", {"recipients": [bob.id, carol.id]})) == (400, 50033)
    assert (await alice.post("/users/@me/channels", {"recipient_id": "x"})).json()["code"] == 50035
    answer = await robot.post("/users/@me/channels", {"recipient_id": other.id})
    assert (answer.status_code, answer.json()["code"]) == (403, 50007)


async def test_direct_message_goes_to_both_and_shows_in_the_list(api: ApiUnderTest) -> None:
    alice, robot, mallory = await api.register(), await store_bot(api), await api.register()
    await store_guild(api, alice, robot)
    channel = (await robot.post("/users/@me/channels", {"recipient_id": alice.id})).json()
    assert channel["last_message_id"] is None
    path = f"/channels/{channel['id']}/messages"
    body = {"content": f"<@{alice.id}> <@{mallory.id}> @everyone"}
    sent = (await robot.post(path, body)).json()
    assert [user["id"] for user in sent["mentions"]] == [alice.id]
    assert sent["mention_everyone"] is False
    envelopes = api.events("MESSAGE_CREATE")
    assert {envelope.user_id for envelope in envelopes} == {int(alice.id), int(robot.id)}
    assert {envelope.id for envelope in envelopes} == {int(sent["id"])}
    assert {envelope.author_id for envelope in envelopes} == {int(robot.id)}
    for payload in api.payloads("MESSAGE_CREATE"):
        assert payload == sent
    [listed] = (await alice.get("/users/@me/channels")).json()
    assert (listed["id"], listed["last_message_id"]) == (channel["id"], sent["id"])
    assert (await robot.get("/users/@me/channels")).json() == []
    assert [message["id"] for message in (await alice.get(path)).json()] == [sent["id"]]
    for answer in (await mallory.get(path), await mallory.post(path, {"content": "x"})):
        assert (answer.status_code, answer.json()["code"]) == (403, 50001)


async def test_direct_message_of_the_other_can_neither_be_changed_nor_deleted(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    await api.befriend(alice, bob)
    channel = (await alice.post("/users/@me/channels", {"recipient_id": bob.id})).json()
    path = f"/channels/{channel['id']}/messages"
    sent = (await alice.post(path, {"content": "x"})).json()
    assert (await bob.patch(f"{path}/{sent['id']}", {"flags": 4})).json()["code"] == 50005
    assert (await bob.delete(f"{path}/{sent['id']}")).json()["code"] == 50003
    assert (await bob.post(path + "/bulk-delete", {"messages": [sent["id"], "5"]})).json()["code"] == 50003
    assert (await alice.patch(f"{path}/{sent['id']}", {"content": "y"})).status_code == 200
    assert (await alice.delete(f"{path}/{sent['id']}")).status_code == 204
    assert api.payloads("MESSAGE_DELETE") == [{"id": sent["id"], "channel_id": channel["id"]}] * 2
    assert len(api.events("MESSAGE_UPDATE")) == 2


async def test_typing_is_told_once_in_two_seconds(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    path = f"/channels/{place.channel_id}/typing"
    for _ in range(3):
        assert (await alice.post(path)).status_code == 204
    assert (await bob.post(path)).status_code == 204
    [event, by_bob] = api.payloads("TYPING_START")
    assert (event["channel_id"], event["guild_id"], event["user_id"]) == (
        str(place.channel_id),
        str(place.guild_id),
        alice.id,
    )
    assert event["member"]["user"]["id"] == alice.id
    assert isinstance(event["timestamp"], int)
    assert by_bob["user_id"] == bob.id
    assert {delivery.position for delivery in api.deliveries if delivery.envelope.event == "TYPING_START"} == {0}


async def test_typing_needs_the_right_to_send(api: ApiUnderTest) -> None:
    alice, bob, mallory = await api.register(), await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    await place.overwrite(bob, deny=Permission.SEND_MESSAGES)
    path = f"/channels/{place.channel_id}/typing"
    assert (await bob.post(path)).json()["code"] == 50013
    assert (await mallory.post(path)).json()["code"] == 50001
    category = await place.add_channel(type=ChannelType.CATEGORY)
    assert (await alice.post(f"/channels/{category}/typing")).status_code == 400
    assert api.events("TYPING_START") == []


async def test_typing_in_direct_messages_goes_to_both_without_a_member(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    await api.befriend(alice, bob)
    channel = (await alice.post("/users/@me/channels", {"recipient_id": bob.id})).json()
    assert (await alice.post(f"/channels/{channel['id']}/typing")).status_code == 204
    assert {envelope.user_id for envelope in api.events("TYPING_START")} == {int(alice.id), int(bob.id)}
    for payload in api.payloads("TYPING_START"):
        assert payload == {"channel_id": channel["id"], "user_id": alice.id, "timestamp": payload["timestamp"]}
