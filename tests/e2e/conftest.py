"""One server for all end-to-end tests of a run; each test brings its own people, guilds and bots.

With SERVER_OF_TESTS=cluster each server of these tests is a whole cluster (`make test-cluster`). Tests that are marked
`embedded`, and those that start clusters of their own in any case, are then left out.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.clusters.cluster_ground import ClusterGround
from tests.support.person import Person
from tests.support.server_process import Server

HERE = Path(__file__).parent
ON_CLUSTERS = os.environ.get("SERVER_OF_TESTS") == "cluster"

GENEROUS = {
    "GUILDWAY_LIMITS_CHANNEL_MESSAGES": "100000",
    "GUILDWAY_LIMITS_MESSAGES_PER_MINUTE": "100000",
    "GUILDWAY_LIMITS_CHANNEL_REACTIONS": "100000",
    "GUILDWAY_LIMITS_DIRECT_OPENINGS": "100000",
    "GUILDWAY_LIMITS_FRIEND_REQUESTS": "100000",
    "GUILDWAY_LIMITS_VOICE_JOINS": "100000",
    "GUILDWAY_LIMITS_REQUESTS_PER_SECOND": "100000",
    "GUILDWAY_LIMITS_LOOPBACK_REGISTRATIONS_PER_MINUTE": "100000",
    "GUILDWAY_GATEWAY_IDENTIFY_WINDOW_S": "0",
}
"""High values of the limits that no test here is about; `test_limits.py` keeps the defaults."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not ON_CLUSTERS:
        return
    kept = [item for item in items if _is_for_clusters(item)]
    config.hook.pytest_deselected(items=list(set(items) - set(kept)))
    items[:] = kept


def _is_for_clusters(item: pytest.Item) -> bool:
    is_on_server = HERE in item.path.parents and HERE / "cluster" not in item.path.parents
    return is_on_server and item.get_closest_marker("embedded") is None


@pytest.fixture(scope="session", autouse=ON_CLUSTERS)
def cluster_ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have `Server` start clusters."""
    with ExitStack() as running, pytest.MonkeyPatch.context() as patch:
        ground = ClusterGround(
            folder=tmp_path_factory.mktemp("clusters"),
            databases=request.getfixturevalue("postgres_databases"),
            cassandra=request.getfixturevalue("cassandra_server"),
            running=running,
        )
        patch.setattr(Server, "make_place", ground.make_place)
        yield


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A Guildway process that runs."""
    running = await Server(tmp_path_factory.mktemp("guildway"), GENEROUS).start()
    yield running
    assert await running.stop() == 0


@pytest_asyncio.fixture(loop_scope="session")
async def alice(server: Server) -> AsyncIterator[Person]:
    """A person."""
    async with await Person.register(server.api) as person:
        yield person


@pytest_asyncio.fixture(loop_scope="session")
async def bob(server: Server) -> AsyncIterator[Person]:
    """Another person."""
    async with await Person.register(server.api) as person:
        yield person
