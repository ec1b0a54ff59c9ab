"""Fixtures of the door's contract suite."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.door.backends import BACKENDS, HIGH_RULES, RULES, DoorBackend


@pytest.fixture(params=list(BACKENDS))
def closed(request: pytest.FixtureRequest) -> DoorBackend:
    """A backend whose door is not made yet."""
    return BACKENDS[request.param]()


@pytest.fixture
async def backend(closed: DoorBackend) -> AsyncIterator[DoorBackend]:
    """A door with limits that no test here reaches by accident."""
    await closed.open(HIGH_RULES)
    yield closed
    await closed.close()


@pytest.fixture
async def limited(closed: DoorBackend) -> AsyncIterator[DoorBackend]:
    """A door with low limits."""
    await closed.open(RULES)
    yield closed
    await closed.close()
