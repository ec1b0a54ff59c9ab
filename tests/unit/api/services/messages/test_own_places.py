"""The places of authors: the newest message of each, written together, and not lost while the store is away."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

import pytest

from api.services.messages.own_places import OwnPlaces
from core.domain.errors import Unavailable
from core.domain.message import Message
from core.domain.user import User
from tests.fakes.clock import START_MS, FakeClock


class Places:
    """A store with places alone, which may be away."""

    def __init__(self) -> None:
        self.is_away = False
        self.may_write = asyncio.Event()
        self.may_write.set()
        self.is_asked = asyncio.Event()
        self.units: list[dict[tuple[int, int], int]] = []
        self.read_states = self

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator["Places"]:
        if self.is_away:
            raise Unavailable
        yield self

    async def move_own(self, places: Mapping[tuple[int, int], int], *, now_ms: int) -> None:
        assert now_ms == START_MS
        self.is_asked.set()
        await self.may_write.wait()
        self.units.append(dict(places))


@pytest.fixture
def store() -> Places:
    return Places()


@pytest.fixture
def places(store: Places) -> OwnPlaces:
    return OwnPlaces(store=cast("Any", store), clock=FakeClock())


def note(places: OwnPlaces, author_id: int, channel_id: int, message_id: int) -> None:
    author = User(id=author_id, username="author")
    places.note(author, Message(id=message_id, channel_id=channel_id, author_id=author_id))


async def test_bots_have_no_places(store: Places, places: OwnPlaces) -> None:
    places.note(User(id=1, username="bot", bot=True), Message(id=7, channel_id=30, author_id=1))
    await places.write()
    assert store.units == []


async def test_newest_message_of_each_channel_is_written_once(store: Places, places: OwnPlaces) -> None:
    for place in ((1, 30, 7), (1, 30, 9), (1, 30, 8), (2, 30, 5), (1, 31, 6)):
        note(places, *place)
    await places.write()
    await places.write()
    assert store.units == [{(1, 30): 9, (2, 30): 5, (1, 31): 6}]


async def test_places_that_cannot_be_written_are_written_later(store: Places, places: OwnPlaces) -> None:
    note(places, 1, 30, 7)
    store.is_away = True
    await places.write()
    note(places, 1, 31, 5)
    store.is_away = False
    await places.write()
    assert store.units == [{(1, 30): 7, (1, 31): 5}]


async def test_what_is_left_is_written_at_the_end(store: Places, places: OwnPlaces) -> None:
    running = asyncio.create_task(places.run())
    await asyncio.sleep(0)
    note(places, 1, 30, 7)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert store.units == [{(1, 30): 7}]


async def test_stop_in_the_middle_of_a_write_loses_nothing(store: Places, places: OwnPlaces) -> None:
    note(places, 1, 30, 7)
    store.may_write.clear()
    writing = asyncio.create_task(places.write())
    await store.is_asked.wait()
    writing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await writing
    store.may_write.set()
    await places.write()
    assert store.units == [{(1, 30): 7}]
