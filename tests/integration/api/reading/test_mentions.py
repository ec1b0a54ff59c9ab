"""The inbox of mentions over REST: what is in it, what is hidden by now, and what was dismissed."""

import pytest

from core.domain.events import Audience
from core.domain.ids import MAX_SNOWFLAKE
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene, error_code

MENTIONS = "/users/@me/mentions"


@pytest.fixture
async def scene(api: ApiUnderTest) -> Scene:
    return await Scene.build(api)


async def send(actor: Actor, channel_id: str, content: str) -> str:
    answer = await actor.post(f"/channels/{channel_id}/messages", {"content": content})
    assert answer.status_code == 200, answer.text
    message_id: str = answer.json()["id"]
    return message_id


async def inbox(actor: Actor, query: str = "") -> list[str]:
    answer = await actor.get(f"{MENTIONS}{query}")
    assert answer.status_code == 200, answer.text
    return [message["id"] for message in answer.json()]


async def make_channel(scene: Scene, name: str = "second") -> str:
    channel_id: str = (await scene.owner.post(f"{scene.path}/channels", {"name": name})).json()["id"]
    return channel_id


async def hide(scene: Scene, channel_id: str, deny: int = 1024) -> None:
    overwrite = {"type": 0, "allow": "0", "deny": str(deny)}
    assert (await scene.owner.put(f"/channels/{channel_id}/permissions/{scene.id}", overwrite)).status_code == 204


async def test_each_way_of_mentioning_is_listed_newest_first(scene: Scene) -> None:
    bob = await scene.join()
    role = await scene.add_role(bob)
    ids = [
        await send(scene.owner, scene.general, content)
        for content in (f"<@{bob.id}>", "nothing", f"<@&{role}>", "@here")
    ]
    own = await send(bob, scene.general, f"<@{bob.id}>")
    named, _, by_role, everyone = ids
    assert await inbox(bob) == [everyone, by_role, named]
    assert await inbox(bob, "?roles=false") == [everyone, named]
    assert await inbox(bob, "?everyone=false&limit=1") == [by_role]
    assert await inbox(bob, f"?before={everyone}") == [by_role, named]
    assert own not in await inbox(bob)


async def test_messages_are_shown_whole(scene: Scene) -> None:
    bob = await scene.join()
    message_id = await send(scene.owner, scene.general, f"look <@{bob.id}>")
    (shown,) = (await bob.get(MENTIONS)).json()
    assert shown == (await bob.get(f"/channels/{scene.general}/messages/{message_id}")).json()


async def test_what_was_acked_stays_listed_and_what_was_deleted_does_not(scene: Scene) -> None:
    bob = await scene.join()
    first, second = [await send(scene.owner, scene.general, f"<@{bob.id}>") for _ in range(2)]
    await bob.post(f"/channels/{scene.general}/messages/{second}/ack")
    await scene.owner.delete(f"/channels/{scene.general}/messages/{second}")
    assert await inbox(bob) == [first]


@pytest.mark.parametrize("permission", [1 << 10, 1 << 16], ids=["view", "history"])
async def test_nothing_is_listed_that_may_not_be_read_any_more(scene: Scene, permission: int) -> None:
    bob = await scene.join()
    hidden = await make_channel(scene)
    seen = await send(scene.owner, scene.general, f"<@{bob.id}>")
    for _ in range(3):
        await send(scene.owner, hidden, f"<@{bob.id}>")
    assert len(await inbox(bob)) == 4
    await hide(scene, hidden, permission)
    assert await inbox(bob) == [seen]
    assert await inbox(bob, "?limit=1") == [seen], "a page goes on behind what is hidden"


async def test_mentions_of_a_guild_are_listed_alone(api: ApiUnderTest, scene: Scene) -> None:
    bob, other = await scene.join(), await Scene.build(api)
    await other.bring_in(bob)
    here = await send(scene.owner, scene.general, f"<@{bob.id}>")
    there = await send(other.owner, other.general, f"<@{bob.id}>")
    assert await inbox(bob) == [there, here]
    assert await inbox(bob, f"?guild_id={scene.id}") == [here]
    await bob.delete(f"/users/@me/guilds/{scene.id}")
    assert await inbox(bob) == [there]


async def test_dismissed_mention_is_gone_and_told_once_to_the_person(api: ApiUnderTest, scene: Scene) -> None:
    bob, carol = await scene.join(), await scene.join()
    message_id = await send(scene.owner, scene.general, "@everyone")
    for _ in range(2):
        assert (await bob.delete(f"{MENTIONS}/{message_id}")).status_code == 204
    assert await inbox(bob) == []
    assert await inbox(carol) == [message_id]
    (envelope,) = api.events("RECENT_MENTION_DELETE")
    assert (envelope.audience, str(envelope.user_id)) == (Audience.USER, bob.id)
    assert api.payloads("RECENT_MENTION_DELETE") == [{"message_id": message_id}]


@pytest.mark.parametrize("message_id", [0, 12345, MAX_SNOWFLAKE])
async def test_what_is_no_mention_cannot_be_dismissed(api: ApiUnderTest, scene: Scene, message_id: int) -> None:
    bob = await scene.join()
    await send(scene.owner, scene.general, f"<@{bob.id}>")
    assert (await bob.delete(f"{MENTIONS}/{message_id}")).status_code == 204
    assert api.events("RECENT_MENTION_DELETE") == []
    assert len(await inbox(bob)) == 1


async def test_bots_have_no_inbox(api: ApiUnderTest, scene: Scene) -> None:
    bot = await api.make_bot(scene.owner)
    assert error_code(await bot.get(MENTIONS)) == (403, 20001)
    assert error_code(await bot.delete(f"{MENTIONS}/1")) == (403, 20001)
