"""A media node for each test that wants one."""

from collections.abc import AsyncIterator

import pytest

from tests.support.voice.node import Stage, open_stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A node without anybody."""
    async with open_stage() as opened:
        yield opened
