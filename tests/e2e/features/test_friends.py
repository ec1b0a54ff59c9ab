"""Friends, direct messages and groups, as people's clients see them: what a client keeps is what the server says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.person import Person
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

FRIEND, BLOCKED, INCOMING, OUTGOING = 1, 2, 3, 4
MINE = "/users/@me/relationships"
CHANNELS = "/users/@me/channels"


class Device:
    """A person's client, which keeps relationships and private channels by READY and events."""

    def __init__(self, person: Person, session: GatewayClient, ready: dict[str, Any]) -> None:
        self.person = person
        self.session = session
        self._ready = ready

    @property
    def sides(self) -> dict[str, int]:
        """The types of relationships by the other's id."""
        sides = {each["id"]: each["type"] for each in self._ready["relationships"]}
        for payload in self.session.dispatches:
            if payload["t"] == "RELATIONSHIP_ADD":
                sides[payload["d"]["id"]] = payload["d"]["type"]
            elif payload["t"] == "RELATIONSHIP_REMOVE":
                sides.pop(payload["d"]["id"], None)
        return sides

    @property
    def channels(self) -> dict[str, set[str]]:
        """The private channels, each with the ids of the others in it."""
        channels = {each["id"]: _people(each) for each in self._ready["private_channels"]}
        for payload in self.session.dispatches:
            d = payload["d"]
            match payload["t"]:
                case "CHANNEL_CREATE" | "CHANNEL_UPDATE":
                    channels[d["id"]] = _people(d)
                case "CHANNEL_DELETE":
                    channels.pop(d["id"], None)
                case "CHANNEL_RECIPIENT_ADD":
                    channels[d["channel_id"]].add(d["user"]["id"])
                case "CHANNEL_RECIPIENT_REMOVE":
                    channels[d["channel_id"]].discard(d["user"]["id"])
        return channels

    async def settle(self) -> None:
        """Wait until the client has what the server says."""
        sides = {each["id"]: each["type"] for each in await self.person.call("GET", MINE)}
        channels = {each["id"]: _people(each) for each in await self.person.call("GET", CHANNELS)}
        await self.session.wait_until(lambda: (self.sides, self.channels) == (sides, channels))


def _people(channel: dict[str, Any]) -> set[str]:
    return {user["id"] for user in channel["recipients"]}


class Devices:
    """Opens people's clients."""

    def __init__(self, server: Server, stack: AsyncExitStack) -> None:
        self._server = server
        self._stack = stack

    async def open(self, person: Person) -> Device:
        session = await self._stack.enter_async_context(open_gateway(self._server.gateway))
        return Device(person, session, await session.identify(person.token, intents=None))


@pytest_asyncio.fixture(loop_scope="session")
async def devices(server: Server) -> AsyncIterator[Devices]:
    """People's clients, which are closed at the end."""
    async with AsyncExitStack() as stack:
        yield Devices(server, stack)


