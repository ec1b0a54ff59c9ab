"""What people who react, pin, read, send files and meet on a cluster notice of kills, and of a Cassandra that stands still.

After each fault: nothing that was answered is lost, the sides of each pair fit, and no file and no row is left over.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.e2e.cluster.conftest import CLOCKS
from tests.e2e.cluster.conversations.among_people import OpeningDirects, Relating
from tests.e2e.cluster.conversations.doer import Doer, Everywhere, go_on_doing
from tests.e2e.cluster.conversations.in_channels import Pinning, Reacting, Reading
from tests.e2e.cluster.conversations.with_files import SendingFiles, find_left_over
from tests.e2e.conftest import GENEROUS
from tests.support.clusters.cluster import Cluster, run_cluster
from tests.support.person import Person, text_channel

PEOPLE: Final = 6
MESSAGES: Final = 6
"""Those that people react to and pin."""
TO_READ: Final = 90
EACH: Final = 6
"""What everybody does before a fault and after it."""
STUCK_S: Final = 90.0
SWEPT: Final = {"GUILDWAY_FILES_SWEEP_INTERVAL_S": "0.5"}

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]


class Conversations:
    """What goes on, and how much of it was answered."""

    def __init__(self, cluster: Cluster, doers: Sequence[Doer], doing: Sequence[asyncio.Task[None]]) -> None:
        self._cluster = cluster
        self._doers = doers
        self._doing = doing
        self._news = asyncio.Event()
        self.stopping = asyncio.Event()
        self._answered = [0] * len(doers)

    def note(self, number: int) -> None:
        """Note that something of a doer was answered."""
        self._answered[number] += 1
        self._news.set()

    async def go_on(self) -> None:
        """Wait until everybody has done so much more."""
        goals = [answered + EACH for answered in self._answered]
        try:
            async with asyncio.timeout(STUCK_S):
                while any(answered < goal for answered, goal in zip(self._answered, goals, strict=True)):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{self._answered}, not {goals}; {self._cluster.describe()}") from None

    async def check(self) -> None:
        """End all doing, and compare."""
        self.stopping.set()
        await asyncio.gather(*self._doing)
        faults = [fault for found in await asyncio.gather(*(doer.check() for doer in self._doers)) for fault in found]
        senders = [doer for doer in self._doers if isinstance(doer, SendingFiles)]
        left_over = await find_left_over(senders, self._cluster.files, self._cluster.postgres.service.address)
        assert not faults, f"{len(faults)} faults: " + "; ".join(faults[:20])
        assert not left_over, left_over


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    """A cluster that soon sweeps away what nobody refers to."""
    async with run_cluster(tmp_path_factory.mktemp("cluster"), {**GENEROUS, **CLOCKS, **SWEPT}) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def people(cluster: Cluster) -> AsyncIterator[list[Everywhere]]:
    """The people of all tests here."""
    async with contextlib.AsyncExitStack() as stack:
        everybody = []
        for _ in range(PEOPLE):
            account = await stack.enter_async_context(await Person.register(cluster.server.api))
            everybody.append(Everywhere(account, cluster.apis()))
            stack.push_async_callback(everybody[-1].close)
        yield everybody


@pytest_asyncio.fixture(loop_scope="session")
async def conversations(cluster: Cluster, people: list[Everywhere]) -> AsyncIterator[Conversations]:
    """Conversations in a new guild."""
    doers = await _prepare(cluster, people)
    async with asyncio.TaskGroup() as tasks:
        doing: list[asyncio.Task[None]] = []
        running = Conversations(cluster, doers, doing)
        for number, doer in enumerate(doers):
            note = partial(running.note, number)
            doing.append(tasks.create_task(go_on_doing(doer, note, running.stopping)))
        await running.go_on()
        yield running
        running.stopping.set()


async def _prepare(cluster: Cluster, people: Sequence[Everywhere]) -> list[Doer]:
    """Make a guild of everybody with messages, and say who does what."""
    owning, owner = people[0], people[0].at[0]
    channel_id, guild = await _make_guild(owner, people[1:])
    path = f"/guilds/{guild['id']}/channels"
    other_id = (await owner.call("POST", path, {"name": "to read", "type": 0}))["id"]
    ids = [(await owner.send(channel_id, f"message {number}"))["id"] for number in range(MESSAGES)]
    of_files = [(await owner.call("POST", path, {"name": f"files {number}", "type": 0}))["id"] for number in range(3)]
    to_read = [(await owner.send(other_id, "@everyone"))["id"] for _ in range(TO_READ)]
    return [
        *(Reacting(person, channel_id, ids) for person in people[:3]),
        Pinning(people[0], channel_id, ids),
        *(Reading(person, cluster.gateway, other_id, to_read) for person in people[1:3]),
        *(SendingFiles(owning, each) for each in of_files),
        await Relating.prepare(people[1], people[2]),
        await Relating.prepare(people[3], people[4]),
        OpeningDirects(people[5], people[:5]),
    ]


async def _make_guild(owner: Person, members: Sequence[Everywhere]) -> tuple[str, dict[str, Any]]:
    guild = await owner.make_guild()
    channel_id = text_channel(guild)
    for member in members:
        await owner.invite(channel_id, member.at[0])
    return channel_id, guild


async def test_killed_api_processes_lose_nothing_and_leave_nothing(
    cluster: Cluster, conversations: Conversations
) -> None:
    for name in ("api-1", "api-2"):
        await cluster.kill(name)
        await conversations.go_on()
    await conversations.check()


async def test_killed_worker_loses_nothing_and_leaves_nothing(cluster: Cluster, conversations: Conversations) -> None:
    await cluster.kill("worker-1")
    await conversations.go_on()
    await conversations.check()


async def test_killed_redis_that_starts_again_loses_nothing_and_leaves_nothing(
    cluster: Cluster, conversations: Conversations
) -> None:
    cluster.redis.kill()
    await asyncio.to_thread(cluster.redis.start)
    await conversations.go_on()
    await conversations.check()


async def test_cassandra_that_stands_still_for_twenty_seconds_loses_nothing_and_leaves_nothing(
    cluster: Cluster, conversations: Conversations
) -> None:
    cluster.cassandra.pause()
    await asyncio.sleep(20)  # the fault is that long
    cluster.cassandra.go_on()
    await conversations.go_on()
    await conversations.check()
