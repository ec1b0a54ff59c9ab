"""The list of chats: its order, what is unread in each, and whose it is."""

from typing import Any

import pytest

from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene, error_code


@pytest.fixture
async def scene(api: ApiUnderTest) -> Scene:
    return await Scene.build(api)


async def send(actor: Actor, channel_id: str, content: str = "hello") -> str:
    answer = await actor.post(f"/channels/{channel_id}/messages", {"content": content})
    assert answer.status_code == 200, answer.text
    message_id: str = answer.json()["id"]
    return message_id


async def make_channel(scene: Scene, **fields: Any) -> str:
    made = await scene.owner.post(f"{scene.path}/channels", {"name": "second", **fields})
    channel_id: str = made.json()["id"]
    return channel_id


async def chats(actor: Actor, query: str = "") -> list[dict[str, Any]]:
    answer = await actor.get(f"/users/{actor.id}/chats{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


async def test_chats_are_listed_by_their_newest_messages_with_what_is_unread(scene: Scene) -> None:
    bob = await scene.join()
    second = await make_channel(scene)
    direct = (await scene.owner.post("/users/@me/channels", {"recipient_id": bob.id})).json()["id"]
    first = await send(scene.owner, second, f"<@{bob.id}>")
    await bob.post(f"/channels/{second}/messages/{first}/ack")
    for content in ("@everyone", "unread", "the newest"):
        newest = await send(scene.owner, second, content)
    await send(scene.owner, direct, "you there?")
    shown = {chat["channel"]["id"]: chat for chat in await chats(bob)}
    assert list(shown)[:2] == [direct, second]
    guilds, directs = shown[second], shown[direct]
    assert (guilds["last_read_id"], guilds["unread_count"], guilds["mention_count"]) == (first, 3, 1)
    assert guilds["last_message"] == (await bob.get(f"/channels/{second}/messages/{newest}")).json()
    assert guilds["channel"]["last_message_id"] == newest
    assert (directs["unread_count"], directs["mention_count"]) == (1, 1)
    assert [user["id"] for user in directs["channel"]["recipients"]] == [scene.owner.id]


async def test_own_messages_are_not_unread(api: ApiUnderTest, scene: Scene) -> None:
    own = await send(scene.owner, await make_channel(scene))
    await api.built.own_places.write()
    newest = (await chats(scene.owner))[0]
    assert (newest["last_read_id"], newest["unread_count"]) == (own, 0)


async def test_own_message_is_read_before_its_place_is_written(api: ApiUnderTest, scene: Scene) -> None:
    second = await make_channel(scene)
    await api.built.own_places.write()  # begins to follow the logs; nothing is written in time afterwards
    bob = await scene.join()
    await send(bob, second, f"<@{scene.owner.id}>")
    own = await send(scene.owner, second)
    newest = (await chats(scene.owner))[0]
    assert (newest["last_read_id"], newest["unread_count"], newest["mention_count"]) == (own, 0, 0)


async def test_nothing_is_unread_from_before_one_joined(scene: Scene) -> None:
    second = await make_channel(scene)
    await send(scene.owner, second)
    bob = await scene.join()
    await send(scene.owner, second)
    (chat,) = [chat for chat in await chats(bob) if chat["channel"]["id"] == second]
    assert chat["unread_count"] == 1


async def test_deleted_message_is_neither_the_last_nor_unread(scene: Scene) -> None:
    bob = await scene.join()
    second = await make_channel(scene)
    kept, gone = [await send(scene.owner, second) for _ in range(2)]
    await scene.owner.delete(f"/channels/{second}/messages/{gone}")
    chat = (await chats(bob))[0]
    assert (chat["last_message"]["id"], chat["unread_count"]) == (kept, 1)


async def test_pages_go_on_behind_the_newest_message_of_the_last_chat(scene: Scene) -> None:
    ids = [await send(scene.owner, await make_channel(scene)) for _ in range(3)]
    (first,) = await chats(scene.owner, "?limit=1")
    assert first["last_message"]["id"] == ids[2]
    rest = await chats(scene.owner, f"?before={ids[2]}")
    assert [chat["last_message"]["id"] for chat in rest] == [ids[1], ids[0]]


async def test_hidden_channels_and_histories_are_not_shown(scene: Scene) -> None:
    bob = await scene.join()
    hidden = await make_channel(
        scene, permission_overwrites=[{"id": scene.id, "type": 0, "deny": "1024", "allow": "0"}]
    )
    mute = await make_channel(
        scene, permission_overwrites=[{"id": scene.id, "type": 0, "deny": str(1 << 16), "allow": "0"}]
    )
    for channel_id in (hidden, mute):
        await send(scene.owner, channel_id, "secret")
    shown = {chat["channel"]["id"]: chat for chat in await chats(bob)}
    assert hidden not in shown
    assert (shown[mute]["last_message"], shown[mute]["unread_count"]) == (None, 0)


async def test_chats_are_ones_own_alone(api: ApiUnderTest, scene: Scene) -> None:
    bob = await scene.join()
    assert error_code(await bob.get(f"/users/{scene.owner.id}/chats")) == (403, 50001)
    bot = await api.make_bot(scene.owner)
    assert error_code(await bot.get(f"/users/{bot.id}/chats")) == (403, 20001)