@pytest_asyncio.fixture(loop_scope="session")
async def people(server: Server) -> AsyncIterator[list[Person]]:
    """Four people."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(await Person.register(server.api)) for _ in range(4)]


async def test_way_of_a_friendship_on_all_devices(devices: Devices, alice: Person, bob: Person) -> None:
    phone, desk, his = await devices.open(alice), await devices.open(alice), await devices.open(bob)
    everybody = (phone, desk, his)
    await alice.call("POST", MINE, {"username": bob.name, "discriminator": None})
    for device in everybody:
        await device.settle()
    assert (phone.sides, desk.sides, his.sides) == ({bob.id: OUTGOING}, {bob.id: OUTGOING}, {alice.id: INCOMING})
    asked = await his.session.wait_for("RELATIONSHIP_ADD")
    assert (asked["user"]["username"], asked["should_notify"]) == (alice.name, True)
    await bob.call("PUT", f"{MINE}/{alice.id}", {})
    for device in everybody:
        await device.settle()
    assert phone.sides == desk.sides == {bob.id: FRIEND}
    seen = await phone.session.wait_for("PRESENCE_UPDATE", lambda body: body["user"]["id"] == bob.id)
    assert (seen["status"], "guild_id" in seen) == ("online", False)
    await bob.call("PUT", f"{MINE}/{alice.id}", {"type": BLOCKED})
    for device in everybody:
        await device.settle()
    assert (phone.sides, his.sides) == ({}, {alice.id: BLOCKED})
    later = await devices.open(bob)
    assert later.sides == {alice.id: BLOCKED}


async def test_requests_of_both_at_once_are_a_friendship(devices: Devices, people: list[Person]) -> None:
    clients = [await devices.open(person) for person in people]
    pairs = [(one, other) for one in people for other in people if one is not other]
    await asyncio.gather(*(one.request("PUT", f"{MINE}/{other.id}", {}) for one, other in pairs))
    for client in clients:
        await client.settle()
        assert set(client.sides.values()) == {FRIEND}
        assert len(client.sides) == len(people) - 1


async def test_direct_channel_is_one_closed_and_opened_again(devices: Devices, alice: Person, bob: Person) -> None:
    await alice.befriend(bob)
    hers, his = await devices.open(alice), await devices.open(bob)
    opened = await asyncio.gather(
        *(one.call("POST", CHANNELS, {"recipients": [other.id]}) for one, other in ((alice, bob), (bob, alice)) * 5)
    )
    [channel_id] = {channel["id"] for channel in opened}
    await alice.send(channel_id, "hello")
    for device in (hers, his):
        await device.settle()
    await bob.call("DELETE", f"/channels/{channel_id}")
    await his.settle()
    assert (set(hers.channels), set(his.channels)) == ({channel_id}, set())
    await alice.send(channel_id, "still there?")
    await his.session.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "still there?")
    await his.settle()
    assert set(his.channels) == {channel_id}
    names = [name for name in his.session.names() if name in ("CHANNEL_CREATE", "CHANNEL_DELETE", "MESSAGE_CREATE")]
    assert names[-3:] == ["CHANNEL_DELETE", "CHANNEL_CREATE", "MESSAGE_CREATE"]
    await bob.call("PUT", f"{MINE}/{alice.id}", {"type": BLOCKED})
    for one in (alice, bob):
        refused = await one.request("POST", f"/channels/{channel_id}/messages", {"content": "x"})
        assert (refused.status_code, refused.json()["code"]) == (403, 50007)


async def test_group_reaches_those_who_are_in_it(devices: Devices, people: list[Person]) -> None:
    owner, bob, carol, dora = people
    await owner.befriend(bob, carol, dora)
    clients = [await devices.open(person) for person in people]
    group = await owner.call("POST", CHANNELS, {"recipients": [bob.id, carol.id]})
    path = f"/channels/{group['id']}"
    await bob.send(group["id"], "only three")
    await owner.call("PUT", f"{path}/recipients/{dora.id}")
    await carol.call("PATCH", path, {"name": "The four"})
    await owner.call("DELETE", f"{path}/recipients/{bob.id}")
    await dora.send(group["id"], "without Bob")
    await owner.call("DELETE", path)
    await carol.send(group["id"], "without the owner")
    for client in clients:
        await client.settle()
    heard = [
        ["only three", "without Bob"],
        ["only three"],
        ["only three", "without Bob", "without the owner"],
        ["without Bob", "without the owner"],
    ]
    for client, expected in zip(clients, heard, strict=True):
        await client.session.wait_until(lambda client=client, last=expected[-1]: last in client.session.contents())
        said = [text for text in client.session.contents() if text.startswith(("only", "without"))]
        assert said == expected
    shown = await carol.call("GET", path)
    assert (shown["owner_id"], _people(shown), shown["name"]) == (carol.id, {dora.id}, "The four")
    kinds = [message["type"] for message in await dora.history(group["id"])]
    assert kinds == [0, 1, 4, 2, 0, 2, 0]
    again = await devices.open(dora)
    assert again.channels == {group["id"]: {carol.id}}
