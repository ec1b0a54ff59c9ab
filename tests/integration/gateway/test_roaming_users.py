"""Users with sessions at several workers: one presence, one list of sessions, one limit.

Three gateways on one store; users and guilds have their home at one of them, with or without sessions of its own.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Self

import pytest

from core.bus.interfaces import Bus, Delivery
from core.domain.events import USER_OFFLINE, USER_UNSEEN
from core.runtime.settings.settings import GatewaySettings, LimitSettings
from gateway.app import Gateway
from tests.integration.gateway.conftest import LOOPBACK, RunOne
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.gateway.neighbours import FixedNeighbours
from tests.support.stores.store_writer import Login, StoreWriter
from tests.support.stores.stored_friends import befriend

pytestmark = pytest.mark.timeout(600)

GRACE_S = 1.0
LIMIT = 3


class Workers:
    """Three workers that all know each other."""

    def __init__(self, gateways: dict[str, Gateway], neighbours: dict[str, FixedNeighbours]) -> None:
        self.gateways = gateways
        self.neighbours = neighbours
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def log_in(self, worker: str, login: Login, status: str = "online") -> GatewayClient:
        """Connect to a worker and identify as a person."""
        client = await self.connect(worker)
        await client.identify(login.token, intents=None, presence=presence(status))
        return client

    async def connect(self, worker: str) -> GatewayClient:
        """Connect to a worker."""
        return await self._stack.enter_async_context(open_gateway(self.gateways[worker].url))

    def cut(self, one: str, other: str) -> None:
        """End the conversation of two workers."""
        self.neighbours[one].links.cut(self.neighbours[other].links)

    def join(self, one: str, other: str) -> None:
        """Begin a conversation of two workers."""
        self.neighbours[one].links.connect(self.neighbours[other].links)

    def move_homes(self, worker: str) -> None:
        """Give all shards to one worker."""
        for each in self.neighbours.values():
            each.homes.move(lambda _shard: worker)


def presence(status: str) -> dict[str, Any]:
    return {"status": status, "since": None, "afk": False, "activities": []}


@pytest.fixture(params=["a", "c"])
def home(request: pytest.FixtureRequest) -> str:
    """The worker that is everybody's home: one with sessions of the user, or one without."""
    return str(request.param)


@pytest.fixture
async def workers(run_one: RunOne, home: str) -> AsyncIterator[Workers]:
    """The workers a, b and c."""
    neighbours = {own: FixedNeighbours(own, num_shards=16, owner_of=lambda _shard: home) for own in "abc"}
    options = GatewaySettings(
        host=LOOPBACK.host, port=0, identify_window_s=0.0, presence_grace_s=GRACE_S, resume_window_s=30.0
    )
    async with contextlib.AsyncExitStack() as stack:
        gateways = {
            own: await stack.enter_async_context(
                run_one(options, None, LimitSettings(sessions_per_user=LIMIT), neighbours=each)
            )
            for own, each in neighbours.items()
        }
        for one, other in (("a", "b"), ("a", "c"), ("b", "c")):
            neighbours[one].links.connect(neighbours[other].links)
        async with Workers(gateways, neighbours) as running:
            yield running


@pytest.fixture
def told(gateway_bus: Bus) -> list[str]:
    """What the other tiers are told of users."""
    events: list[str] = []

    def note(delivery: Delivery) -> None:
        if delivery.envelope.event in (USER_OFFLINE, USER_UNSEEN):
            events.append(delivery.envelope.event)

    gateway_bus.subscribe(note)
    return events


def statuses(client: GatewayClient, login: Login) -> list[str]:
    """Return what a client was told of a user in guilds, or of a friend."""
    return [body["status"] for body in client.bodies("PRESENCE_UPDATE") if body["user"]["id"] == str(login.id)]


async def expect(client: GatewayClient, login: Login, *expected: str) -> None:
    """Wait for these statuses and no others."""
    await client.wait_until(lambda: len(statuses(client, login)) >= len(expected))
    assert statuses(client, login) == list(expected)


async def test_presence_is_that_of_all_sessions_and_told_once(
    writer: StoreWriter, workers: Workers, told: list[str]
) -> None:
    alice, bob, carol = [await writer.person(name) for name in ("alice", "bob", "carol")]
    await writer.guild(alice, bob)
    await befriend(writer, alice, carol)
    viewers = [await workers.log_in("b", bob), await workers.log_in("c", carol)]
    hers = await workers.log_in("a", alice, "idle")
    for viewer in viewers:
        await expect(viewer, alice, "idle")
    other = await workers.log_in("b", alice, "dnd")
    for viewer in viewers:
        await expect(viewer, alice, "idle", "dnd")
    await hers.send(3, presence("online"))  # dnd on one device stands for all
    await hers.wait_for("SESSIONS_REPLACE", lambda each: [one["status"] for one in each] == ["online", "dnd"])
    await other.send(3, presence("idle"))
    for viewer in viewers:
        await expect(viewer, alice, "idle", "dnd", "online")
    await hers.socket.close()
    for viewer in viewers:
        await expect(viewer, alice, "idle", "dnd", "online", "idle")
    assert told == []
    await other.socket.close()
    for viewer in viewers:
        await expect(viewer, alice, "idle", "dnd", "online", "idle", "offline")
    async with asyncio.timeout(60):
        while len(told) < 2:  # noqa: ASYNC110 - a fake tells nobody
            await asyncio.sleep(0.01)
    assert sorted(told) == sorted([USER_OFFLINE, USER_UNSEEN])


