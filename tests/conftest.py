"""The rules of all tests: their shares among workers, the profile of hypothesis, and the database that is copied."""

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import Scheduling

from tests.support.databases import MigratedDatabase
from tests.support.scheduling import FilesAndEndToEnd

# Properties have no time limit for their examples.
settings.register_profile("guildway", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("guildway")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return FilesAndEndToEnd(config, log)


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> MigratedDatabase:
    """The database that the stores of tests are copied from."""
    return MigratedDatabase.make(tmp_path_factory.mktemp("migrated") / "guildway.db")
