"""The reader of topics: what a listener is told, and when."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from typing_extensions import override

from core.redis.backoff import Backoff
from core.redis.interfaces import TopicListener
from core.redis.topics import TopicReader
from tests.fakes.scripted_redis import Command, ScriptedRedis, bulk


class Heard(TopicListener):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[str] = asyncio.Queue()

    @override
    def on_subscribed(self) -> None:
        self.events.put_nowait("subscribed")

    @override
    def on_message(self, topic: bytes, data: bytes) -> None:
        self.events.put_nowait(f"{topic.decode()}: {data.decode()}")

    @override
    def on_pong(self) -> None:
        self.events.put_nowait("pong")

    @override
    def on_lost(self) -> None:
        self.events.put_nowait("lost")


def confirm(command: Command) -> bytes | None:
    """Answer as a server does to a client that listens."""
    if command[0] == b"PING":
        return b"*2\r\n" + bulk(b"pong") + bulk(b"")
    return b"".join(
        b"*3\r\n" + bulk(b"subscribe") + bulk(topic) + b":%d\r\n" % place for place, topic in enumerate(command[1:], 1)
    )


@pytest.fixture
async def server() -> AsyncIterator[ScriptedRedis]:
    server = ScriptedRedis()
    server.answer = confirm
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def reader(server: ScriptedRedis) -> TopicReader:
    return TopicReader(address=server.address, backoff=Backoff(lambda: 0.0))


@pytest.fixture
async def heard(reader: TopicReader) -> AsyncIterator[Heard]:
    heard = Heard()
    task = asyncio.create_task(reader.listen(["s:0", "s:1"], heard))
    assert await heard.events.get() == "subscribed"
    yield heard
    task.cancel()
    await asyncio.wait([task])


async def test_messages_arrive_with_their_topic(server: ScriptedRedis, heard: Heard) -> None:
    server.push(b"*3\r\n" + bulk(b"message") + bulk(b"s:1") + bulk(b"typing"))
    assert await heard.events.get() == "s:1: typing"


async def test_ping_is_told_after_what_was_published_before(
    server: ScriptedRedis, reader: TopicReader, heard: Heard
) -> None:
    server.push(b"*3\r\n" + bulk(b"message") + bulk(b"s:0") + bulk(b"a"))
    reader.ping()
    assert [await heard.events.get() for _ in range(2)] == ["s:0: a", "pong"]


async def test_loss_is_told_once_and_followed_by_a_new_beginning(server: ScriptedRedis, heard: Heard) -> None:
    server.drop()
    assert [await heard.events.get() for _ in range(2)] == ["lost", "subscribed"]
    assert [command[0] for command in server.commands] == [b"SUBSCRIBE", b"SUBSCRIBE"]


async def test_ping_without_a_connection_does_nothing(server: ScriptedRedis, reader: TopicReader, heard: Heard) -> None:
    await server.stop()
    assert await heard.events.get() == "lost"
    reader.ping()
    assert heard.events.empty()
