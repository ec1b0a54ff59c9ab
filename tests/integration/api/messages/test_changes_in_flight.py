"""Edits, deletions and reactions of somebody who loses the right to them between the check and the change."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.fakes.gated_store import GatedStore
from tests.integration.api.conftest import OpenApi
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene

_VIEW_CHANNEL = 1 << 10
_MANAGE_MESSAGES = 1 << 13


class Ground:
    """A guild with a message of its owner and two of Bob's, who may manage messages."""

    def __init__(self, api: ApiUnderTest, gated: GatedStore, scene: Scene, bob: Actor) -> None:
        self.api = api
        self.gated = gated
        self.scene = scene
        self.bob = bob

    async def begin(self) -> None:
        self.role = await self.scene.add_role(self.bob, permissions=_MANAGE_MESSAGES)
        self.path = f"/channels/{self.scene.general}/messages"
        self.owners = (await self.scene.owner.post(self.path, {"content": "owner's"})).json()["id"]
        self.bobs = [(await self.bob.post(self.path, {"content": "bob's"})).json()["id"] for _ in range(2)]
        done = await self.scene.owner.put(f"{self.path}/{self.owners}/reactions/👍/@me")
        assert done.status_code == 204

    async def look(self) -> list[Any]:
        """Return the messages without what says who asks."""
        shown = (await self.scene.owner.get(self.path)).json()
        return [message for message in shown if message["type"] == 0]

    async def try_while(self, act: Callable[["Ground"], Awaitable[Any]], held: str, change: Any) -> int:
        """Return the status of what Bob does, during which something changes. Nothing is done when it is refused."""
        before = await self.look()
        gate = self.gated.hold(held)
        acting = asyncio.ensure_future(act(self))
        await gate.reached.wait()
        await change(self)
        gate.open()
        status: int = (await acting).status_code
        assert (await self.look() == before) == (status >= 400)
        return status


@pytest.fixture
async def ground(open_api: OpenApi) -> AsyncIterator[Ground]:
    """The guild, and a store whose reads can be held up."""
    wrapped: list[GatedStore] = []

    def wrap(store: object) -> GatedStore:
        wrapped.append(GatedStore(store))
        return wrapped[0]

    async with open_api(wrap=wrap) as api:
        scene = await Scene.build(api)
        ground = Ground(api, wrapped[0], scene, await scene.join())
        await ground.begin()
        yield ground


async def _edit(ground: Ground) -> Any:
    return await ground.bob.patch(f"{ground.path}/{ground.bobs[0]}", {"content": "edited"})


async def _suppress(ground: Ground) -> Any:
    return await ground.bob.patch(f"{ground.path}/{ground.owners}", {"flags": 4})


async def _delete(ground: Ground) -> Any:
    return await ground.bob.delete(f"{ground.path}/{ground.owners}")


async def _delete_many(ground: Ground) -> Any:
    return await ground.bob.post(f"{ground.path}/bulk-delete", {"messages": ground.bobs})


async def _react(ground: Ground) -> Any:
    return await ground.bob.put(f"{ground.path}/{ground.owners}/reactions/👍/@me")


async def _remove_reaction(ground: Ground) -> Any:
    return await ground.bob.delete(f"{ground.path}/{ground.owners}/reactions/👍/{ground.scene.owner.id}")


async def _remove_reactions(ground: Ground) -> Any:
    return await ground.bob.delete(f"{ground.path}/{ground.owners}/reactions/👍")


async def _done(answer: Awaitable[Any]) -> None:
    assert (await answer).status_code in {200, 204}


async def _role_is_taken(ground: Ground) -> None:
    await _done(ground.scene.owner.delete(f"{ground.scene.path}/members/{ground.bob.id}/roles/{ground.role}"))


async def _kicked(ground: Ground) -> None:
    await _done(ground.scene.owner.delete(f"{ground.scene.path}/members/{ground.bob.id}"))


async def _channel_is_hidden(ground: Ground) -> None:
    overwrite = {"type": 0, "deny": str(_VIEW_CHANNEL)}
    await _done(ground.scene.owner.put(f"/channels/{ground.scene.general}/permissions/{ground.scene.id}", overwrite))


async def _blocked(ground: Ground) -> None:
    await _done(ground.scene.owner.put(f"/users/@me/relationships/{ground.bob.id}", {"type": 2}))


async def _renamed(ground: Ground) -> None:
    await _done(ground.scene.owner.patch(ground.scene.path, {"name": "Other gardeners"}))


_ACTS = {
    _edit: "messages.find",
    _suppress: "messages.find",
    _delete: "messages.find",
    _delete_many: "crossposts.find_published",
    _react: "reactions.count",
    _remove_reaction: "reactions.count",
    _remove_reactions: "reactions.count",
}
"""What Bob does, and the read of the store that is held up meanwhile."""


@pytest.mark.parametrize("change", [_kicked, _channel_is_hidden])
@pytest.mark.parametrize("act", _ACTS)
async def test_change_by_somebody_who_does_not_see_the_channel_any_more_is_refused(
    ground: Ground, act: Any, change: Any
) -> None:
    assert await ground.try_while(act, _ACTS[act], change) == 403


@pytest.mark.parametrize("act", [_suppress, _delete, _delete_many, _remove_reaction, _remove_reactions])
async def test_change_by_a_manager_who_is_none_any_more_is_refused(ground: Ground, act: Any) -> None:
    assert await ground.try_while(act, _ACTS[act], _role_is_taken) == 403


async def test_reaction_to_somebody_who_blocks_meanwhile_is_refused(ground: Ground) -> None:
    assert await ground.try_while(_react, _ACTS[_react], _blocked) == 403


@pytest.mark.parametrize("act", _ACTS)
async def test_change_is_made_when_rights_are_the_same_after_another_check(ground: Ground, act: Any) -> None:
    assert await ground.try_while(act, _ACTS[act], _renamed) in {200, 204}


async def test_reactions_edits_and_typing_in_a_direct_channel_are_refused_after_a_block(ground: Ground) -> None:
    opened = await ground.bob.post("/users/@me/channels", {"recipients": [ground.scene.owner.id]})
    path = f"/channels/{opened.json()['id']}"
    sent = (await ground.bob.post(f"{path}/messages", {"content": "hello"})).json()["id"]
    told = len(ground.api.payloads("TYPING_START"))
    for held, act in (
        ("reactions.count", ground.bob.put(f"{path}/messages/{sent}/reactions/👍/@me")),
        ("messages.find", ground.bob.patch(f"{path}/messages/{sent}", {"content": "edited"})),
    ):
        gate = ground.gated.hold(held)
        acting = asyncio.ensure_future(act)
        await gate.reached.wait()
        await _blocked(ground)
        gate.open()
        assert (await acting).status_code == 403
        await _done(ground.scene.owner.delete(f"/users/@me/relationships/{ground.bob.id}"))
    await _blocked(ground)
    assert (await ground.bob.post(f"{path}/typing")).status_code == 403
    shown = (await ground.scene.owner.get(f"{path}/messages")).json()
    assert [(message["content"], message.get("reactions")) for message in shown] == [("hello", None)]
    assert len(ground.api.payloads("TYPING_START")) == told
