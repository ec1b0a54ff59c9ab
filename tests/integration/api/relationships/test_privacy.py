"""What people's settings say about strangers: who may write to them, and who may ask to be a friend."""

from typing import Any

import pytest

from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene, error_code

MINE = "/users/@me/relationships"
INCOMING, FRIEND = 3, 1


async def set_up(person: Actor, **settings: Any) -> None:
    answer = await person.patch("/users/@me/settings", settings)
    assert answer.status_code == 200, answer.text


async def direct(one: Actor, other: Actor) -> str:
    opened = await one.post("/users/@me/channels", {"recipients": [other.id]})
    assert opened.status_code == 200, opened.text
    return f"/channels/{opened.json()['id']}/messages"


async def send(one: Actor, other: Actor) -> tuple[int, int]:
    """Write to somebody. Return status and error code, 0 for none."""
    answer = await one.post(await direct(one, other), {"content": "x"})
    return answer.status_code, answer.json().get("code", 0)


SENT, REFUSED = (200, 0), (403, 50007)


async def test_members_of_a_restricted_guild_write_to_nobody_who_restricts_it(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    alice, bob = await scene.join(), await scene.join()
    assert await send(bob, alice) == SENT
    await set_up(alice, restricted_guilds=[scene.id])
    assert await send(bob, alice) == REFUSED
    assert await send(scene.owner, alice) == REFUSED
    assert await send(alice, bob) == SENT
    await set_up(alice, restricted_guilds=[])
    assert await send(bob, alice) == SENT


async def test_no_file_is_announced_where_no_message_may_go(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    alice, bob = await scene.join(), await scene.join()
    path = (await direct(bob, alice)).replace("/messages", "/attachments")
    body = {"files": [{"filename": "a.txt", "file_size": 1}]}
    assert (await bob.post(path, body)).status_code == 200
    await set_up(alice, restricted_guilds=[scene.id])
    assert error_code(await bob.post(path, body)) == REFUSED


async def test_another_common_guild_lets_messages_through(api: ApiUnderTest) -> None:
    first, second = await Scene.build(api), await Scene.build(api)
    alice, bob = await first.join(), await first.join()
    await set_up(alice, restricted_guilds=[first.id])
    assert await send(bob, alice) == REFUSED
    for person in (alice, bob):
        await second.bring_in(person)
    assert await send(bob, alice) == SENT
    await set_up(alice, restricted_guilds=[first.id, second.id])
    assert await send(bob, alice) == REFUSED


async def test_friends_and_the_other_direction_are_not_restricted(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    alice, bob = await scene.join(), await scene.join()
    await set_up(alice, restricted_guilds=[scene.id])
    await api.befriend(alice, bob)
    assert await send(bob, alice) == SENT


async def test_bots_are_restricted_as_people(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bot = await api.make_bot(scene.owner)
    await api.let_in(scene.owner, bot, scene.id)
    alice = await scene.join()
    assert await send(bot, alice) == SENT
    await set_up(alice, restricted_guilds=[scene.id])
    assert await send(bot, alice) == REFUSED
    assert await send(alice, bot) == SENT


@pytest.mark.parametrize("method", ["edit", "typing", "reaction", "pin"])
async def test_what_is_done_in_the_channel_is_refused_like_a_send(api: ApiUnderTest, method: str) -> None:
    scene = await Scene.build(api)
    alice, bob = await scene.join(), await scene.join()
    path = await direct(bob, alice)
    message = (await bob.post(path, {"content": "x"})).json()["id"]
    await set_up(alice, restricted_guilds=[scene.id])
    if method == "edit":
        answer = await bob.patch(f"{path}/{message}", {"content": "y"})
    elif method == "typing":
        answer = await bob.post(path.replace("messages", "typing"))
    elif method == "pin":
        answer = await bob.put(f"{path}/pins/{message}")
        assert len((await alice.get(path)).json()) == 1
    else:
        answer = await bob.put(f"{path}/{message}/reactions/%F0%9F%91%8D/@me")
    assert error_code(answer) == REFUSED


async def ask(one: Actor, other: Actor) -> int:
    """Ask for friendship, by name and by id. Return the error code, 0 for none."""
    name = (await other.get("/users/@me")).json()["username"]
    by_name = await one.post(MINE, {"username": name, "discriminator": None})
    by_id = await one.put(f"{MINE}/{other.id}", {})
    codes = {0 if answer.status_code == 204 else answer.json()["code"] for answer in (by_name, by_id)}
    assert len(codes) == 1, (by_name.text, by_id.text)
    return int(codes.pop())


async def test_requests_of_strangers_are_refused_by_who_takes_none(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    await set_up(alice, friend_source_flags={"all": False, "mutual_friends": True, "mutual_guilds": True})
    assert await ask(bob, alice) == 80000
    assert (await alice.get(MINE)).json() == (await bob.get(MINE)).json() == []
    await set_up(alice, friend_source_flags={"all": True})
    assert await ask(bob, alice) == 0


async def test_request_through_a_mutual_friend_needs_its_flag(api: ApiUnderTest) -> None:
    alice, bob, carol = await api.register(), await api.register(), await api.register()
    await api.befriend(carol, alice, bob)
    await set_up(alice, friend_source_flags={"mutual_guilds": True})
    assert await ask(bob, alice) == 80000
    await set_up(alice, friend_source_flags={"mutual_friends": True})
    assert await ask(bob, alice) == 0


async def test_request_through_a_mutual_guild_needs_its_flag(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    alice, bob = await scene.join(), await scene.join()
    await set_up(alice, friend_source_flags={"mutual_friends": True})
    assert await ask(bob, alice) == 80000
    await set_up(alice, friend_source_flags={"mutual_guilds": True})
    assert await ask(bob, alice) == 0


async def test_who_takes_no_requests_still_asks_and_is_accepted(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    await set_up(alice, friend_source_flags={})
    assert (await alice.put(f"{MINE}/{bob.id}", {})).status_code == 204
    assert (await bob.put(f"{MINE}/{alice.id}", {})).status_code == 204
    assert [side["type"] for side in (await alice.get(MINE)).json()] == [FRIEND]


async def test_request_that_waits_stays_when_sources_are_closed(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    assert await ask(bob, alice) == 0
    await set_up(alice, friend_source_flags={})
    assert await ask(bob, alice) == 0
    assert [side["type"] for side in (await alice.get(MINE)).json()] == [INCOMING]
