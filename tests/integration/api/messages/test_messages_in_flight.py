"""Messages whose author's rights change between the check and the door."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.domain.guilds.permissions import Permission
from tests.fakes.gated_store import Gate, GatedStore
from tests.integration.api.conftest import OpenApi
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.stores.stored_guild import StoredGuild, store_guild


class Scene:
    """A guild whose member sends replies, each of which reads the store once between the check and the door."""

    def __init__(self, api: ApiUnderTest, gated: GatedStore, place: StoredGuild, owner: Actor, member: Actor) -> None:
        self.api = api
        self.place = place
        self.owner = owner
        self.member = member
        self._gated = gated
        self._answered_id = ""

    async def begin_reply(self) -> tuple["asyncio.Task[int]", Gate]:
        """Send a reply that waits behind a gate, after its author's rights were checked."""
        answered = await self.owner.post(self.place.messages, {"content": "hello"})
        self._answered_id = answered.json()["id"]
        gate = self.hold()
        task = asyncio.create_task(self._reply())
        await gate.reached.wait()
        return task, gate

    def hold(self) -> Gate:
        """Hold up the next check, too."""
        return self._gated.hold("messages.find")

    async def _reply(self) -> int:
        body = {"content": "reply", "message_reference": {"message_id": self._answered_id}}
        return (await self.member.post(self.place.messages, body)).status_code

    async def contents(self) -> list[str]:
        """Return what was sent, newest first."""
        return [message["content"] for message in (await self.owner.get(self.place.messages)).json()]


@pytest.fixture
async def scene(open_api: OpenApi) -> AsyncIterator[Scene]:
    """A guild of two."""
    wrapped: list[GatedStore] = []

    def wrap(store: object) -> GatedStore:
        wrapped.append(GatedStore(store))
        return wrapped[0]

    async with open_api(wrap=wrap) as api:
        owner, member = await api.register(), await api.register()
        yield Scene(api, wrapped[0], await store_guild(api, owner, member), owner, member)


async def test_message_of_a_member_who_is_banned_meanwhile_is_refused(scene: Scene) -> None:
    reply, gate = await scene.begin_reply()
    banned = await scene.owner.put(f"/guilds/{scene.place.guild_id}/bans/{scene.member.id}")
    assert banned.status_code == 204
    gate.open()
    assert await reply == 403
    assert await scene.contents() == ["hello"]


async def test_message_of_a_member_who_is_timed_out_meanwhile_is_refused(scene: Scene) -> None:
    reply, gate = await scene.begin_reply()
    await scene.place.change_member(scene.member, timeout_until_ms=4_000_000_000_000)
    gate.open()
    assert await reply == 403
    assert await scene.contents() == ["hello"]


async def test_message_to_a_channel_that_is_closed_meanwhile_is_refused(scene: Scene) -> None:
    reply, gate = await scene.begin_reply()
    await scene.place.overwrite(scene.member, deny=Permission.SEND_MESSAGES)
    gate.open()
    assert await reply == 403
    assert await scene.contents() == ["hello"]


async def test_message_is_sent_when_its_author_still_may(scene: Scene) -> None:
    reply, gate = await scene.begin_reply()
    await scene.place.overwrite(scene.member, deny=Permission.ADD_REACTIONS)
    gate.open()
    assert await reply == 200
    assert await scene.contents() == ["reply", "hello"]


async def test_message_is_put_off_when_rights_change_all_the_time(scene: Scene) -> None:
    reply, gate = await scene.begin_reply()
    for number in range(10):
        await scene.place.change_channel(name=f"name-{number}")
        following = scene.hold()
        gate.open()
        gate = following
        if number < 9:
            await gate.reached.wait()
    assert await reply == 503
    gate.open()
    assert await scene.contents() == ["hello"]
