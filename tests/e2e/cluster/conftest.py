"""Clusters for tests: one for all that leave it whole, and one for each module of those that kill parts of it."""

import os
from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio

from deploy.services.process import ServiceProcess
from tests.e2e.cluster.crowd_scene import Chat, Scene, chatting, make_scene
from tests.e2e.cluster.pairs import Pair
from tests.e2e.conftest import GENEROUS
from tests.support.clusters.cluster import Cluster, run_cluster, skew_clocks

PEOPLE: Final = int(os.environ.get("BARS_PEOPLE", "50"))
"""Those who listen. The bar is 200, which takes a machine of two cores some minutes more."""
WORKERS: Final = int(os.environ.get("BARS_WORKERS", "1"))
"""The workers, to which those who listen are connected in turn."""
BEFORE: Final = 60
"""The messages before a fault."""
CLOCKS: Final = skew_clocks(api_1=50, api_2=-50)
"""What a crowd is told holds though the clocks of the API processes differ by a tenth of a second."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_cluster(
    tmp_path_factory: pytest.TempPathFactory, cassandra_server: ServiceProcess
) -> AsyncIterator[Cluster]:
    """A cluster that runs."""
    async with run_cluster(tmp_path_factory.mktemp("cluster"), GENEROUS, cassandra=cassandra_server) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def owner(shared_cluster: Cluster) -> AsyncIterator[Pair]:
    """A person."""
    async with await Pair.register(shared_cluster) as pair:
        yield pair


@pytest_asyncio.fixture(loop_scope="session")
async def member(shared_cluster: Cluster) -> AsyncIterator[Pair]:
    """Another person."""
    async with await Pair.register(shared_cluster) as pair:
        yield pair


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cluster(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> AsyncIterator[Cluster]:
    """A cluster that a module's tests may hurt, whose API processes have different clocks.

    Its Cassandra is the shared one, unless the module sets HURTS_CASSANDRA.
    """
    is_hurt = getattr(request.module, "HURTS_CASSANDRA", False)
    cassandra = None if is_hurt else request.getfixturevalue("cassandra_server")
    folder = tmp_path_factory.mktemp("cluster")
    async with run_cluster(folder, {**GENEROUS, **CLOCKS}, workers=WORKERS, cassandra=cassandra) as running:
        if WORKERS > 1:
            await running.shardctl("rebalance")
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(cluster: Cluster) -> AsyncIterator[Scene]:
    """The crowd's guild in it."""
    made = await make_scene(cluster, PEOPLE)
    async with made.owner:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def chat(cluster: Cluster, scene: Scene) -> AsyncIterator[Chat]:
    """The crowd, which chats."""
    async with chatting(cluster, scene) as running:
        await running.go_on(BEFORE)
        yield running
