"""One server for all end-to-end tests of a run; each test brings its own people, guilds and bots."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.person import Person
from tests.support.server_process import Server

GENEROUS = {
    "GUILDWAY_LIMITS_CHANNEL_MESSAGES": "100000",
    "GUILDWAY_LIMITS_MESSAGES_PER_MINUTE": "100000",
    "GUILDWAY_LIMITS_REQUESTS_PER_SECOND": "100000",
    "GUILDWAY_LIMITS_LOOPBACK_REGISTRATIONS_PER_MINUTE": "100000",
    "GUILDWAY_GATEWAY_IDENTIFY_WINDOW_S": "0",
}
"""High values of the limits that no test here is about; `test_limits.py` keeps the defaults."""


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
