"""The rules of all tests: their shares among workers, the profile of hypothesis, the database that is copied, and the
real servers. A worker starts each server once; tests that kill or stop one start their own with `serving`.
"""

import asyncio
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import Scheduling

from core.runtime.settings.settings import CassandraSettings
from deploy.services.definition import LOOPBACK, find_free_port
from deploy.services.postgres_server import PostgresServer
from deploy.services.process import ServiceProcess
from deploy.services.redis_server import RedisServer
from tests.support.compiled_queries import compiled_once
from tests.support.scheduling import FilesAndServers
from tests.support.services import define_cassandra, list_left_out, serving
from tests.support.stores.databases import MigratedDatabase
from tests.support.stores.postgres_databases import PostgresDatabases

# Properties have no time limit for their examples. CI tries the same ones each time: new ones find what they find where
# somebody looks for it (`make test`, `make fuzz`), and not in a run that is about another change.
settings.register_profile(
    "guildway",
    deadline=None,
    derandomize=os.environ.get("CI_SERVERS") == "1",
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("guildway")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return FilesAndServers(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in list_left_out(terminalreporter.stats.get("skipped", [])):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def _compiled_queries() -> Iterator[None]:
    """The queries of all stores, which are compiled once."""
    with compiled_once():
        yield


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    """The root logger, put back as it was: a command that a test runs sends its lines as its process would."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> MigratedDatabase:
    """The database that the stores of tests are copied from."""
    return MigratedDatabase.make(tmp_path_factory.mktemp("migrated") / "guildway.db")


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A Redis that runs. Tests share it and make keys of their own."""
    with serving(RedisServer(folder=tmp_path_factory.mktemp("redis"), port=find_free_port())) as process:
        yield process


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A PostgreSQL that runs. Tests share it and make databases of their own."""
    folder = tmp_path_factory.mktemp("postgres")
    # The data dies with the run, so nothing need reach the disk.
    service = PostgresServer(folder=folder, port=find_free_port(), settings={"fsync": "off"})
    with serving(service) as process:
        yield process


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: ServiceProcess) -> PostgresDatabases:
    """The databases of that PostgreSQL."""
    service = postgres_server.service
    assert isinstance(service, PostgresServer)
    return PostgresDatabases.make(service.address)


@pytest.fixture(scope="session")
def cassandra_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A Cassandra that runs. Tests share it and make keyspaces of their own."""
    with serving(define_cassandra(tmp_path_factory.mktemp("cassandra"))) as process:
        yield process


@pytest.fixture(scope="session")
def cassandra_settings(cassandra_server: ServiceProcess) -> CassandraSettings:
    """The settings of a keyspace with tables, which tests share."""
    from core.store.cassandra.connection import migrate  # the driver takes a while to import

    settings = CassandraSettings(
        contact_points=(LOOPBACK,), port=cassandra_server.service.port, replication=1, request_timeout_s=60
    )
    with ThreadPoolExecutor(max_workers=1) as thread:  # a test's loop runs in ours when it asks for this fixture
        thread.submit(lambda: asyncio.run(migrate(settings))).result()
    return settings
