"""A folder with data, and empty clusters into which it is moved."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from core.runtime.settings.settings import CassandraSettings
from core.store.cassandra.connection import migrate
from tests.support.clusters.empty_cluster import EmptyCluster
from tests.support.embedded_data import fill_folder
from tests.support.stores.postgres_databases import PostgresDatabases

_KEYSPACES = itertools.count(1)

MakeCluster = Callable[[bool], Awaitable[EmptyCluster]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that a real server has left, which tests copy or read."""
    folder = tmp_path_factory.mktemp("embedded") / "data"
    await fill_folder(folder)
    return folder


@pytest_asyncio.fixture(loop_scope="session")
async def make_cluster(
    postgres_databases: PostgresDatabases, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[MakeCluster]:
    """Make an empty cluster, with Cassandra or without."""
    made: list[EmptyCluster] = []

    async def make(has_cassandra: bool) -> EmptyCluster:
        cassandra = CassandraSettings()
        if has_cassandra:
            shared: CassandraSettings = request.getfixturevalue("cassandra_settings")
            cassandra = msgspec.structs.replace(shared, keyspace=f"import{next(_KEYSPACES)}")
            await migrate(cassandra)
        made.append(EmptyCluster(await postgres_databases.create(), cassandra, tmp_path / "cluster"))
        return made[-1]

    yield make
    for cluster in made:
        await postgres_databases.drop(cluster.url)
