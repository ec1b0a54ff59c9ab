"""A nonce makes one message: with repeats at once, later, over the socket, and after a restart."""

import asyncio
from typing import Any

import msgspec

from core.domain.guilds.permissions import Permission
from core.runtime.settings.settings import LimitSettings
from core.wire.socket_message import RefusedMessage, SentMessage
from tests.integration.api.conftest import OpenApi
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.stores.stored_guild import StoredGuild, store_guild

DEFAULT_LIMITS = LimitSettings(loopback_registrations_per_minute=1000)


async def send_over_socket(
    api: ApiUnderTest, sender: Actor, place: StoredGuild, body: dict[str, Any]
) -> dict[str, Any]:
    sent = await api.built.messages.send_from_gateway(int(sender.id), place.channel_id, msgspec.json.encode(body))
    assert isinstance(sent, SentMessage), sent
    return msgspec.json.decode(sent.payload)


async def test_nonce_twenty_times_at_once_makes_one_message_and_equal_answers(open_api: OpenApi) -> None:
    async with open_api(limits=DEFAULT_LIMITS) as api:
        alice = await api.register()
        place = await store_guild(api, alice)
        body = {"content": "once", "nonce": "n1"}
        over_http = [alice.post(place.messages, body) for _ in range(10)]
        over_socket = [send_over_socket(api, alice, place, body) for _ in range(10)]
        answers = await asyncio.gather(*over_http)
        dispatches = await asyncio.gather(*over_socket)
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        first = answers[0].json()
        for dispatch in dispatches:
            assert {name: dispatch[name] for name in first} == first
        assert len(api.events("MESSAGE_CREATE")) == 1


async def test_nonce_late_repeat_passes_used_up_limits(open_api: OpenApi) -> None:
    limits = LimitSettings(channel_messages=1, loopback_registrations_per_minute=1000)
    async with open_api(limits=limits) as api:
        alice = await api.register()
        place = await store_guild(api, alice)
        first = await alice.post(place.messages, {"content": "x", "nonce": "n"})
        assert (await alice.post(place.messages, {"content": "y", "nonce": "other"})).status_code == 429
        again = await alice.post(place.messages, {"content": "x", "nonce": "n"})
        assert again.content == first.content
        assert len(api.events("MESSAGE_CREATE")) == 1


async def test_nonce_number_and_text_are_one_and_keep_the_first_type(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    first = (await alice.post(place.messages, {"content": "x", "nonce": 7})).json()
    again = (await alice.post(place.messages, {"content": "x", "nonce": "7"})).json()
    assert first == again
    assert first["nonce"] == 7


async def test_nonce_of_another_author_or_channel_is_another(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    other = await place.add_channel()
    body = {"content": "x", "nonce": "n"}
    answers = [
        await alice.post(place.messages, body),
        await bob.post(place.messages, body),
        await alice.post(f"/channels/{other}/messages", body),
    ]
    assert len({answer.json()["id"] for answer in answers}) == 3


async def test_nonce_repeats_of_a_refused_message_are_refused_alike(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    await place.overwrite(bob, deny=Permission.SEND_MESSAGES)
    answers = await asyncio.gather(*(bob.post(place.messages, {"content": "x", "nonce": "n"}) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {403}
    await place.overwrite(bob, allow=Permission.SEND_MESSAGES)
    assert (await bob.post(place.messages, {"content": "x", "nonce": "n"})).status_code == 200


async def test_socket_repeat_is_told_from_the_first(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    body = b'{"content": "x", "nonce": "n", "channel_id": "5"}'
    first = await api.built.messages.send_from_gateway(int(alice.id), place.channel_id, body)
    again = await api.built.messages.send_from_gateway(int(alice.id), place.channel_id, body)
    assert isinstance(first, SentMessage)
    assert isinstance(again, SentMessage)
    assert (first.is_new, again.is_new) == (True, False)
    assert bytes(first.payload) == bytes(again.payload) == bytes(api.events("MESSAGE_CREATE")[0].payload)
    assert first.guild_id == place.guild_id


async def test_socket_refusals_carry_what_rest_errors_do(open_api: OpenApi) -> None:
    limits = LimitSettings(channel_messages=1, loopback_registrations_per_minute=1000)
    async with open_api(limits=limits) as api:
        alice = await api.register()
        place = await store_guild(api, alice)

        async def refuse(body: bytes, channel_id: int = place.channel_id) -> RefusedMessage:
            refused = await api.built.messages.send_from_gateway(int(alice.id), channel_id, body)
            assert isinstance(refused, RefusedMessage)
            return refused

        assert await refuse(b'{"content": "x"}', 5) == RefusedMessage(code=10003, message="Unknown Channel")
        assert (await refuse(b"{")).code == 50109
        wrong = await refuse(b'{"content": 5}')
        assert wrong.errors is not None
        assert "_errors" in wrong.errors["content"]
        await send_over_socket(api, alice, place, {"content": "x"})
        assert 0 < ((await refuse(b'{"content": "x"}')).retry_after or 0) <= 10


async def test_nonce_after_a_restart_gives_the_first_and_dispatches_it_once_more(open_api: OpenApi) -> None:
    body = {"content": "x", "nonce": "n"}
    async with open_api() as api:
        alice = await api.register()
        place = await store_guild(api, alice)
        first = await alice.post(place.messages, body)
    async with open_api() as api:
        alice = api.actor(alice.authorization)
        for _ in range(3):
            again = await alice.post(place.messages, body)
            assert again.content == first.content
        [envelope] = api.events("MESSAGE_CREATE")
        assert envelope.id == int(first.json()["id"])
        assert msgspec.json.decode(envelope.payload)["content"] == "x"
        assert len((await alice.get(place.messages)).json()) == 1


async def test_nonce_of_a_deleted_message_brings_nothing_back(open_api: OpenApi) -> None:
    body = {"content": "x", "nonce": "n"}
    async with open_api() as api:
        alice = await api.register()
        place = await store_guild(api, alice)
        first = (await alice.post(place.messages, body)).json()
        await alice.delete(f"{place.messages}/{first['id']}")
        assert (await alice.post(place.messages, body)).json()["id"] == first["id"]
        assert len(api.events("MESSAGE_CREATE")) == 1
    async with open_api() as api:
        alice = api.actor(alice.authorization)
        assert (await alice.post(place.messages, body)).json()["id"] == first["id"]
        assert api.events("MESSAGE_CREATE") == []
        assert (await alice.get(place.messages)).json() == []
