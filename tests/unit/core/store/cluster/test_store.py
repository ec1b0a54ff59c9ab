"""What keeps a cluster's store from its work."""

import asyncio
from typing import Any, cast

import pytest

from core.domain.errors import Unavailable
from core.store.cluster import store as module
from core.store.cluster.store import ClusterStore


class Half:
    """One half of a store, which is well unless a test says otherwise."""

    def __init__(self) -> None:
        self.fault: str | None = None
        self.error: Exception | None = None
        self.is_silent = False

    def __getattr__(self, name: str) -> Any:
        return name  # an aggregate, which nobody here asks

    async def find_fault(self) -> str | None:
        return self.fault

    async def ping(self) -> None:
        if self.is_silent:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error


@pytest.fixture
def relational() -> Half:
    return Half()


@pytest.fixture
def rows() -> Half:
    return Half()


@pytest.fixture
def store(relational: Half, rows: Half) -> ClusterStore:
    return ClusterStore(
        relational=cast("Any", relational),
        messages=cast("Any", Half()),
        reactions=cast("Any", Half()),
        rows=cast("Any", rows),
    )


async def test_store_with_two_good_halves_is_well(store: ClusterStore) -> None:
    assert await store.find_fault() is None


async def test_fault_of_the_relational_half_is_told(store: ClusterStore, relational: Half) -> None:
    relational.fault = "the database fails"
    assert await store.find_fault() == "the database fails"


async def test_server_of_messages_that_fails_is_told(store: ClusterStore, rows: Half) -> None:
    rows.error = Unavailable("no host answers")
    assert await store.find_fault() == "the messages' server fails: no host answers"


async def test_server_of_messages_that_is_silent_is_told_in_time(
    store: ClusterStore, rows: Half, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows.is_silent = True
    monkeypatch.setattr(module, "_TIMEOUT_S", 0.001)
    assert await store.find_fault() == "the messages' server does not answer in time"
