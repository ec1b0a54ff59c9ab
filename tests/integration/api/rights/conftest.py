"""One API serves all attempts of a module. Each attempt has a guild of its own."""

import asyncio
import contextlib
from collections.abc import Iterator

import pytest

from core.runtime.clock import SystemClock
from core_ext.ids import SnowflakeGenerator
from tests.integration.api.conftest import open_api_in
from tests.integration.api.rights.attempts import Stage
from tests.support.stores.databases import MigratedDatabase


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, migrated_database: MigratedDatabase) -> Iterator[Stage]:
    """An API with the accounts that take part."""
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        opening = open_api_in(tmp_path_factory.mktemp("rights"), migrated_database)
        api = runner.run(stack.enter_async_context(opening))
        try:
            ids = SnowflakeGenerator(1, 1, SystemClock().now_ms)
            yield runner.run(Stage.build(api, ids, runner))
        finally:
            runner.run(stack.aclose())
