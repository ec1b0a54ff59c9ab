"""Messages whose time is over go, with their files, and are told; pinned ones stay."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from core.runtime.settings.settings import InstanceSettings
from tests.fakes.clock import FakeClock
from tests.integration.api.conftest import OpenApi
from tests.integration.api.files.test_attachments import count_files, send
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.stores.stored_guild import StoredGuild, store_guild

DAY_S = 24 * 60 * 60
DELETIONS = ("MESSAGE_DELETE", "MESSAGE_DELETE_BULK")


class Scene(NamedTuple):
    """A server that keeps messages for thirty days."""

    api: ApiUnderTest
    clock: FakeClock
    alice: Actor
    place: StoredGuild

    async def say(self, count: int, path: str | None = None) -> list[str]:
        answers = [
            await self.alice.post(path or self.place.messages, {"content": str(number)}) for number in range(count)
        ]
        return [answer.json()["id"] for answer in answers]

    async def read(self, path: str | None = None) -> set[str]:
        answer = await self.alice.get(f"{path or self.place.messages}?limit=100")
        return {message["id"] for message in answer.json()}


@pytest.fixture
async def scene(open_api: OpenApi) -> AsyncIterator[Scene]:
    clock = FakeClock()
    async with open_api(clock=clock, instance=InstanceSettings(message_days=30)) as api:
        alice = await api.register()
        yield Scene(api, clock, alice, await store_guild(api, alice))


async def test_old_messages_go_in_steps_and_are_told(scene: Scene) -> None:
    api, place = scene.api, scene.place
    old = await scene.say(103)
    scene.clock.advance(20 * DAY_S)
    young = await scene.say(2)
    assert await api.built.message_purge.purge() == 0
    scene.clock.advance(11 * DAY_S)
    assert await api.built.message_purge.purge() == 103
    assert await scene.read() == set(young)
    told = api.payloads("MESSAGE_DELETE_BULK")
    assert [len(each["ids"]) for each in told] == [100, 3]
    assert [id_ for each in told for id_ in each["ids"]] == old
    assert {(each["channel_id"], each["guild_id"]) for each in told} == {(str(place.channel_id), str(place.guild_id))}
    assert await api.built.message_purge.purge() == 0


async def test_pinned_messages_stay_until_they_are_unpinned(scene: Scene) -> None:
    first, pinned, last = await scene.say(3)
    pin = f"/channels/{scene.place.channel_id}/messages/pins/{pinned}"
    assert (await scene.alice.put(pin)).status_code == 204
    scene.clock.advance(31 * DAY_S)
    purge = scene.api.built.message_purge
    assert await purge.purge() == 3
    assert scene.api.payloads("MESSAGE_DELETE_BULK")[0]["ids"][:2] == [first, last], "and the note of the pin"
    assert pinned in await scene.read()
    assert (await scene.alice.delete(pin)).status_code == 204
    assert sum([await purge.purge() for _ in range(24)]) == 1, "the turn of a day that looks at everything"
    assert pinned not in await scene.read()
    assert [each["id"] for each in scene.api.payloads("MESSAGE_DELETE")] == [pinned]


async def test_files_go_with_their_messages(scene: Scene) -> None:
    await send(scene.alice, scene.place, ("a.txt", b"1"))
    scene.clock.advance(31 * DAY_S)
    assert await scene.api.built.message_purge.purge() == 1
    await scene.api.built.file_sweep.sweep()
    assert await count_files(scene.api) == 0


async def test_direct_messages_go_and_both_are_told(scene: Scene) -> None:
    bob = await scene.api.register()
    await scene.api.befriend(scene.alice, bob)
    channel = (await scene.alice.post("/users/@me/channels", {"recipient_id": bob.id})).json()
    path = f"/channels/{channel['id']}/messages"
    sent = await scene.say(2, path)
    scene.clock.advance(31 * DAY_S)
    assert await scene.api.built.message_purge.purge() == 2
    assert await scene.read(path) == set()
    for person in (scene.alice, bob):
        told = [payload for name, payload in scene.api.events_of(person.id) if name in DELETIONS]
        assert [each["id"] for each in told] == sent


async def test_messages_of_channels_that_are_gone_go_untold(scene: Scene) -> None:
    other = await scene.place.add_channel(name="other")
    await scene.say(2, f"/channels/{other}/messages")
    assert (await scene.alice.delete(f"/channels/{other}")).status_code == 200
    scene.clock.advance(31 * DAY_S)
    assert await scene.api.built.message_purge.purge() == 2
    assert scene.api.events(*DELETIONS) == []
    assert await scene.api.store.messages.list_page(other) == []


async def test_purge_is_run_with_the_setting_alone(scene: Scene, open_api: OpenApi) -> None:
    assert scene.api.built.message_purge.is_on
    async with open_api() as api:
        assert not api.built.message_purge.is_on
