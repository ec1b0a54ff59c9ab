"""The newest message id of channels comes from memory, and is never an old one."""

import asyncio
from typing import Any

import pytest

from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.stores.stored_guild import StoredGuild, send_all, store_guild


@pytest.fixture
async def alice(api: ApiUnderTest) -> Actor:
    return await api.register("alice")


@pytest.fixture
async def place(api: ApiUnderTest, alice: Actor) -> StoredGuild:
    return await store_guild(api, alice)


@pytest.fixture
def reads(api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The reads of newest message ids that the store was asked for."""
    store_type, asked = type(api.store.messages), []
    last_ids = store_type.last_ids

    async def count(messages: Any, channel_ids: Any) -> dict[int, int]:
        asked.append(channel_ids)
        return await last_ids(messages, channel_ids)

    monkeypatch.setattr(store_type, "last_ids", count)
    return asked


async def shown(reader: Actor, place: StoredGuild) -> list[str | None]:
    """The newest message of the channel, as each route shows it that shows channels of guilds."""
    one = (await reader.get(f"/channels/{place.channel_id}")).json()
    [listed] = (await reader.get(f"/guilds/{place.guild_id}/channels")).json()
    return [one["last_message_id"], listed["last_message_id"]]


async def test_channel_without_messages_is_read_once(alice: Actor, place: StoredGuild, reads: list[Any]) -> None:
    assert await shown(alice, place) == await shown(alice, place) == [None, None]
    assert reads == [[place.channel_id]]


async def test_channel_shows_a_new_message_at_once(alice: Actor, place: StoredGuild, reads: list[Any]) -> None:
    assert await shown(alice, place) == [None, None]
    for text in ("one", "two"):
        [sent] = await send_all(alice, place, [text])
        assert await shown(alice, place) == [sent["id"]] * 2
    await alice.patch(f"{place.messages}/{sent['id']}", {"content": "edited"})
    assert await shown(alice, place) == [sent["id"]] * 2
    assert len(reads) == 1, "each event names the newest message itself"


async def test_channel_shows_the_newest_message_also_when_it_was_deleted(alice: Actor, place: StoredGuild) -> None:
    _, second = await send_all(alice, place, ["one", "two"])
    assert await shown(alice, place) == [second["id"]] * 2
    assert (await alice.delete(f"{place.messages}/{second['id']}")).status_code == 204
    assert await shown(alice, place) == [second["id"]] * 2


async def test_direct_channel_shows_a_new_message_to_both(api: ApiUnderTest, alice: Actor) -> None:
    bob = await api.register("bob")
    await api.befriend(alice, bob)
    channel = (await alice.post("/users/@me/channels", {"recipient_id": bob.id})).json()
    assert channel["last_message_id"] is None
    sent = (await alice.post(f"/channels/{channel['id']}/messages", {"content": "x"})).json()
    for reader in (alice, bob):
        assert (await reader.get(f"/channels/{channel['id']}")).json()["last_message_id"] == sent["id"]
        [listed] = (await reader.get("/users/@me/channels")).json()
        assert listed["last_message_id"] == sent["id"]


async def test_channel_that_is_read_while_messages_come_shows_the_last_one(alice: Actor, place: StoredGuild) -> None:
    async def send() -> str:
        await asyncio.sleep(0)
        return str((await alice.post(place.messages, {"content": "x"})).json()["id"])

    for _ in range(10):
        results = await asyncio.gather(*(send() for _ in range(3)), *(shown(alice, place) for _ in range(3)))
        assert await shown(alice, place) == [max(str(sent) for sent in results[:3])] * 2