async def test_sessions_of_all_workers_are_listed_everywhere(writer: StoreWriter, workers: Workers) -> None:
    alice = await writer.person()
    hers = await workers.log_in("a", alice, "idle")
    other = await workers.connect("b")
    ready = await other.identify(alice.token, intents=None, presence=presence("dnd"))
    assert [each["status"] for each in ready["sessions"]] == ["idle", "dnd"]

    def lists(*expected: str) -> Any:
        return lambda sessions: [each["status"] for each in sessions] == list(expected)

    for client in (hers, other):
        await client.wait_for("SESSIONS_REPLACE", lists("idle", "dnd"))
    await hers.send(3, presence("online"))
    for client in (hers, other):
        await client.wait_for("SESSIONS_REPLACE", lists("online", "dnd"))
    await other.socket.close()
    await hers.wait_for("SESSIONS_REPLACE", lists("online"))


async def test_limit_of_sessions_counts_all_workers(writer: StoreWriter, workers: Workers) -> None:
    alice = await writer.person()
    clients = [await workers.log_in(worker, alice) for worker in "abb"]
    refused = await workers.connect("c")
    await refused.send(2, {"token": alice.token, "properties": {}})
    assert (await refused.wait_for_op(9))["d"] is False
    clients[1].cut()
    await clients[1].wait_closed()
    # The worker has noticed when the others see the session no more.
    await clients[0].wait_for("SESSIONS_REPLACE", lambda sessions: len(sessions) == 2)
    await workers.log_in("c", alice)
    too_many = await workers.connect("a")
    await too_many.send(2, {"token": alice.token, "properties": {}})
    assert (await too_many.wait_for_op(9))["d"] is False


async def test_ready_names_friends_of_other_workers(writer: StoreWriter, workers: Workers) -> None:
    alice, bob, carol = [await writer.person(name) for name in ("alice", "bob", "carol")]
    await befriend(writer, alice, bob)
    await befriend(writer, alice, carol)
    await workers.log_in("a", bob, "dnd")
    await workers.log_in("c", carol, "idle")
    client = await workers.connect("b")
    ready = await client.identify(alice.token, intents=None)
    found = {each["user_id"]: each["status"] for each in ready["presences"]}
    assert found == {str(bob.id): "dnd", str(carol.id): "idle"}


async def test_new_friends_of_other_workers_learn_each_others_presence(writer: StoreWriter, workers: Workers) -> None:
    alice, bob = [await writer.person(name) for name in ("alice", "bob")]
    hers, his = await workers.log_in("a", alice, "dnd"), await workers.log_in("b", bob, "idle")
    await befriend(writer, alice, bob)
    await expect(hers, bob, "idle")
    await expect(his, alice, "dnd")


@pytest.mark.parametrize("home", ["c"])
async def test_lost_worker_takes_its_sessions_along_after_the_grace(
    writer: StoreWriter, workers: Workers, told: list[str]
) -> None:
    alice, bob = [await writer.person(name) for name in ("alice", "bob")]
    await befriend(writer, alice, bob)
    viewer = await workers.log_in("c", bob)
    hers = await workers.log_in("a", alice, "dnd")
    await expect(viewer, alice, "dnd")
    workers.cut("a", "c")
    workers.join("a", "c")
    await hers.send(3, presence("idle"))  # it has come back within the grace
    await expect(viewer, alice, "dnd", "idle")
    workers.cut("a", "c")
    await expect(viewer, alice, "dnd", "idle", "offline")
    workers.join("a", "c")
    await expect(viewer, alice, "dnd", "idle", "offline", "idle")


async def test_next_home_goes_on_with_what_others_know(writer: StoreWriter, workers: Workers) -> None:
    alice, bob = [await writer.person(name) for name in ("alice", "bob")]
    await befriend(writer, alice, bob)
    viewer = await workers.log_in("c", bob)
    hers, other = await workers.log_in("a", alice, "dnd"), await workers.log_in("b", alice, "idle")
    await expect(viewer, alice, "dnd")
    workers.move_homes("b")
    await hers.send(3, presence("online"))
    await expect(viewer, alice, "dnd", "online")
    await other.socket.close()
    await hers.wait_for("SESSIONS_REPLACE", lambda sessions: len(sessions) == 1)
    await hers.send(3, presence("invisible"))
    await viewer.wait_until(lambda: "offline" in statuses(viewer, alice))
    # The other one may still count for the moments of its grace.
    assert [status for status in statuses(viewer, alice) if status != "idle"] == ["dnd", "online", "offline"]
