"""Events that are made of stored rows are those that were told when the rows were stored."""

import pytest

from core.domain.events import MESSAGE_CREATE, MESSAGE_DELETE, MESSAGE_DELETE_BULK, MESSAGE_UPDATE
from core.wire.envelope import Envelope
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.stores.stored_guild import StoredGuild, store_guild


@pytest.fixture
async def owner(api: ApiUnderTest) -> Actor:
    return await api.register()


@pytest.fixture
async def member(api: ApiUnderTest) -> Actor:
    return await api.register()


@pytest.fixture
async def place(api: ApiUnderTest, owner: Actor, member: Actor) -> StoredGuild:
    return await store_guild(api, owner, member)


async def send(api: ApiUnderTest, place: StoredGuild, owner: Actor, member: Actor) -> list[Envelope]:
    """Send a reply with a mention and a nonce; return its event."""
    first = (await member.post(place.messages, {"content": "hello"})).json()
    body = {"content": f"<@{member.id}> hi", "nonce": "n", "message_reference": {"message_id": first["id"]}}
    await owner.post(place.messages, body)
    return api.events(MESSAGE_CREATE)[-1:]


async def test_event_of_a_stored_message_is_the_one_that_was_told(
    api: ApiUnderTest, place: StoredGuild, owner: Actor, member: Actor
) -> None:
    told = await send(api, place, owner, member)
    stored = await api.store.messages.find(told[0].channel_id, told[0].id)
    assert stored is not None
    assert list(await api.built.stored_events.created(stored)) == told


async def test_event_of_a_stored_edit_is_the_one_that_was_told(
    api: ApiUnderTest, place: StoredGuild, owner: Actor, member: Actor
) -> None:
    (sent,) = await send(api, place, owner, member)
    await owner.patch(f"{place.messages}/{sent.id}", {"content": "other"})
    told = api.events(MESSAGE_UPDATE)[-1:]
    stored = await api.store.messages.find(sent.channel_id, sent.id)
    assert stored is not None
    assert list(await api.built.stored_events.updated(told[0].id, stored)) == told


async def test_events_of_deletions_are_those_that_were_told(
    api: ApiUnderTest, place: StoredGuild, owner: Actor
) -> None:
    ids = [int((await owner.post(place.messages, {"content": "x"})).json()["id"]) for _ in range(3)]
    await owner.delete(f"{place.messages}/{ids[0]}")
    await owner.post(f"{place.messages}/bulk-delete", {"messages": [str(ids[1]), str(ids[2])]})
    for told, of in ((api.events(MESSAGE_DELETE), ids[:1]), (api.events(MESSAGE_DELETE_BULK), ids[1:])):
        assert list(await api.built.stored_events.deleted(told[0].id, told[0].channel_id, of)) == told


async def test_message_of_a_direct_channel_is_told_to_both(api: ApiUnderTest, owner: Actor, member: Actor) -> None:
    await api.befriend(owner, member)
    channel_id = (await owner.post("/users/@me/channels", {"recipient_id": member.id})).json()["id"]
    await owner.post(f"/channels/{channel_id}/messages", {"content": "x"})
    told = api.events(MESSAGE_CREATE)
    stored = await api.store.messages.find(int(channel_id), told[0].id)
    assert stored is not None
    assert list(await api.built.stored_events.created(stored)) == told
    assert len(told) == 2


async def test_message_of_a_deleted_channel_is_told_to_nobody(
    api: ApiUnderTest, place: StoredGuild, owner: Actor, member: Actor
) -> None:
    (sent,) = await send(api, place, owner, member)
    stored = await api.store.messages.find(sent.channel_id, sent.id)
    assert stored is not None
    await owner.delete(f"/channels/{sent.channel_id}")
    assert await api.built.stored_events.created(stored) == ()
    assert await api.built.stored_events.updated(1, stored) == ()
    assert await api.built.stored_events.deleted(1, stored.channel_id, [stored.id]) == ()
