"""Unread channels as people's clients see them: what each device keeps is what the server tells the next one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

MANUAL = {"manual": True, "mention_count": 5}


class Place(NamedTuple):
    """How far a channel was read, and how often it calls."""

    last_id: str
    count: int


class Device:
    """A person's client, which keeps its channels' places by READY and events, as Discord's own clients do."""

    def __init__(self, person: Person, session: GatewayClient, ready: dict[str, Any]) -> None:
        self.session = session
        self._me = person.id
        self._ready = ready

    @property
    def places(self) -> dict[str, Place]:
        """The places of channels in which something was read, or that call."""
        places = {
            each["id"]: Place(each["last_message_id"], each["mention_count"]) for each in self._ready["read_state"]
        }
        for payload in self.session.dispatches:
            d = payload["d"]
            if payload["t"] == "MESSAGE_ACK":
                places[d["channel_id"]] = Place(d["message_id"], d["mention_count"])
            elif payload["t"] == "MESSAGE_CREATE":
                before = places.get(d["channel_id"], Place("0", 0))
                if d["author"]["id"] == self._me:
                    places[d["channel_id"]] = Place(d["id"], 0)
                elif self._is_called(d):
                    places[d["channel_id"]] = Place(before.last_id, before.count + 1)
        return places

    def _is_called(self, message: dict[str, Any]) -> bool:
        is_named = self._me in {user["id"] for user in message["mentions"]}
        return "guild_id" not in message or message["mention_everyone"] or is_named


class Devices:
    """The devices of these tests, which end with their test."""

    def __init__(self, server: Server, stack: AsyncExitStack) -> None:
        self._server = server
        self._stack = stack

    async def open(self, person: Person) -> Device:
        session = await self._stack.enter_async_context(open_gateway(self._server.gateway))
        ready = await session.identify(person.token, intents=None, capabilities=0)
        return Device(person, session, ready)

    async def reopen_until(self, person: Person, places: dict[str, Place]) -> None:
        """Log in again and again until READY tells these places: those of one's own messages come a little later."""
        async with asyncio.timeout(60):
            while (await self.open(person)).places != places:
                pass


@pytest_asyncio.fixture(loop_scope="session")
async def devices(server: Server) -> AsyncIterator[Devices]:
    async with AsyncExitStack() as stack:
        yield Devices(server, stack)


async def ack(person: Person, channel_id: str, message_id: str, body: Any = None) -> None:
    path = f"/channels/{channel_id}/messages/{message_id}/ack"
    assert await person.call("POST", path, body or {}) == {"token": None}


async def test_devices_of_a_person_agree_through_mentions_acks_and_own_messages(
    server: Server, alice: Person, bob: Person, devices: Devices
) -> None:
    guild = await alice.make_guild()
    channel = text_channel(guild)
    await alice.invite(channel, bob)
    direct = (await alice.call("POST", "/users/@me/channels", {"recipient_id": bob.id}))["id"]
    await ack(bob, channel, (await alice.send(channel, "before"))["id"])
    two = [await devices.open(bob) for _ in range(2)]
    first = await alice.send(channel, f"<@{bob.id}>")
    await alice.send(channel, "@everyone")
    for text in ("one", "two", "three"):
        last = await alice.send(direct, text)
    await devices.reopen_until(
        bob, {**two[0].places, channel: Place(two[0].places[channel].last_id, 2), direct: Place("0", 3)}
    )
    await ack(bob, channel, first["id"])
    await ack(bob, direct, last["id"])
    await ack(bob, channel, first["id"], MANUAL)
    expected = {channel: Place(first["id"], 5), direct: Place(last["id"], 0)}
    for device in two:
        await device.session.wait_until(lambda device=device: device.places == expected)  # type: ignore[misc]
    await devices.reopen_until(bob, expected)
    own = await bob.send(channel, "I have read it all")
    expected[channel] = Place(own["id"], 0)
    for device in two:
        await device.session.wait_until(lambda device=device: device.places == expected)  # type: ignore[misc]
    await devices.reopen_until(bob, expected)


async def test_own_message_is_read_for_a_device_that_logs_in_at_once(alice: Person, devices: Devices) -> None:
    channel = text_channel(await alice.make_guild())
    for number in range(5):
        own = await alice.send(channel, f"message {number}")
        assert (await devices.open(alice)).places[channel] == Place(own["id"], 0)


async def test_others_hear_nothing_of_what_one_reads(
    server: Server, alice: Person, bob: Person, devices: Devices
) -> None:
    guild = await alice.make_guild()
    channel = text_channel(guild)
    await alice.invite(channel, bob)
    watching, own = await devices.open(alice), await devices.open(bob)
    message = await alice.send(channel, "@everyone")
    await ack(bob, channel, message["id"])
    await bob.call("POST", f"/channels/{channel}/pins/ack")
    await bob.call("DELETE", f"/users/@me/mentions/{message['id']}")
    await own.session.wait_for("RECENT_MENTION_DELETE", lambda d: d["message_id"] == message["id"])
    assert {"MESSAGE_ACK", "CHANNEL_PINS_ACK"} <= set(own.session.names())
    last = await bob.send(channel, "the last one")
    await watching.session.wait_for("MESSAGE_CREATE", lambda d: d["id"] == last["id"])
    assert not {"MESSAGE_ACK", "CHANNEL_PINS_ACK", "RECENT_MENTION_DELETE"} & set(watching.session.names())


async def test_deletions_lower_the_count_that_the_next_device_is_told(
    server: Server, alice: Person, bob: Person, devices: Devices
) -> None:
    guild = await alice.make_guild()
    channel = text_channel(guild)
    await alice.invite(channel, bob)
    messages = [await alice.send(channel, f"<@{bob.id}> @here") for _ in range(4)]
    await alice.call("DELETE", f"/channels/{channel}/messages/{messages[0]['id']}")
    bulk = {"messages": [message["id"] for message in messages[1:3]]}
    await alice.call("POST", f"/channels/{channel}/messages/bulk-delete", bulk)
    device = await devices.open(bob)
    assert {channel_id: place.count for channel_id, place in device.places.items()} == {channel: 1}
    listed = await bob.call("GET", "/users/@me/mentions")
    assert [message["id"] for message in listed] == [messages[3]["id"]]
