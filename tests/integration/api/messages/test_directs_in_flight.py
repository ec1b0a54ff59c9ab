"""Direct messages whose author loses the right to send them between the check and the door."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.fakes.gated_store import GatedStore
from tests.integration.api.conftest import OpenApi
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene


class Ground:
    """Two members of one guild, of whom Alice answers Bob: a reply reads the store between the check and the door."""

    def __init__(self, api: ApiUnderTest, gated: GatedStore, scene: Scene, alice: Actor, bob: Actor) -> None:
        self.api = api
        self.scene = scene
        self.alice = alice
        self.bob = bob
        self._gated = gated

    async def reply_while(self, change: Callable[["Ground"], Awaitable[None]]) -> int:
        """Return the status of a reply during which something changes."""
        opened = await self.bob.post("/users/@me/channels", {"recipients": [self.alice.id]})
        path = f"/channels/{opened.json()['id']}/messages"
        answered = (await self.bob.post(path, {"content": "hello"})).json()
        gate = self._gated.hold("messages.find")
        body = {"content": "reply", "message_reference": {"message_id": answered["id"]}}
        reply = asyncio.create_task(self.alice.post(path, body))
        await gate.reached.wait()
        await change(self)
        gate.open()
        status = (await reply).status_code
        contents = [message["content"] for message in (await self.bob.get(path)).json()]
        assert contents == (["reply", "hello"] if status == 200 else ["hello"])
        return status


@pytest.fixture
async def ground(open_api: OpenApi) -> AsyncIterator[Ground]:
    """A guild of three, and a store whose reads can be held up."""
    wrapped: list[GatedStore] = []

    def wrap(store: object) -> GatedStore:
        wrapped.append(GatedStore(store))
        return wrapped[0]

    async with open_api(wrap=wrap) as api:
        scene = await Scene.build(api)
        yield Ground(api, wrapped[0], scene, await scene.join(), await scene.join())


async def _done(answer: Awaitable[object]) -> None:
    assert getattr(await answer, "status_code", 0) in {200, 204}


async def _alice_leaves(ground: Ground) -> None:
    await _done(ground.alice.delete(f"/users/@me/guilds/{ground.scene.id}"))


async def _bob_leaves(ground: Ground) -> None:
    await _done(ground.bob.delete(f"/users/@me/guilds/{ground.scene.id}"))


async def _bob_is_kicked(ground: Ground) -> None:
    await _done(ground.scene.owner.delete(f"/guilds/{ground.scene.id}/members/{ground.bob.id}"))


async def _alice_is_banned(ground: Ground) -> None:
    await _done(ground.scene.owner.put(f"/guilds/{ground.scene.id}/bans/{ground.alice.id}"))


async def _guild_is_deleted(ground: Ground) -> None:
    await _done(ground.scene.owner.delete(f"/guilds/{ground.scene.id}"))


async def _bob_restricts_the_guild(ground: Ground) -> None:
    await _done(ground.bob.patch("/users/@me/settings", {"restricted_guilds": [ground.scene.id]}))


async def _bob_blocks(ground: Ground) -> None:
    await _done(ground.bob.put(f"/users/@me/relationships/{ground.alice.id}", {"type": 2}))


@pytest.mark.parametrize(
    "change",
    [
        _alice_leaves,
        _bob_leaves,
        _bob_is_kicked,
        _alice_is_banned,
        _guild_is_deleted,
        _bob_restricts_the_guild,
        _bob_blocks,
    ],
)
async def test_message_of_somebody_who_loses_the_right_meanwhile_is_refused(
    ground: Ground, change: Callable[[Ground], Awaitable[None]]
) -> None:
    assert await ground.reply_while(change) == 403


async def test_message_of_a_friend_needs_no_guild(ground: Ground) -> None:
    await ground.api.befriend(ground.alice, ground.bob)
    assert await ground.reply_while(_alice_leaves) == 200


async def test_message_of_a_friend_is_refused_when_the_friendship_ends(ground: Ground) -> None:
    await ground.api.befriend(ground.alice, ground.bob)
    await _alice_leaves(ground)

    async def part(ground: Ground) -> None:
        await _done(ground.bob.delete(f"/users/@me/relationships/{ground.alice.id}"))

    assert await ground.reply_while(part) == 403


@pytest.mark.parametrize("change", [_alice_leaves, _bob_is_kicked, _guild_is_deleted])
async def test_message_is_sent_when_another_guild_is_shared(
    ground: Ground, change: Callable[[Ground], Awaitable[None]]
) -> None:
    second = await Scene.build(ground.api)
    for person in (ground.alice, ground.bob):
        await second.bring_in(person)
    assert await ground.reply_while(change) == 200


async def test_message_is_sent_when_somebody_else_leaves(ground: Ground) -> None:
    third = await ground.scene.join()

    async def leave(ground: Ground) -> None:
        await _done(third.delete(f"/users/@me/guilds/{ground.scene.id}"))

    assert await ground.reply_while(leave) == 200
